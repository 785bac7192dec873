# Sourced by the checks: a virtual environment with the pinned packages of one list, kept for the next run.
# Needs Debian with Python 3.11, as root where something of it is missing.

# environment <name>: makes it from <name>.txt, and prints the directory.
environment() {
  local here name cache kept
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  name=$1
  cache=${SMOL_SERVERS_CACHE:-$here/../../target/servers}
  mkdir -p "$cache"
  # The name holds the list, so that a changed list is a new environment.
  kept=$(cd "$cache" && pwd)/$name-$(sha256sum "$here/$name.txt" | cut -c1-12)
  if [ ! -e "$kept/done" ]; then
    rm -rf "$kept"
    if ! python3 -c 'import ensurepip' 2>/dev/null || ! ldconfig -p | grep -q libgomp.so.1; then
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends python3 python3-venv libgomp1; } >&2
    fi
    python3 -m venv "$kept" >&2
    timeout --kill-after=10 600 "$kept/bin/pip" install --quiet --disable-pip-version-check --root-user-action=ignore \
      --no-deps --only-binary=:all: -r "$here/$name.txt" >&2
    touch "$kept/done"
  fi
  printf '%s\n' "$kept"
}

# check <name> <smol>: runs <name>_check.py in its environment, with smol's absolute path.
check() {
  local here smol python
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  smol=${2:-$here/../../target/release/smol}
  if [ ! -x "$smol" ]; then
    echo "there is no program at $smol; build it with: cargo build --release" >&2
    exit 2
  fi
  python=$(environment "$1")/bin/python
  exec "$python" -B "$here/$1_check.py" "$(cd "$(dirname "$smol")" && pwd)/$(basename "$smol")"
}
