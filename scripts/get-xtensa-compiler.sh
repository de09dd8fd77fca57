#!/usr/bin/env bash
# A compiler for the windowed Xtensa cores of ESP32 and ESP32-S3:   scripts/get-xtensa-compiler.sh BUILD
#
# No package of Debian's has one, but its compiler for the ESP8266 can generate windowed calls, and its assembler can be told
# of another core by a plugin, which is made here of native_modules/natmod/xtensa_core.c and of the description of a core in
# QEMU's source. The result, BUILD/xtensa/xtensawin-gcc, knows no instruction of an ESP32 but those of that core, and has no
# C library: enough for native modules. ESP-IDF's compiler makes faster code.
set -euo pipefail
. "$(dirname "$0")/trixie.sh"

build=$(realpath "$1")/xtensa
sources=$(realpath "$(dirname "$0")/../native_modules/natmod")

mkdir -p "$build"
work=$(mktemp -d "$build/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
fetch_from_trixie "$work" source qemu
tar -C "$work" --strip-components=1 --wildcards -xf "$work"/qemu_*.orig.tar.xz \
    '*/target/xtensa/core-de233_fpu/xtensa-modules.c.inc' '*/target/xtensa/xtensa-isa*.h' '*/include/hw/xtensa/xtensa-isa.h'
mkdir "$work/include/qemu"
touch "$work/include/qemu/osdep.h" # QEMU's own, of which nothing is needed
gcc -shared -fPIC -O1 -w -I"$work/target/xtensa" -I"$work/include" "$sources/xtensa_core.c" -o "$build/core.so"
program() { # NAME COMMAND...
    cat >"$build/xtensawin-$1" <<END
#!/bin/sh
XTENSA_GNU_CONFIG='$build/core.so' exec ${*:2} "\$@"
END
    chmod +x "$build/xtensawin-$1"
}
program objcopy xtensa-lx106-elf-objcopy
program gcc xtensa-lx106-elf-gcc -mabi=windowed
