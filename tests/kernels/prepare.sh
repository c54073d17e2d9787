#!/usr/bin/env bash
# Puts kernels and initial file systems for the tests of other kernels into target/kernels: Debian's kernels and
# packages, as apt verifies them by Debian's signed lists, and our own static programs. Nothing is fetched twice.
#
#   tests/kernels/prepare.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/target/kernels
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# Of the first Debian repository that apt knows here.
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

# Lists of their own, beside this machine's.
fetch() { # SUITE ARCHITECTURE COMMAND...
    local state=$target/apt/$1-$2
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    echo "deb [arch=$2 signed-by=$keyring] $mirror $1 main" >"$state/sources.list"
    local options=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=- -o "APT::Architecture=$2"
        -o "Dir::State::lists=$state/lists" -o "Dir::Cache=$state/cache" -o "APT::Architectures=$2" -o Dir::State::status=/dev/null)
    [ -n "$(find "$state/lists" -name '*Packages' -print -quit)" ] || apt-get "${options[@]}" -qq update
    "$3" "${options[@]}" "${@:4}"
}

kernel() { # SUITE ARCHITECTURE
    local folder=$target/$1-$2 package
    [ -e "$folder/kernel" ] && [ -e "$folder/modules/veth.ko" ] && return
    echo "the kernel of $1 for $2"
    package=$(fetch "$1" "$2" apt-cache depends "linux-image-cloud-$2" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p')
    package=${package%%:*}
    rm -rf "$folder" && mkdir -p "$folder/modules"
    (cd "$folder" && fetch "$1" "$2" apt-get -qq download "$package")
    dpkg-deb --fsys-tarfile "$folder"/linux-image-*.deb | tar -x -C "$folder" --wildcards './boot/vmlinuz-*' '*/drivers/net/veth.ko*'
    find "$folder" -name 'veth.ko.xz' -exec xz -d {} +
    find "$folder" -name veth.ko -not -path '*/modules/veth.ko' -exec mv {} "$folder/modules" \;
    mv "$folder"/boot/vmlinuz-* "$folder/kernel"
}

# A root without configured packages: nothing of it runs here.
root() { # ARCHITECTURE
    local folder=$target/root-$1
    [ -e "$folder/usr/bin/true" ] && return
    echo "a root file system for $1"
    rm -rf "$folder"
    mmdebstrap --quiet --variant=extract --arch="$1" --include=coreutils,dash,iproute2,libc6,libc-bin \
        "$release" "$folder" "deb [signed-by=$keyring] $mirror $release main"
    # Debian's layout since bookworm, which base-files or usrmerge would make.
    for part in bin sbin lib lib64; do
        [ -d "$folder/$part" ] || continue
        mkdir -p "$folder/usr/$part"
        cp -a "$folder/$part/." "$folder/usr/$part" && rm -rf "${folder:?}/$part" && ln -s "usr/$part" "$folder/$part"
    done
    rm -rf "$folder"/usr/share/{doc,man,locale,info,bash-completion} "$folder"/var/{lib,cache}
}

# For both processors at once: what one waits for is another's turn.
programs() {
    echo "our programs"
    cargo test --quiet --no-run --package micro-enforcer-machine \
        --target x86_64-unknown-linux-musl --target aarch64-unknown-linux-musl
}

initramfs() { # SUITE ARCHITECTURE TRIPLE
    local built=target/$3/debug stage=$target/stage program tests
    rm -rf "$stage" && cp -a "$target/root-$2" "$stage"
    mkdir -p "$stage"/{new,proc,sys,dev,tmp,run,modules,examples}
    cp "$target/$1-$2/modules/"* "$stage/modules"
    cp "target/$3/dist/micro-enforcer" "$stage/micro-enforcer"
    for program in attack probe connects; do
        strip_into "$3" "$built/$program" "$stage/examples/$program"
    done
    strip_into "$3" "$built/init" "$stage/init"
    tests=$(cargo test --no-run --target "$3" --package micro-enforcer-machine --test supervisor --message-format json \
        2>/dev/null | sed -n 's/.*"name":"supervisor".*"executable":"\([^"]*\)".*/\1/p')
    strip_into "$3" "$tests" "$stage/supervisor"
    (cd "$stage" && find . | cpio --quiet --create --format=newc) >"$target/$1-$2/initramfs"
    rm -rf "$stage"
}

strip_into() { # TRIPLE FROM TO
    local tool=strip
    [ "${1%%-*}" = "$(uname -m)" ] || tool=aarch64-linux-gnu-strip
    "$tool" -o "$3" "$2"
}

mkdir -p "$target"
root amd64
root arm64
for suite in bullseye bookworm trixie; do
    kernel "$suite" amd64
done
kernel bookworm arm64
programs
for suite in bullseye bookworm trixie; do
    initramfs "$suite" amd64 x86_64-unknown-linux-musl
done
initramfs bookworm arm64 aarch64-unknown-linux-musl
