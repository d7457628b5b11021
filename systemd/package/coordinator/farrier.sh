#!/bin/sh
# Runs the command line on the Node that came with the coordinator.
set -eu
home=/usr/lib/farrier-coordinator
version=$(cd -P "$home/current" 2>/dev/null && pwd) || { echo "farrier: $home/current leads to nothing; finish the installation with: dpkg --configure -a" >&2; exit 1; }
unset NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE
# The second command of a person starts quicker than the first.
[ -z "${HOME:-}" ] || export NODE_COMPILE_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/farrier"
exec "$version/node" --disable-sigusr1 "$version/farrier.mjs" "$@"
