# A store that saves by forking, in the background, rewrites its log and shuts down.
set -eu
redis-server --bind 127.0.0.1 --port 6379 --dir /data --appendonly yes --save '' --io-threads 2 > /data/log &
until redis-cli ping 2> /dev/null | grep PONG; do sleep 0.05; done
redis-cli set key value
redis-cli incrby count 42
redis-cli eval 'return redis.call("get", KEYS[1])' 1 key
settled() {
    until redis-cli info persistence | tr -d '\r' | grep -q "$1"; do sleep 0.05; done
}
redis-cli bgrewriteaof
settled aof_rewrite_in_progress:0
redis-cli bgsave
settled rdb_bgsave_in_progress:0
redis-cli info persistence | tr -d '\r' | grep -E '(bgsave|bgrewrite)_status'
redis-benchmark -q -n 1000 -t set > /dev/null
redis-cli shutdown
wait
grep -c 'ready to exit, bye bye' /data/log
echo "the end"
