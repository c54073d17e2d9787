#!/usr/bin/env bash
# Every event that we can write, against the published schema, by a validator that is not ours.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=${CARGO_TARGET_DIR:-target}
venv=$target/ocsf-venv
if ! cmp --silent tests/ocsf/requirements.txt "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/ocsf/requirements.txt
    cp tests/ocsf/requirements.txt "$venv/"
fi

cargo test --quiet --test report one_of_each
"$venv/bin/python" tests/ocsf/validate.py <"$target/tmp/events.ocsf.jsonl"
