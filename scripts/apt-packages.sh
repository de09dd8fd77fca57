#!/usr/bin/env bash
# The one place that installs Debian packages:   scripts/apt-packages.sh PURPOSE...
#
#   build     compiler, venv, what pip trusts, and what unpacks MicroPython's source
#   test      what `make test` counts instructions and the bytes of Cortex-M0 code with
#   fuzz      clang with libFuzzer, and what names the lines of a crash
#   bench     cross compilers, emulators and counters of `make bench`
#   pico      what MicroPython's rp2 port is built with
#   browser   Chromium, in which `make test-all` looks at the report
#   armv6m armv7m armv7emsp armv7emdp rv32imc xtensa x86     cross compiler for native modules of that architecture
#
# Prints what is missing and installs it as root; otherwise names it and exits 1. What is there by other means than a
# package (a Python of one's own, a compiler in PATH) counts as there.
set -euo pipefail

PYTHON=${PYTHON:-python3}

packages_for() {
    case $1 in
        build) echo build-essential python3-venv ca-certificates dpkg-dev ;;
        test) echo valgrind gcc-arm-none-eabi libnewlib-arm-none-eabi ;;
        bench) echo gcc-arm-none-eabi libnewlib-arm-none-eabi gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf \
            gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-arm qemu-system-misc qemu-user nodejs npm valgrind ;;
        pico) echo cmake ninja-build gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib ;;
        fuzz) echo clang libclang-rt-dev llvm ;;
        armv*) echo gcc-arm-none-eabi libnewlib-arm-none-eabi ;;
        rv32imc) echo gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf ;;
        xtensa) echo gcc-xtensa-lx106 picolibc-xtensa-lx106-elf xz-utils ;;
        x86) echo gcc-multilib ;;
        browser) echo chromium ;;
        x64 | xtensawin) ;;
        *) echo "$0: no purpose is called '$1'; see the head of the script" >&2; return 2 ;;
    esac
}

compiles() { # COMPILER FLAGS...
    echo 'int main(void) { return 0; }' | "$@" -x c - -o /dev/null 2>/dev/null
}

there() {
    case $1 in
        build-essential) compiles gcc && command -v make ;;
        python3-venv) "$PYTHON" -c 'import ensurepip, venv' ;;
        ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] ;;
        dpkg-dev) [ -n "${MICROPY_DIR:-}" ] || command -v dpkg-source ;;
        valgrind | clang | cmake | qemu-system-arm | npm | chromium) command -v "$1" ;;
        qemu-system-misc) command -v qemu-system-riscv32 ;;
        nodejs) command -v node ;;
        ninja-build) command -v ninja ;;
        llvm) command -v llvm-symbolizer ;;
        libclang-rt-dev) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
            clang -fsanitize=fuzzer,address,undefined -x c - -o /dev/null ;;
        qemu-user) command -v qemu-xtensa ;;
        xz-utils) command -v xz ;;
        gcc-multilib) compiles gcc -m32 ;;
        gcc-xtensa-lx106) command -v xtensa-lx106-elf-gcc ;;
        gcc-*) command -v "${1#gcc-}-gcc" ;;
        libnewlib-arm-none-eabi) [ -e "$(arm-none-eabi-gcc -print-file-name=libc.a)" ] ;;
        libstdc++-arm-none-eabi-newlib) [ -e "$(arm-none-eabi-g++ -print-file-name=libstdc++.a)" ] ;;
        picolibc-xtensa-lx106-elf) echo '#include <string.h>' | xtensa-lx106-elf-gcc -E - ;;
        picolibc-riscv64-unknown-elf) [ -e "$(riscv64-unknown-elf-gcc -print-file-name=picolibc.specs)" ] ;;
    esac >/dev/null 2>&1
}

missing=()
for purpose; do
    wanted=$(packages_for "$purpose")
    for package in $wanted; do
        there "$package" || missing+=("$package")
    done
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "Debian packages are missing, and only root can install them: apt install ${missing[*]}" >&2
    exit 1
fi
echo "== installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" >/dev/null
for package in "${missing[@]}"; do
    there "$package" || { echo "$package is installed, but does not work" >&2; exit 1; }
done
