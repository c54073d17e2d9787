#!/bin/sh
# As images have them: prepares what it finds, and becomes the command.
set -eu
for file in /docker-entrypoint.d/*.sh; do
    if [ -x "$file" ]; then
        "$file"
    fi
done
if [ "${1#-}" != "$1" ]; then
    set -- /app/server "$@"
fi
umask 027
sed "s/@HOST@/$(hostname -f 2> /dev/null || echo nowhere)/" /etc/server.conf.in > /tmp/server.conf
exec "$@"
