"""Bytes of machine code: each file of the core, compiled alone, and the `.mpy` that all become, compiled as one.

`python tests/bench/size.py NATMODS` prints the table for every architecture whose compiler is there, with the size of
NATMODS/ARCH/_tinyinfer.mpy and what that may be, and, for the first, by how much a `.mpy` is smaller without a part of
ti_parts.h; `--archs` prints their names.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from elftools.elf.elffile import ELFFile
from packer import format as f
from packer.runtime import ONLY_IN_ALL, PARTS, build_runtime

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "native_modules" / "core"

# The flags of MicroPython's py/dynruntime.mk, and of native_modules/natmod/Makefile.
COMPILERS = {
    "armv6m": ("arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m0"),
    "armv7m": ("arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m3"),
    "armv7emsp": ("arm-none-eabi-gcc", "-mthumb", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    "rv32imc": ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "-mno-relax", "-specs=picolibc.specs"),
    "xtensawin": ("xtensa-esp32-elf-gcc",),
    "x64": ("gcc",),
}
FLAGS = ("-std=c99", "-Os", "-fpic", "-fno-common", "-fno-tree-loop-distribute-patterns", "-fno-ipa-cp",
         "-fno-partial-inlining", "-fno-tree-scev-cprop")  # fmt: skip
# And what steps through a blob.
LOADER = ("ti_check", "ti_checksum", "ti_claims", "ti_proof", "ti_kernels", "ti_run", "ti_selftest")
COUNTED = (".text", ".rodata")  # and not ti_kernels' table of addresses, 12 bytes a kernel on 32 bits
# What the smallest boards of the kind have room for in RAM: every kernel, and these with every coding of weights.
KERNELS_BYTES_MAX = {"armv6m": 24 * 1024}
MPY_BYTES_MAX = {"armv6m": 25 * 1024, "armv7emsp": 28 * 1024}
CODINGS = ("PALETTES", "ENTROPY_CODES", "SPARSE_WEIGHTS")


def archs():
    """The architectures whose compiler is there."""
    return [arch for arch, (compiler, *_) in COMPILERS.items() if shutil.which(compiler)]


def sources():
    """The C files of the core that a native module is made from, the kernels first."""
    return [*sorted(CORE.glob("kernels/*.c")), *sorted(set(CORE.glob("*.c")) - {CORE / "ti_guard.c"})]


def object_sizes(arch):
    """{source: bytes of code and constants} of the core's files, compiled for `arch` as for a native module."""
    compiler, *flags = COMPILERS[arch]
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "x.o"
        for source in sources():
            subprocess.run([compiler, *flags, *FLAGS, f"-I{CORE}", "-c", source, "-o", target], check=True)
            with target.open("rb") as file:
                sections = list(ELFFile(file).iter_sections())
            sizes[source] = sum(s["sh_size"] for s in sections if s.name.startswith(COUNTED))
    return sizes


def part_sizes(arch, parts=(*PARTS, *ONLY_IN_ALL)):
    """{part: bytes by which a native module with everything is larger than one without it}."""
    everything = [*f.KERNELS, *PARTS, *ONLY_IN_ALL]
    whole = len(build_runtime(arch, everything).mpy)
    sizes = {}
    for k, part in enumerate(parts):
        print(f"{arch} without {part}, {k + 1} of {len(parts)} …", end="\r", flush=True, file=sys.stderr)
        sizes[part] = whole - len(build_runtime(arch, [name for name in everything if name != part]).mpy)
    print(" " * 60, end="\r", file=sys.stderr)
    return sizes


def main(natmods):
    names, columns = archs(), [object_sizes(arch) for arch in archs()]

    def row(title, values):
        print(f"{title:28}" + "".join(f"{value:>11,}" if isinstance(value, int) else f"{value:>11}" for value in values))

    row("bytes, -Os", names)
    for source in sources():
        row(str(source.relative_to(CORE).with_suffix("")), [sizes[source] for sizes in columns])
    kernels = list(CORE.glob("kernels/*.c"))
    loader = [CORE / f"{name}.c" for name in LOADER]
    print()
    row(f"{len(kernels)} kernels", [sum(sizes[source] for source in kernels) for sizes in columns])
    row("what several share", [sum(n for source, n in sizes.items() if source not in kernels + loader) for sizes in columns])
    row("the loader", [sum(sizes[source] for source in loader) for sizes in columns])
    row("all of the core", [sum(sizes.values()) for sizes in columns])
    row("_tinyinfer.mpy", [mpy.stat().st_size if mpy.exists() else "not built"
                           for mpy in (Path(natmods) / arch / "_tinyinfer.mpy" for arch in names)])
    row("at most", [MPY_BYTES_MAX.get(arch, "") for arch in names])
    print()
    row(f"of which, for {names[0]}", [])
    for part, size in part_sizes(names[0]).items():
        row(part, [size])


if __name__ == "__main__":
    if sys.argv[1:] == ["--archs"]:
        print(*archs())
    else:
        main(*sys.argv[1:])
