# venv_with PACKAGE[==VERSION]…: sees to it that the virtual environment of these scripts has exactly these, and
# prints its Python. One that an older checkout has made is brought up to the versions named here.
venv_with() {
  local venv=${XDG_CACHE_HOME:-$HOME/.cache}/janet/interop-venv
  [ -x "$venv/bin/pip" ] || python3 -m venv "$venv" >&2
  has_versions "$venv/bin/python" "$@" || "$venv/bin/pip" install -q "$@" >&2
  has_versions "$venv/bin/python" "$@" || { echo "$venv does not get $*" >&2; return 1; }
  printf '%s\n' "$venv/bin/python"
}

has_versions() {
  "$1" - "${@:2}" <<'PY'
import sys
from importlib.metadata import PackageNotFoundError, version

def is_there(pin):
    name, _, wanted = pin.partition("==")
    try:
        return version(name) == (wanted or version(name))
    except PackageNotFoundError:
        return False

sys.exit(not all(map(is_there, sys.argv[1:])))
PY
}
