#!/usr/bin/env bash
# The container tests: builds the images, runs the tests, takes away what they left.
#
#   tests/container/run.sh WRAPPER ENFORCERCTL
set -euo pipefail
cd "$(dirname "$0")/../.."

clean() {
    local label
    for label in micro-enforcer.test com.docker.compose.project=micro-enforcer-test; do
        docker ps --all --quiet --filter "label=$label" | xargs --no-run-if-empty docker rm --force >/dev/null
        docker network ls --quiet --filter "label=$label" | xargs --no-run-if-empty docker network rm >/dev/null
    done
    docker image prune --force --filter label=micro-enforcer.test >/dev/null # earlier builds, now without a name
}
trap clean EXIT
clean
cargo build --quiet --example attack --example probe
tests/container/images.sh "$1" "$2"
target/venv/bin/python tests/container/task_definition.py
target/venv/bin/python tests/container/template.py
cargo test --test container -- "${@:3}"
