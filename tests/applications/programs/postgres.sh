# A cluster from nothing, its server with all of its processes, and clients at work on both kinds of socket.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PGDATABASE=postgres PGUSER=app
initdb --pgdata /data/cluster --username app --auth trust --no-sync --locale C > /data/log
echo "host all all 10.99.0.0/24 trust" >> /data/cluster/pg_hba.conf
pg_ctl --pgdata /data/cluster --log /data/log --silent --wait --options \
    "-c listen_addresses=127.0.0.1,10.99.0.1 -c unix_socket_directories=/tmp -c fsync=off -c max_wal_size=64MB" start
sql() { psql --no-psqlrc --quiet --tuples-only --no-align --host "$1" --command "$2"; }
sql /tmp "create table kept as select generate_series(1, 100000) as number"
sql 10.99.0.1 "select sum(number) from kept"
sql service.test "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
    set max_parallel_workers_per_gather = 2; select count(*) from kept where number % 7 = 0"
sql /tmp "copy kept to program 'gzip > /data/kept.gz'" && gunzip < /data/kept.gz | wc -l
sql /tmp "vacuum analyze kept"
for host in /tmp 10.99.0.1; do
    pgbench --host $host --initialize --scale 1 --quiet 2> /dev/null
    pgbench --host $host --client 4 --jobs 2 --transactions 50 2> /dev/null | grep -E '^number of (clients|transactions actually)'
done
pgbench --host 10.99.0.1 --client 2 --connect --select-only --transactions 20 2> /dev/null | grep actually
pg_dump --host 10.99.0.1 --table kept | grep -c '^[0-9]'
sql /tmp "select pg_reload_conf()"
pg_ctl --pgdata /data/cluster --log /data/log --silent --wait --mode fast restart
sql 127.0.0.1 "select count(*) from kept"
pg_ctl --pgdata /data/cluster --silent --wait --mode fast stop
# A client that has what it wanted may hang up before the server has said everything.
grep -E 'PANIC|could not|ermi[st]' /data/log | grep -vE 'could not (send data to|receive data from) client' || echo "nothing went wrong"
echo "the end"
