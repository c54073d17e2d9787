#!/usr/bin/env bash
# Runs a command with a Docker Engine: the one that runs here, or one for as long as the command.
#
#   tests/docker.sh COMMAND [ARGUMENT...]
set -euo pipefail
log=target/dockerd.log

answers() { docker info >/dev/null 2>&1; }

if answers; then
    exec "$@"
fi

echo "starting a Docker Engine: $log"
# Its own group, so that an interrupt ends the command first and the engine after it.
setsid dockerd >"$log" 2>&1 </dev/null &
engine=$!
trap 'kill "$engine" && wait "$engine" || true' EXIT
for _ in $(seq 60); do
    answers && break
    kill -0 "$engine" 2>/dev/null || break
    sleep 0.5
done
answers || { tail -n 20 "$log" >&2 && exit 1; }
"$@"
