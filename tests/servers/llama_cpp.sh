#!/usr/bin/env bash
# Checks smol against the server of llama.cpp, which others wrote and most local models run in.
#
#   bash tests/servers/llama_cpp.sh [path of smol]
#
# Installs it from PyPI into $SMOL_SERVERS_CACHE (default: target/servers) and starts it on a free port of loopback.
# Its models are made on the spot by llama_cpp_models.py: no weights are downloaded.
set -euo pipefail
. "$(dirname "$0")/environment.sh"
check llama_cpp "${1:-}"
