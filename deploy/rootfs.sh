#!/bin/sh
# Lays out the root of an image that holds programs and what they are linked against, and nothing else: no
# shell, no package manager.
#
#   rootfs.sh DEST PROGRAM..
#
# Used by deploy/Dockerfile, and by the test that makes the same image from what was built on its machine.
set -eu

dest=$1; shift

place() {
    mkdir -p "$dest$(dirname "$2")"
    # -L: what a link leads to, under the link's own name.
    cp -L "$1" "$dest$2"
}

for program; do
    place "$program" "/usr/bin/$(basename "$program")"
    # A program that is linked to nothing has no libraries; ldd says so by failing.
    { ldd "$program" 2>/dev/null || true; } |
        awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
        while read -r library; do
            place "$library" "$library"
        done
done

# Names are looked up in hosts first, then by DNS. Both are in the C library itself.
mkdir -p "$dest/etc"
echo 'hosts: files dns' >"$dest/etc/nsswitch.conf"
echo 'warrener:x:1000:1000::/tmp:/nonexistent' >"$dest/etc/passwd"
echo 'warrener:x:1000:' >"$dest/etc/group"
for file in /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || place "$file" "$file"
done
# Time zones, for `TZ` and the clocks of the configuration.
if [ -d /usr/share/zoneinfo ]; then
    mkdir -p "$dest/usr/share"
    cp -a /usr/share/zoneinfo "$dest/usr/share/"
fi

# A named volume takes owner and mode of the folder it covers. Which user comes is not known here;
# warrener makes its own folder in there, for itself alone.
for folder in /tmp /var/lib/warrener /srv/warrener; do
    mkdir -p "$dest$folder"
    chmod 1777 "$dest$folder"
done
