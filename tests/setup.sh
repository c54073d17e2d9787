#!/usr/bin/env bash
# Puts in place what the tests need and this machine lacks: Debian packages (as root), Rust targets,
# Python packages in target/venv, cargo-deny. Does nothing the second time.
set -euo pipefail
cd "$(dirname "$0")/.."

packages() {
    local missing # one a line
    missing=$(comm -23 <(sort tests/packages.txt) <(dpkg-query -W -f '${db:Status-Abbrev}${binary:Package}\n' |
        sed -n 's/^ii *//p' | cut -d: -f1 | sort -u))
    [ -z "$missing" ] && return
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing packages; as root: apt-get install ${missing//$'\n'/ }" >&2
        return 1
    fi
    echo "installing ${missing//$'\n'/ }"
    # Run level 1: a package starts no service. The tests start Docker themselves, and stop it.
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    apt-get update -qq
    # Not flushed to the disk file by file: a machine that fails half-way is not gone on with.
    xargs apt-get install -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io --yes --no-install-recommends \
        <<<"$missing"
}

targets() {
    local target
    for target in x86_64-unknown-linux-musl aarch64-unknown-linux-musl; do
        [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target"
    done
}

python() {
    cmp -s tests/requirements.txt target/venv/installed.txt && return
    echo "installing the Python packages of tests/requirements.txt"
    python3 -m venv target/venv
    target/venv/bin/pip install --quiet --requirement tests/requirements.txt
    cp tests/requirements.txt target/venv/installed.txt
}

deny() {
    cargo deny --version >/dev/null 2>&1 && return
    echo "building cargo-deny"
    # Unoptimised: it is built for longer than it runs.
    cargo install --quiet --locked --debug --version 0.20.2 cargo-deny
}

mkdir -p target
# Debian's packages come from a disk and a network, cargo-deny from the processors.
{ packages; python; } &
others=$!
targets
deny
wait "$others"
