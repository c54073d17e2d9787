#!/usr/bin/env bash
# The wrapper beside its peers: builds what ships, installs what Debian has of the others and prints one table.
# Asserts nothing. As root, on two processors.
#
#   benches/peers.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(uname -m)-unknown-linux-musl
packages=(tini dumb-init catatonit gosu bubblewrap firejail strace util-linux nginx-light redis-server redis-tools wrk)

dpkg-query -W "${packages[@]}" >/dev/null 2>&1 ||
    RUNLEVEL=1 apt-get install --yes --no-install-recommends "${packages[@]}"
cargo build --profile dist --no-default-features --bin micro-enforcer --target "$target"
cargo build --release --example load
cargo bench --quiet --bench peers -- "target/$target/dist/micro-enforcer" target/release/examples/load "${1:-5}"
