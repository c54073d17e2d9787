#!/usr/bin/env bash
# Fuzzes what reads bytes of others, and the compiler of filters: each target first on its seeds and then on what
# libFuzzer makes of them. What makes one fail is left in target/fuzz/TARGET; give it to the same program to see it again.
#
#   tests/fuzz.sh [SECONDS] [TARGET...]    4 seconds each, all targets
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-4}
mapfile -t targets < <(basename -s .rs -a fuzz/fuzz_targets/*.rs)
[ $# -le 1 ] || targets=("${@:2}")

RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/instrument cargo build --quiet -p micro-enforcer-fuzz --target-dir target
for target in "${targets[@]}"; do
    found=target/fuzz/$target
    log=$found.log
    mkdir -p "$found"
    if ! "target/debug/fuzz-$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
        -artifact_prefix="$found/" "$found" "fuzz/seeds/$target" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "$target: failed; see $log"
        exit 1
    fi
    covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    tried=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")
    printf '%-10s %9s runs, %6s edges\n' "$target" "$tried" "${covered:?no coverage: $log}"
done
