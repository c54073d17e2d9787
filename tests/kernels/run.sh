#!/usr/bin/env bash
# The attacks on Debian's kernels of three releases and on another processor, in microVMs.
#
#   tests/kernels/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/kernels/prepare.sh
cargo test --test kernels
