#!/usr/bin/env bash
# How many mistakes the tests of the conversation find: cargo-mutants puts one after the other into
# engine/talk and runs its unit tests, tables and random sessions on each.
#
#   scripts/mutants.sh [FOLDER]    about two hours of two cores; results lie in FOLDER/mutants.out
#
# The crate is copied and stands alone there: a build takes a second or two instead of the workspace's.
# Fewer random sessions than in ./test, and not the test that puts mistakes back itself, because they are
# run a thousand times. engine/talk/MUTANTS.md says
# why the survivors survive.
. "$(dirname "$0")/lib.sh"

out=${1:-$CARGO_TARGET_DIR/mutants}
tools=$cache/tools
mkdir -p "$out"
out=$(cd "$out" && pwd)

if [ ! -x "$tools/bin/cargo-mutants" ]; then
  say "building cargo-mutants"
  cargo install --locked --quiet --root "$tools" cargo-mutants
fi

rm -rf "$out/talk"
cp -r engine/talk "$out/talk"
python3 - "$out/talk" Cargo.toml <<'PY'
import re, sys
folder, workspace = sys.argv[1:]
versions = dict(re.findall(r'^(\S+) = (?:"|\{ version = ")([^"]+)"', open(workspace).read(), re.M))
path = f"{folder}/Cargo.toml"
text = open(path).read().replace("[lints]\nworkspace = true\n", "")
text = re.sub(r"^(version|license|publish)\.workspace = true$", "", text, flags=re.M)
for key in ("edition", "rust-version"):
    text = text.replace(f"{key}.workspace = true", f'{key} = "{versions[key]}"')
text = re.sub(r"^(\S+)\.workspace = true$", lambda m: f'{m[1]} = "{versions[m[1]]}"', text, flags=re.M)
text = text.replace("serde = { workspace = true,", f'serde = {{ version = "{versions["serde"]}", features = ["derive"],')
text += "\n[workspace]\n\n[profile.test]\nopt-level = 1\ndebug = 0\n"
open(path, "w").write(text)
path = f"{folder}/src/tests/sim/mod.rs"
text = open(path).read()
fewer = re.sub(r"const SESSIONS: u64 = [\d_]+;", "const SESSIONS: u64 = 8_000;", text)
assert fewer != text, "how many sessions there are is said elsewhere now"
open(path, "w").write(fewer)
PY

# `fault.rs` holds the mistakes that tests put back themselves.
cd "$out/talk"
env -u CARGO_TARGET_DIR "$tools/bin/cargo-mutants" mutants --no-config -j2 --timeout 120 --no-shuffle \
  --exclude src/fault.rs -o "$out" -- --lib -- --skip every_fault || true
cd "$here"
python3 - "$out/mutants.out" <<'PY'
import sys
count = {}
for kind in ("caught", "missed", "timeout", "unviable"):
    with open(f"{sys.argv[1]}/{kind}.txt") as lines:
        count[kind] = sum(1 for _ in lines)
found = count["caught"] + count["timeout"]
all_ = found + count["missed"]
print(f"{found} of {all_} mutants found ({100 * found / all_:.1f} %): {count}")
sys.exit(found < 0.85 * all_)
PY
