# Job control as at a prompt: process groups, the terminal's foreground, stops and continuations.
# What it says of them comes when it comes.
exec 2> /dev/null
set -m
sleep 30 &
jobs -r | wc -l
kill -STOP %1
until [[ $(ps -o stat= -p $!) == T* ]]; do sleep 0.01; done
jobs -s | wc -l
kill -CONT %1
kill %1
wait $!
echo "ended by $(($? - 128))"
sleep 0.1 &
fg %1 > /dev/null
sh -c 'kill -TSTP $$; echo continued'
fg %% > /dev/null
diff <(echo a) <(echo b) || echo "process substitution"
coproc cat
echo hello >&"${COPROC[1]}"
read -r line <&"${COPROC[0]}" && echo "coprocess $line"
kill "$COPROC_PID"
stty -a > /dev/null && echo "a terminal"
echo "the end"
