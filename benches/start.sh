#!/usr/bin/env bash
# What the wrapper costs: builds what ships and prints one table. Asserts nothing.
#
#   benches/start.sh [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(uname -m)-unknown-linux-musl

cargo build --profile dist --no-default-features --bin micro-enforcer --target "$target"
cargo bench --quiet --bench pairs -- "target/$target/dist/micro-enforcer" "${1:-100}"
