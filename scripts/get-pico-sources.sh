#!/usr/bin/env bash
# Complete MicroPython's source with what the rp2 port is built from:   scripts/get-pico-sources.sh BUILD
#
# Debian's source package of MicroPython comes without lib/pico-sdk, lib/tinyusb and lib/mbedtls. Debian trixie has them
# as packages of their own; they are unpacked into BUILD/micropython/lib. A checkout in $MICROPY_DIR is only checked: git
# fetches these as submodules.
set -euo pipefail
. "$(dirname "$0")/trixie.sh"

build=$1
lib=${MICROPY_DIR:-$build/micropython}/lib

complete() {
    for file in pico-sdk/pico_sdk_init.cmake tinyusb/src/tusb.c mbedtls/library/ssl_tls.c; do
        [ -e "$lib/$file" ] || return 1
    done
}

unpack() { # FOLDER NAME: it becomes lib/NAME, which is empty
    rmdir "$lib/$2"
    mv "$1" "$lib/$2"
}

! complete || exit 0
if [ -n "${MICROPY_DIR:-}" ]; then
    echo "$lib has no sources of pico-sdk, tinyusb or mbedtls: run make -C ${MICROPY_DIR}/ports/rp2 submodules" >&2
    exit 1
fi

work=$(mktemp -d "$build/pico.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch_from_trixie "$work" binary pico-sdk-source tinyusb-source
fetch_from_trixie "$work" source mbedtls
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/root"
done
dpkg-source --no-check -x "$work"/mbedtls_*.dsc "$work/mbedtls" >/dev/null
unpack "$work/root/usr/src/pico-sdk" pico-sdk
unpack "$work/root/usr/src/tinyusb" tinyusb
unpack "$work/mbedtls" mbedtls
touch "$lib/micropython-lib/README.md" # which the build looks for
