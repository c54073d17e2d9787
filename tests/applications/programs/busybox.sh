# The applets are links to one file, and a shell that starts itself by them.
set -eu
cd /data
mkdir bin
busybox --install -s /data/bin
PATH=/data/bin
ls bin | grep -c .
seq 20 | sort -rn | tail -n 2 | tr '\n' ' ' | sed 's/ $//'; echo
echo word | awk '{ print toupper($1) }'
echo data | gzip | gunzip | md5sum | cut -c1-8
dd if=/dev/zero of=block bs=1024 count=4 2> /dev/null && stat -c %s block
find . -name block -exec rm {} \;
sh -c 'echo "shell $1"; exit 6' sh a || echo "status $?"
timeout 5 sleep 0 && echo "in time"
vi -h 2>&1 | grep -c BusyBox || echo "no vi"
printf 'a\nb\n' | xargs -n1 echo item
mkfifo pipe; (echo piped > pipe) & cat pipe; wait
id -un
rm -r bin 2> /dev/null && echo "applets gone"
echo "the end"
