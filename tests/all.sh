#!/usr/bin/env bash
# Everything that a change must pass, as CI runs it. Stops at the first stage that fails; a tool that
# is missing is a failure, never a skip. Ends in one line: how many checks passed and failed.
#
#   tests/all.sh             everything
#   tests/all.sh STAGE...    only these
set -uo pipefail
cd "$(dirname "$0")/.." || exit

wrapper=target/x86_64-unknown-linux-musl/dist/micro-enforcer
foreign=target/aarch64-unknown-linux-musl/dist/micro-enforcer
first=(setup format shell licences)
# Two lanes: what mostly waits, and behind it, as far as there are processors left, what only compiles.
ahead=(tests fuzz events container kernels demo)
behind=(static machines lint lint_wrapper documentation workbench)

# What is compiled meanwhile needs nothing of it.
setup() {
    tests/setup.sh &
    cargo test --quiet --no-run
    local compiled=$?
    wait $! && return "$compiled"
}

format() { cargo fmt --check; }

shell() { shellcheck .ci/run benches/*.sh tests/*.sh tests/container/*.sh tests/kernels/*.sh fuzz/instrument; }

licences() { cargo deny --workspace check bans licenses sources; }

lint() {
    cargo clippy --all-targets -- -D warnings &&
        cargo clippy --test container --test kernels -- -D warnings &&
        cargo clippy --package micro-enforcer-machine --bins -- -D warnings
}

# The wrapper as it ships: without the workbench, nothing may be left over.
lint_wrapper() { cargo clippy --no-default-features --bin micro-enforcer -- -D warnings; }

# More at once than processors: many of them wait.
tests() { RUST_TEST_THREADS=$(($(nproc) * 2)) cargo test; }

# A few seconds for each target, on its seeds first.
fuzz() { tests/fuzz.sh; }

# What the wrapper writes, against the published schema of OCSF.
events() { tests/ocsf/check.sh; }

# Both at once: a link is one thread's work.
static() {
    cargo build --profile dist --no-default-features --bin micro-enforcer \
        --target x86_64-unknown-linux-musl --target aarch64-unknown-linux-musl &&
        "$wrapper" --version && qemu-aarch64-static "$foreign" --version && is_static "$wrapper" && is_static "$foreign"
}

# No interpreter to load, no library to find.
is_static() { ! readelf --program-headers --dynamic "$1" | grep -E 'INTERP|NEEDED'; }

container() { awaits static && tests/docker.sh tests/container/run.sh "$wrapper" target/debug/enforcerctl; }

# The same attacks on older kernels and another processor, in microVMs.
kernels() {
    if [ -n "$compiling" ]; then
        awaits machines && cargo test --test kernels
    else
        tests/kernels/run.sh
    fi
}

machines() { tests/kernels/prepare.sh; }

workbench() { cargo build --release --bin enforcerctl; }

demo() { awaits workbench && cargo run --release --bin enforcerctl -- demo; }

documentation() { RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --no-deps --document-private-items; }

# Tests say how many they were; every other stage counts as one check.
count() { # LOG
    awk '/^test result:/ { passed += $4; found = 1 }
         /^Ran [0-9]+ tests? in/ { passed += $2; found = 1 }
         END { print found ? passed : 1 }' "$1"
}

# Each with its log, its seconds and its checks; what they say on the way is shown only of the one that fails.
lane() { # STAGE...
    local stage log began
    for stage; do
        log=target/all/$stage.log began=$SECONDS
        if "$stage" >"$log" 2>&1 </dev/null; then
            count "$log" >"target/all/$stage.passed"
            printf '%-14s ok, %4d s\n' "$stage" $((SECONDS - began))
        else
            printf '== %s\n' "$stage"
            tail -n 100 "$log"
            printf '%-14s FAILED after %d s: %s\n' "$stage" $((SECONDS - began)) "$log"
            return 1
        fi
    done
}

# Until the lane behind has passed a stage, if there is one.
awaits() { # STAGE
    [ -n "$compiling" ] || return 0
    while [ ! -e "target/all/$1.passed" ]; do
        # It may have passed its last one and ended since.
        kill -0 "$compiling" 2>/dev/null || [ -e "target/all/$1.passed" ] || { echo "$1 did not pass" && return 1; }
        sleep 0.5
    done
}

everything() {
    lane "${first[@]}" || return
    set -m # a group of its own, to be ended as a whole
    (renice -n 19 "$BASHPID" >/dev/null && lane "${behind[@]}") &
    compiling=$!
    set +m
    lane "${ahead[@]}" && wait "$compiling"
}

ended() { [ -z "$compiling" ] || ! kill -0 "$compiling" 2>/dev/null || kill -- "-$compiling"; }

compiling=
trap ended EXIT
mkdir -p target/all
rm -f target/all/*.passed
if [ $# -gt 0 ]; then lane "$@"; else everything; fi
failed=$?
passed=$(cat target/all/*.passed 2>/dev/null | awk '{ passed += $1 } END { print passed + 0 }')
printf 'all of it in %d s\n%d passed, %d failed\n' "$SECONDS" "$passed" "$failed"
[ "$failed" -eq 0 ]
