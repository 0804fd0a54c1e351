#!/bin/sh
# Makes what goes into a package beside the binary, from the binary itself and this tree.
#
#   stage.sh BINARY FOLDER      completions, manual pages, rules and changelog in Debian's form
set -eu

[ $# = 2 ] || { echo "usage: stage.sh BINARY FOLDER" >&2; exit 2; }
top=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "$1")
rm -rf "$2"
mkdir -p "$2/completions" "$2/man"
cd "$2"

for shell in bash zsh fish; do
    "$binary" completions $shell >completions/$shell
done
"$binary" man man
gzip -9n man/*
"$binary" rules --output standard >/dev/null
"$binary" rules --output fast --profile fast >/dev/null
mkdir rules rules-fast
mv standard/rules/*.yml rules/
mv fast/rules/*.yml rules-fast/
rm -r standard fast
gzip -9n <"$top/CHANGELOG.md" >changelog.gz

version=$("$binary" --version | awk '{ print $2 }')
# The last commit's time, so that the same tree makes the same package.
seconds=${SOURCE_DATE_EPOCH:-$(git -C "$top" log -1 --format=%ct 2>/dev/null || date +%s)}
cat >changelog <<END
warrener ($version-1) unstable; urgency=medium

  * Release $version; what changed is in changelog.gz.

 -- warrener developers <warrener@warrener.invalid>  $(LC_ALL=C date -u -R -d "@$seconds")
END
