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
stages=(setup format shell licences lint lint_wrapper tests fuzz events static container kernels demo documentation)

# What is compiled meanwhile needs nothing of it.
setup() {
    tests/setup.sh &
    cargo test --quiet --no-run
    local compiled=$?
    wait $! && return $compiled
}

format() { cargo fmt --check; }

shell() { shellcheck .ci/run benches/*.sh tests/*.sh tests/container/*.sh tests/kernels/*.sh fuzz/instrument; }

licences() { cargo deny --workspace check bans licenses sources; }

lint() { cargo clippy --all-targets -- -D warnings && cargo clippy --test container -- -D warnings; }

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

container() { tests/docker.sh tests/container/run.sh "$wrapper" target/debug/enforcerctl; }

# The same attacks on older kernels and another processor, in microVMs.
kernels() { tests/kernels/run.sh; }

demo() { cargo run --release --bin enforcerctl -- demo; }

documentation() { RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --no-deps --document-private-items; }

# Tests say how many they were; every other stage counts as one check.
count() { # LOG
    awk '/^test result:/ { passed += $4; found = 1 }
         /^Ran [0-9]+ tests? in/ { passed += $2; found = 1 }
         END { print found ? passed : 1 }' "$1"
}

run() { # STAGE
    local log=target/all/$1.log began=$SECONDS
    printf '== %s\n' "$1"
    if "$1" >"$log" 2>&1 </dev/null; then
        passed=$((passed + $(count "$log")))
        printf '   ok, %d s\n' $((SECONDS - began))
    else
        tail -n 100 "$log"
        printf '   FAILED after %d s: %s\n%d passed, 1 failed\n' $((SECONDS - began)) "$log" "$passed"
        exit 1
    fi
}

mkdir -p target/all
passed=0
[ $# -gt 0 ] || set -- "${stages[@]}"
for stage; do
    run "$stage"
done
printf 'all of it in %d s\n%d passed, 0 failed\n' "$SECONDS" "$passed"
