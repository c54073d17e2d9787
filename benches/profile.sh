#!/usr/bin/env bash
# Where the supervisor's time goes, for one kind of call, on one processor: its nanoseconds and its switches a call, as
# the scheduler counts them, and with perf(1) the share of each of its system calls. Asserts nothing. As root, after
# benches/envelope.sh, which builds and lays out what is used here.
#
#   benches/profile.sh [exec-dynamic|exec|fork|write|sendto] [enforcing|unmapped|silent]
set -euo pipefail
cd "$(dirname "$0")/.."
call=${1:-exec-dynamic}
policy=${2:-unmapped}
place=/usr/local/lib/micro-enforcer-bench
wrapper=target/$(uname -m)-unknown-linux-musl/dist/micro-enforcer
seconds=3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The wrapper becomes this process: its id is known.
run() { # COUNT
    exec env -i PATH=/usr/bin:/bin MICRO_ENFORCER_POLICY="$place/$policy.yaml" taskset -c 0 \
        setpriv --bounding-set=-sys_ptrace --inh-caps=-all "$wrapper" "$place/load" "$call" "$1" >"$work/took" 2>"$work/said"
}

spent() { # PID
    cut -d ' ' -f 1 "/proc/$1/schedstat"
    awk '/ctxt_switches/ { sum += $2 } END { print sum }' "/proc/$1/status"
}

# As many as keep it busy for longer than we look; what it prints in the end is the nanoseconds that each took.
run 200 &
wait $! || { cat "$work/said" >&2 && exit 1; }
count=$(((seconds + 2) * 1000000000 / $(<"$work/took")))

run "$count" &
supervisor=$!
sleep 1
mapfile -t before < <(spent "$supervisor")
sleep "$seconds"
mapfile -t after < <(spent "$supervisor")
wait "$supervisor"
awk -v kernel="$(uname -r)" -v call="$call" -v policy="$policy" -v took="$(<"$work/took")" -v seconds="$seconds" \
    -v time=$((after[0] - before[0])) -v switches=$((after[1] - before[1])) 'BEGIN {
    calls = seconds * 1e9 / took
    printf "kernel %s, %s below %s.yaml: %.1f µs each, of them %.1f µs of the supervisor, which is switched to %.1f times\n",
        kernel, call, policy, took / 1e3, time / calls / 1e3, switches / calls
}'

command -v perf >/dev/null || exit 0
run "$count" &
supervisor=$!
sleep 1
perf record --quiet --event cpu-clock --freq 20000 --call-graph fp --pid "$supervisor" --output "$work/perf" sleep "$seconds" 2>"$work/perf.said"
wait "$supervisor"
echo "shares of the supervisor's time; schedule is within those that wait"
perf report --input "$work/perf" --children --stdio --call-graph none 2>"$work/perf.said" |
    sed -nE 's/^ +([0-9.]+)% .*\[k\] (__(x64|arm64)?_?sys_([a-z0-9]+)|(schedule))$/\1 \4\5/p' |
    awk '$1 >= 0.5 { printf "  %5.1f %%  %s\n", $1, $2 }'
