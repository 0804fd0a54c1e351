#!/bin/sh
# Installs the servers the testbed starts, where they are missing; called by make only.
#   install.sh [PACKAGE..]      default: what the demo and the ordinary tests start
# Silent when nothing is missing. The packages' own services are kept from starting.
set -eu

packages=${*:-rabbitmq-server prometheus prometheus-alertmanager chromium chromium-driver}
policy=/usr/sbin/policy-rc.d

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for package in $packages; do
    installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || fail "missing:$missing; only Debian's apt-get is known here, install them yourself"
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "missing:$missing; run as root: apt-get install$missing"
    exec sudo sh "$0" $packages
fi

# A policy that somebody else put there stays, and is theirs to judge by.
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

echo "install.sh: installing$missing" >&2
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
install() {
    apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install $missing
}
# The index is refreshed only when the packages can't be had with the one that is there.
{ install || { apt-get -q update && install; }; } >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "could not install$missing"
}
rm -f "$log"
