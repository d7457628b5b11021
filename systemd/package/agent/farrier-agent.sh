#!/bin/sh
# Runs the agent on the Node that came with it. Versions lie side by side; `current` leads to the one in use.
set -eu
home=/usr/lib/farrier-agent

complete() { [ -x "$1/node" ] && [ -f "$1/agent.mjs" ]; }

if complete "$home/current"; then
  # The folder itself, so that a process keeps its own version whatever `current` leads to later.
  version=$(cd -P "$home/current" && pwd)
else
  # The link is lost: the last complete version runs, as a host must never be without its agent.
  for folder in "$home"/[0-9]*; do
    case "$folder" in *.new) continue ;; esac
    if complete "$folder"; then version=$folder; fi
  done
  [ -n "${version:-}" ] || { echo "farrier-agent: no complete version lies in $home; reinstall the package farrier-agent" >&2; exit 1; }
fi
# Nothing in the caller's environment loads code into a program that runs as root.
unset NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_COMPILE_CACHE NODE_REPL_EXTERNAL_MODULE
# Memory: a young generation of 1 MB and a heap of 48 MB are enough; without V8's compilers it takes 64 MB instead of 75, needs
# no page that is both writable and executable (MemoryDenyWriteExecute= in the unit), and hashes and ciphers are native anyway.
exec "$version/node" --jitless --max-semi-space-size=1 --max-old-space-size=48 --disable-sigusr1 "$version/agent.mjs" "$@"
