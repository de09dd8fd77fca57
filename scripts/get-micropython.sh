#!/usr/bin/env bash
# Have MicroPython's source at hand:   scripts/get-micropython.sh BUILD
#
# $MICROPY_DIR where it is set, checked to be 1.23 or later; otherwise BUILD/micropython, unpacked from the source package of
# Debian trixie. That is fetched from the mirror that apt already uses and verified by apt's signatures, on any Debian
# release, without touching the system's apt setup; root is not needed.
# Ports and native modules in BUILD that were made from another source tree are removed.
set -euo pipefail

build=$1
source=${MICROPY_DIR:-$build/micropython}

fail() {
    echo "MicroPython's source: $1; set MICROPY_DIR to a MicroPython checkout, 1.23 or later" >&2
    exit 1
}

mirrors() { # [APT OPTION...]: the Debian mirrors that the system's apt is set up with
    apt-get "$@" indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' | grep -v security | sort -u
}

fetch() {
    command -v apt-get >/dev/null || fail "this machine has no apt-get"
    mkdir -p "$build"
    work=$(mktemp -d "$build/micropython.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    local apt=(-qq -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User="$(id -un)")
    local found mirror
    if ! found=$(mirrors); then # apt-get update never ran here
        apt-get "${apt[@]}" update || fail "apt-get update failed"
        found=$(mirrors "${apt[@]}") || fail "apt has no Debian mirror"
    fi

    apt+=(-o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null)
    for mirror in $found; do
        echo "== fetching MicroPython's source package of Debian trixie from $mirror"
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$work/sources.list"
        (cd "$work" && apt-get "${apt[@]}" update && apt-get "${apt[@]}" source --download-only micropython) || continue
        dpkg-source --no-check -x "$work"/micropython_*.dsc "$work/source" >/dev/null
        mv "$work/source" "$source"
        return
    done
    fail "no mirror has the source package of Debian trixie"
}

[ -n "${MICROPY_DIR:-}" ] || [ -d "$source" ] || fetch
[ -f "$source/py/mpconfig.h" ] || fail "there is none in $source"
version() { sed -n "s/^#define MICROPY_VERSION_$1 //p" "$source/py/mpconfig.h"; }
version="$(version MAJOR).$(version MINOR)"
printf '1.23\n%s\n' "$version" | sort -CV || fail "$source is $version, too old"

mkdir -p "$build"
if [ "$(cat "$build/micropython.path" 2>/dev/null)" != "$source" ]; then
    rm -rf "$build/unix" "$build/unix-usermod" "$build/natmod"
    echo "$source" >"$build/micropython.path"
fi
