# What entry points, cron jobs and configure scripts do all day.
set -eu
cd /data

seq 1 2000 | grep 7 | sed 's/^/line /' | sort -r | head -n 2
seq 1 100000 | head -n 1
cat <<EOF
here $(echo document | tr a-z A-Z)
EOF
printf 'one two\nthree four\n' | while read -r first second; do echo "$second $first"; done

trap 'echo hung up' HUP
kill -HUP $$
(trap 'echo left the subshell' EXIT; exit 4) || echo "subshell $?"

# A storm of subshells, and one of programs.
count=0
while [ $count -lt 300 ]; do (exit $((count % 256))) || :; count=$((count + 1)); done
echo "subshells $count"
count=0
while [ $count -lt 200 ]; do /bin/true; count=$((count + 1)); done
echo "programs $count"

# Many at once, each waited for.
pids=
for number in 1 2 3 4 5 6 7 8; do
    sh -c "exit $number" &
    pids="$pids $!"
done
for pid in $pids; do wait "$pid" || echo "child ended with $?"; done

missing-program 2> /dev/null || echo "missing $?"
/data 2> /dev/null || echo "a directory $?"
echo 'not a program' > data
./data 2> /dev/null || echo "not executable $?"

find . -name data | xargs wc -c
find /usr/share/zoneinfo/Europe -name 'B*' -exec basename {} \; | sort | head -n 3
mkdir -p deep/er && cp data deep/er/copy && mv deep/er/copy deep/moved && ln -s ../data deep/link
tar -cf archive.tar deep && tar -tf archive.tar | sort
gzip -9 archive.tar && gunzip archive.tar.gz && rm -r deep archive.tar data
mawk 'BEGIN { "echo from awk" | getline line; print line; system("exit 3") }'
env -i PATH="$PATH" sh -c 'echo "clean $#"' sh a b
echo x > /tmp/one && install -m 600 /tmp/one /tmp/two && cmp /tmp/one /tmp/two
# Loader variables that name what the image ships, as images with another allocator have them.
libraries=$(dirname "$(ls -d /usr/lib/*/libm.so.6)")
LD_PRELOAD=$libraries/libm.so.6 LD_LIBRARY_PATH=$libraries echo "preloaded"
LD_PRELOAD=$libraries/libm.so.6 LD_LIBRARY_PATH=$libraries sh -c 'exec cat /proc/self/maps' | grep -q libm.so && echo "really"
ldd /bin/true | grep -c libc.so
touch -d 2020-01-01 /tmp/one && ls -l --time-style=+%Y /tmp/one | cut -d' ' -f6
date -u -d @0 +%F
echo "the end"
