#!/bin/sh
# Runs the coordinator on the Node that came with it. `current` leads to the version in use.
set -eu
home=/usr/lib/farrier-coordinator
version=$(cd -P "$home/current" 2>/dev/null && pwd) || { echo "farrier-coordinator: $home/current leads to nothing; finish the installation with: dpkg --configure -a" >&2; exit 1; }
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
exec "$version/node" --disable-sigusr1 "$version/coordinator.mjs" "$@"
