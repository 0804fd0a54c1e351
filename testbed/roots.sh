#!/bin/sh
# Makes root folders of other Debian releases, with that release's own RabbitMQ,
# Prometheus and Alertmanager inside, for tests against several versions.
#
#   roots.sh [RELEASE..]        default: trixie sid
#
# The root `systemd` is bookworm with systemd as its init, polkit and RabbitMQ with its own unit, which
# nothing starts at boot, for testbed/src/systemd.rs. The root `package` has Prometheus and Alertmanager
# besides, with their units: where the Debian package is tried. The root `compose` is trixie with what
# stands for the images of docker-compose.yml, and Compose itself, for tests/controls/compose.rs.
# Folders go to $WARRENER_TESTBED_ROOTS, or `.roots` at the workspace root. A root
# that is complete, with what it has to hold now, is left alone. Needs root and debootstrap.
# Nothing stays mounted.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
roots=${WARRENER_TESTBED_ROOTS:-$(dirname "$here")/.roots}

fail() {
    echo "roots.sh: $*" >&2
    exit 1
}

# The Debian archive this machine itself installs from, so that a local mirror is kept.
archive() {
    apt-get indextargets --format '$(ORIGIN) $(CREATED_BY) $(REPO_URI)' |
        awk '$1 == "Debian" && $2 == "Packages" && $3 !~ /security/ { print $3; exit }'
}

install_inside() {
    inside=$1
    # No name service and no init inside: epmd wants a hosts file, and services are kept from starting.
    printf '127.0.0.1\tlocalhost %s\n' "$(hostname)" >"$inside/etc/hosts"
    printf '#!/bin/sh\nexit 101\n' >"$inside/usr/sbin/policy-rc.d"
    chmod 755 "$inside/usr/sbin/policy-rc.d"
    # sid's index may be older than it says it may be on a mirror that lags.
    echo "deb [check-valid-until=no] $mirror $suite main" >"$inside/etc/apt/sources.list"
    # /proc and /dev are mounted in a namespace of their own, which ends with its last process.
    unshare --mount --propagation private sh -euc '
        mount -t proc proc "$1/proc"
        mount --rbind /dev "$1/dev"
        export DEBIAN_FRONTEND=noninteractive LC_ALL=C
        chroot "$1" apt-get -qq update
        root=$1; shift
        chroot "$root" apt-get -qq -y --no-install-recommends \
            -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root install "$@"
        chroot "$root" apt-get clean
        [ ! -e "$root/usr/sbin/init" ] || chroot "$root" systemctl disable \
            rabbitmq-server.service epmd.service epmd.socket 2>&1
        for unit in prometheus prometheus-alertmanager; do
            [ ! -e "$root/lib/systemd/system/$unit.service" ] || [ ! -e "$root/usr/sbin/init" ] ||
                chroot "$root" systemctl disable "$unit.service" 2>&1
        done
    ' sh "$inside" $packages
}

make_root() {
    release=$1
    include=
    packages="rabbitmq-server prometheus prometheus-alertmanager"
    suite=$release
    if [ "$release" = systemd ] || [ "$release" = package ]; then
        include=--include=systemd,systemd-sysv,dbus
        suite=bookworm
    elif [ "$release" = compose ]; then
        packages="$packages haproxy wget docker-compose"
        suite=trixie
    fi
    # They can't be unpacked by debootstrap itself: their scripts want a system that is there.
    case $release in
    systemd) packages="polkitd rabbitmq-server" ;;
    package) packages="polkitd rabbitmq-server prometheus prometheus-alertmanager" ;;
    esac
    root=$roots/$release
    [ -e "$root/.complete" ] && [ "$(cat "$root/.complete")" = "$packages" ] && return 0
    [ "$(id -u)" = 0 ] || fail "making the $release root needs root"
    command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
    mirror=$(archive)
    [ -n "$mirror" ] || fail "apt knows no Debian archive to build $release from"
    mkdir -p "$roots"
    partial=$(mktemp -d "$roots/.$release.XXXXXX")
    log=$roots/$release.log
    trap 'rm -rf --one-file-system "$partial"' EXIT
    trap 'exit 130' INT TERM
    echo "roots.sh: building $release, log in $log" >&2
    {
        debootstrap --variant=minbase $include "$suite" "$partial" "$mirror" &&
            install_inside "$partial"
    } >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        fail "building $release failed"
    }
    chmod 755 "$partial"
    echo "$packages" >"$partial/.complete"
    rm -rf --one-file-system "$root"
    mv "$partial" "$root"
    trap - EXIT INT TERM
}

[ $# -gt 0 ] || set -- trixie sid
for name; do
    make_root "$name"
done
