#!/usr/bin/env bash
# Builds every image that the container tests run, from what this machine has: nothing is pulled.
#
#   tests/container/images.sh WRAPPER ENFORCERCTL     (the built programs; WRAPPER static)
set -euo pipefail
cd "$(dirname "$0")/../.."
wrapper=$1 workbench=$2
context=target/container/context
export DOCKER_BUILDKIT=0 # BuildKit would look for the local base images in a registry

build() { # TAG DOCKERFILE CONTEXT [ARGUMENT...]
    local tag=$1 dockerfile=$2 folder=$3
    shift 3
    echo "image $tag"
    docker build --quiet --label micro-enforcer.test "$@" -f "$dockerfile" -t "micro-enforcer-test/$tag" "$folder" 2>&1 >/dev/null |
        { grep -v -e DEPRECATED -e BuildKit -e environment-variable -e '^$' >&2 || true; }
}

have() { docker image inspect "micro-enforcer-test/$1" >/dev/null 2>&1; }

import() { docker import --change 'LABEL micro-enforcer.test=' - "micro-enforcer-test/$1" >/dev/null; }

rm -rf "$context"
install -D -m 0555 "$wrapper" "$context/micro-enforcer"
install -D -m 0555 "$workbench" "$context/enforcerctl"
install -D -m 0555 /bin/busybox "$context/busybox"
install -D -m 0555 target/debug/examples/attack target/debug/examples/probe "$context"

if ! have debian; then
    echo "image debian"
    # shellcheck source=/dev/null
    mmdebstrap --quiet --variant=essential "$(. /etc/os-release && echo "$VERSION_CODENAME")" - | import debian
fi
if ! have busybox; then
    echo "image busybox"
    root=$(mktemp -d target/container/busybox.XXXXXX)
    mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/proc" "$root/dev"
    chmod 1777 "$root/tmp"
    cp /bin/busybox "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    printf 'root:x:0:0::/root:/bin/sh\napp:x:10001:10001::/app:/bin/sh\n' >"$root/etc/passwd"
    printf 'root:x:0:\napp:x:10001:\n' >"$root/etc/group"
    tar -C "$root" -c . | import busybox
    rm -rf "$root"
fi

build binary docker/Dockerfile.binary "$context"
build workbench docker/Dockerfile.workbench "$context" --build-arg BASE=micro-enforcer-test/debian
for base in debian busybox; do
    build "base-$base" docker/base/Dockerfile policies \
        --build-arg ENFORCER=micro-enforcer-test/binary --build-arg BASE="micro-enforcer-test/$base"
done
build example docker/example/Dockerfile docker/example --build-arg BASE=micro-enforcer-test/base-debian
build example-busybox docker/example/Dockerfile docker/example --build-arg BASE=micro-enforcer-test/base-busybox
build example-user tests/container/Dockerfile.user "$context" --build-arg BASE=micro-enforcer-test/example
build attacks tests/container/Dockerfile.attacks "$context" --build-arg BASE=micro-enforcer-test/base-debian
build scratch tests/container/Dockerfile.scratch "$context" --build-arg ENFORCER=micro-enforcer-test/binary
