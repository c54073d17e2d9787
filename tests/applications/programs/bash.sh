# Bash beyond sh: job control, process substitution, coprocesses, waits for whoever is first, its own sockets.
set -u
false | true | (exit 3)
echo "statuses ${PIPESTATUS[*]}"
diff <(seq 5) <(seq 2 6)
seq 9 | tee >(wc -l > /tmp/lines) > /dev/null
until [[ -s /tmp/lines ]]; do sleep 0.01; done
cat /tmp/lines
cat <<< "a here string"
mapfile -t words < <(printf '%s\n' a b c)
echo "${#words[@]} words"
exec {descriptor}<> /tmp/both
echo through >&"$descriptor"
cat /tmp/both

trap 'echo usr1' USR1
trap 'echo child > /dev/null' CHLD
for _ in {1..20}; do kill -USR1 $$; done
trap - CHLD
sleep 30 &
kill -STOP $!; kill -CONT $!; kill $!
wait $!
echo "background $?"

(sleep 0.1; exit 7) & (exit 8) & wait -n
echo "first $?"
wait -n
echo "second $?"
wait

set -m
(exit 5) &
wait %1
echo "job $?"
sleep 30 | sleep 30 &
kill %%
wait
set +m

coproc { while read -r line; do echo "got $line"; done; }
echo hello >&"${COPROC[1]}"
read -r answer <&"${COPROC[0]}"
echo "$answer"
exec {COPROC[1]}>&-
wait

total=0
for number in {1..200}; do total=$((total + $(echo "$number"))); done
echo "total $total"
deep() { if (($1 > 0)); then (deep $(($1 - 1))); else echo bottom; fi; }
deep 30
for _ in {1..100}; do /bin/echo x | cat | wc -c; done | sort | uniq -c

# A redirection to a host, refused. Reading from it or writing to it by a redirection is what a reverse shell does.
(exec 3<> /dev/tcp/10.99.0.1/8080) 2> /dev/null || echo "refused"
exec bash -c 'echo "the end of $0"' itself
