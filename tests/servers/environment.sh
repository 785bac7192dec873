# Sourced by the checks: a virtual environment with the pinned packages of one list, kept for the next run.
# Needs Debian with Python 3.11, as root where something of it is missing.

# environment <name>: makes it from <name>.txt, and sets `kept` to its directory.
environment() {
  local cache=${SMOL_SERVERS_CACHE:-$here/../../target/servers} installing
  mkdir -p "$cache"
  # The name holds the list, so that a changed list is a new environment.
  kept=$(cd "$cache" && pwd)/$1-$(sha256sum "$here/$1.txt" | cut -c1-12)
  exec 9>"$kept.lock"
  flock 9
  if [ ! -e "$kept/done" ]; then
    rm -rf "$kept"
    if ! python3 -c 'import ensurepip' 2>/dev/null || ! ldconfig -p | grep -q libgomp.so.1; then
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends python3 python3-venv libgomp1; } >&2
    fi
    # In the background and in a group of its own, so that whoever stops this script stops all of it.
    timeout --kill-after=10 600 bash -euc 'python3 -m venv "$1" && "$1/bin/pip" install --quiet --no-deps \
      --disable-pip-version-check --root-user-action=ignore --only-binary=:all: -r "$2"' \
      install "$kept" "$here/$1.txt" >&2 9>&- &
    installing=$!
    trap 'kill "$installing"; exit 1' TERM INT HUP
    wait "$installing"
    trap - TERM INT HUP
    touch "$kept/done"
  fi
  exec 9>&-
}

# check <name> <smol>: runs <name>_check.py in its environment, with smol's absolute path.
check() {
  local here kept smol
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  smol=${2:-$here/../../target/release/smol}
  if [ ! -x "$smol" ]; then
    echo "there is no program at $smol; build it with: cargo build --release" >&2
    exit 2
  fi
  smol=$(cd "$(dirname "$smol")" && pwd)/$(basename "$smol")
  environment "$1"
  exec "$kept/bin/python" -B "$here/$1_check.py" "$smol"
}
