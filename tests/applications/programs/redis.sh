# A store that saves by forking and is asked by many at once.
set -eu
cd /data
redis-server --bind 127.0.0.1 10.99.0.1 --port 6379 --protected-mode no --unixsocket /tmp/redis --dir /data --io-threads 2 --appendonly yes > log &
until [ "$(redis-cli -h 10.99.0.1 ping 2> /dev/null)" = PONG ]; do sleep 0.05; done
redis-cli -h 10.99.0.1 set key value
redis-cli -s /tmp/redis get key
settled() {
    until redis-cli info persistence | tr -d '\r' | grep -q "$1"; do sleep 0.05; done
}
redis-cli bgsave
settled rdb_bgsave_in_progress:0
redis-cli bgrewriteaof
settled aof_rewrite_in_progress:0
redis-cli info persistence | tr -d '\r' | grep -E '(bgsave|bgrewrite)_status'
redis-benchmark -h 10.99.0.1 -q -n 2000 -c 20 -t set,get,lpush > /dev/null && echo measured
redis-benchmark -h 10.99.0.1 -q -n 500 -c 10 -k 0 -t ping_mbulk > /dev/null && echo "measured without keeping connections"
(redis-cli -h 10.99.0.1 subscribe news | head -n 6 | tail -n 1) > heard &
until [ "$(redis-cli publish news hello)" -ge 1 ]; do sleep 0.05; done
redis-cli -h 10.99.0.1 shutdown nosave
wait
cat heard
redis-server --bind 127.0.0.1 --port 6379 --dir /data --appendonly yes >> log &
until redis-cli get key 2> /dev/null | grep value; do sleep 0.05; done
redis-cli shutdown
wait
echo "the end"
