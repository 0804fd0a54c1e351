#!/bin/sh
# Packs a release for those who have no Debian.
#
#   dist.sh BINARY STAGE FOLDER     FOLDER/warrener-VERSION-ARCH-linux.tar.gz and its .sha256
#
# STAGE is what stage.sh made. The same tree and binary make the same archive.
set -eu

[ $# = 3 ] || { echo "usage: dist.sh BINARY STAGE FOLDER" >&2; exit 2; }
top=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "$1")
stage=$(realpath "$2")
version=$("$binary" --version | awk '{ print $2 }')
name=warrener-$version-$(uname -m)-linux
seconds=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || date +%s)}

rm -rf "$3"
mkdir -p "$3/$name"
cd "$3"
cp "$binary" "$name/warrener"
cp "$top/LICENSE" "$top/README.md" "$top/CHANGELOG.md" "$name/"
cp -r "$stage/completions" "$stage/man" "$name/"
mkdir "$name/deploy"
cp "$top/deploy/warrener.service" "$name/deploy/"
cp -r "$top/deploy/systemd" "$top/deploy/sysusers.d" "$top/deploy/polkit" "$name/deploy/"

cp "$top/deploy/debian/warrener.yml" "$name/warrener.yml"
cp -r "$top/docs" "$name/docs"
rm -rf "$name/docs/images"
"$binary" rules --output "$name" --profile standard >/dev/null
cp -r "$top/playbooks" "$name/playbooks"

tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$seconds" -cf - "$name" |
    gzip -9n >"$name.tar.gz"
sha256sum "$name.tar.gz" >"$name.tar.gz.sha256"
echo "warrener $version: $(stat -c %s "$name/warrener") bytes, stripped"
echo "$name.tar.gz: $(stat -c %s "$name.tar.gz") bytes"
cat "$name.tar.gz.sha256"
rm -rf "$name"
