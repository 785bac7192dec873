#!/usr/bin/env bash
# Checks smol against the litellm proxy, which others wrote and many put before their models.
#
#   bash tests/servers/litellm.sh [path of smol]
#
# Installs the proxy from PyPI into $SMOL_SERVERS_CACHE (default: target/servers) and starts it on a free port of
# loopback. No model and no key: what it answers is scripted in litellm_script.py.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
check litellm "${1:-}"
