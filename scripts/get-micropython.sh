#!/usr/bin/env bash
# Have MicroPython's source at hand:   scripts/get-micropython.sh BUILD
#
# $MICROPY_DIR where it is set, checked to be 1.23 or later; otherwise BUILD/micropython, unpacked from the source package of
# Debian trixie. That is fetched from the mirror that apt already uses and verified by apt's signatures, on any Debian
# release, without touching the system's apt setup; root is not needed.
# Ports and native modules in BUILD that were made from another source tree are removed.
set -euo pipefail
. "$(dirname "$0")/trixie.sh"

build=$1
source=${MICROPY_DIR:-$build/micropython}

fail() {
    echo "MicroPython's source: $1; set MICROPY_DIR to a MicroPython checkout, 1.23 or later" >&2
    exit 1
}

fetch() {
    mkdir -p "$build"
    work=$(mktemp -d "$build/micropython.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    fetch_from_trixie "$work" source micropython || fail "it cannot be fetched"
    dpkg-source --no-check -x "$work"/micropython_*.dsc "$work/source" >/dev/null
    mv "$work/source" "$source"
}

[ -n "${MICROPY_DIR:-}" ] || [ -d "$source" ] || fetch
[ -f "$source/py/mpconfig.h" ] || fail "there is none in $source"
version() { sed -n "s/^#define MICROPY_VERSION_$1 //p" "$source/py/mpconfig.h"; }
version="$(version MAJOR).$(version MINOR)"
printf '1.23\n%s\n' "$version" | sort -CV || fail "$source is $version, too old"

mkdir -p "$build"
if [ "$(cat "$build/micropython.path" 2>/dev/null)" != "$source" ]; then
    rm -rf "$build"/unix* "$build/firmware" "$build/natmod" "$build/xtensa-port"
    echo "$source" >"$build/micropython.path"
fi
