# Pipes, substitutions, subshells, traps, background processes, files, limits; nothing but POSIX.
set -eu
cd /data
printf 'c\nb\na\n' | sort | tr 'a-z' 'A-Z'
echo "sum $(expr 40 + 2) in $(pwd)"
(cd /tmp && echo "below" && exit 3) || echo "subshell $?"
sleep 30 &
kill -TERM $! && wait $! 2> /dev/null || echo "background $?"
trap 'echo trapped' USR1
kill -USR1 $$
cat <<EOF | wc -l | tr -d ' '
one
two
EOF
echo kept > file && mv file moved && ln moved link && cat link && rm moved link
mkdir -p a/b && touch a/b/c && find a -type f && rm -r a
mkfifo pipe && { echo through > pipe & } && cat pipe && rm pipe
ulimit -n 64 && ulimit -n
kill -0 $$ && echo alive
sh -c 'exit 7' || echo "child $?"
test -w /dev/null && echo to nowhere > /dev/null
id -u
timeout 5 true && nice true && nohup true 2> /dev/null
trap 'echo the end' EXIT
