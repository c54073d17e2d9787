#!/usr/bin/env bash
# What the envelope costs a running application: builds what ships and prints a table. Asserts nothing.
# As root, with util-linux (taskset, setpriv) and, to compare with, strace.
#
#   benches/envelope.sh [ROUNDS [CALL]]
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(uname -m)-unknown-linux-musl

cargo build --profile dist --no-default-features --bin micro-enforcer --target "$target"
cargo build --release --example load
cargo bench --quiet --bench envelope -- "target/$target/dist/micro-enforcer" target/release/examples/load "${@:-9}"
