# A client with its resolver thread and a small server.
set -eu
mkdir -p /data/pages
echo "the page" > /data/pages/index.html
busybox httpd -f -p 127.0.0.1:8080 -h /data/pages &
curl -sS --retry 20 --retry-connrefused --retry-delay 0 --retry-max-time 10 http://localhost:8080/ 2> /dev/null
curl -sS -o /data/page -w '%{http_code} %{remote_ip}\n' http://localhost:8080/index.html
cmp /data/page /data/pages/index.html
curl -sS -o /dev/null -w '%{http_code}\n' http://127.0.0.1:8080/missing
curl -sS http://127.0.0.1:8081/ 2> /dev/null || echo "status $?"
curl -sS --parallel http://localhost:8080/ http://localhost:8080/ 2> /dev/null
curl -sS file:///data/page
kill $!
wait $! 2> /dev/null || true
echo "the end"
