"""A native module that holds what blobs use, and nothing else: `packer build --with-runtime`.

It is made from the C sources by native_modules/natmod/Makefile, with a cross compiler and MicroPython's source. What it does not
have, its loader refuses by name.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import format as f
from .errors import PackerError

# By architecture: the compiler that MicroPython's py/dynruntime.mk calls, and what to install for it.
_ARM = "arm-none-eabi-gcc", "Debian's package gcc-arm-none-eabi"
COMPILERS = {
    "x64": ("gcc", "Debian's package build-essential"),
    "x86": ("gcc", "Debian's packages build-essential and gcc-multilib"),
    "armv6m": _ARM,
    "armv7m": _ARM,
    "armv7emsp": _ARM,
    "armv7emdp": _ARM,
    "rv32imc": ("riscv64-unknown-elf-gcc", "Debian's packages gcc-riscv64-unknown-elf and picolibc-riscv64-unknown-elf"),
    "xtensawin": ("xtensa-esp32-elf-gcc", "ESP-IDF"),
}

# The parts of native_modules/core/ti_parts.h that a model can use, and how a Blob shows that it does.
PARTS = {
    "FEED": lambda blob: any(io["stream"] for io in blob.inputs),
    "SEGMENTS": lambda blob: bool(blob.segments),
    "PAIRS": lambda blob: any(op["params"].get("pairs", {}).get("chunk") for op in blob.ops),
    "PALETTES": lambda blob: _has_coding(blob, "palette", "channel palette"),
    "ENTROPY_CODES": lambda blob: _has_coding(blob, "entropy"),
    "SPARSE_WEIGHTS": lambda blob: _has_coding(blob, "sparse"),
    "FAST": lambda blob: True,
}
SPEED = {"PAIRS", "FAST"}  # the same bytes come out without them
# The other parts. Whoever counts bytes of RAM has tested the model with the module that has everything, which is also the one
# for models that were split.
ONLY_IN_ALL = ("REOPEN", "SELFTEST")

_SOURCES = Path(__file__).parent / "native_modules", Path(__file__).resolve().parents[2] / "native_modules"
_BUILD = Path(__file__).resolve().parents[2] / "build"


@dataclass(frozen=True)
class Runtime:
    """A native module, `_tinyinfer.mpy`."""

    arch: str
    names: list  # of the kernels and parts in it
    mpy: bytes

    @property
    def is_fast(self):
        """Whether it has the fast forms of the inner loops, which times are estimated for."""
        return not self.names or "FAST" in self.names

    def summary(self):
        """What `packer build --with-runtime --json` adds."""
        return {"arch": self.arch, "bytes": len(self.mpy), "kernels_and_parts": self.names}


def _has_coding(blob, *names):
    return any(op["coded"] and f.CODING_NAMES[op["coded"]["coding"]] in names for op in blob.ops)


def needs(blobs, small=False):
    """Names of the kernels and parts that Blobs use, in the order of their numbers; small: without what is there for speed alone."""
    kernels = {op["kernel"] for blob in blobs for op in blob.ops}
    parts = [name for name, used in PARTS.items() if any(used(blob) for blob in blobs) and not (small and name in SPEED)]
    return [name for name in f.KERNELS if name in kernels] + parts


def build_runtime(arch, names):
    """The Runtime for an architecture with these kernels and parts, none: all. PackerError where something to build it is missing."""
    if arch not in COMPILERS:
        raise PackerError(f"there is no native module for {arch}, but for {', '.join(COMPILERS)}: name one of those")
    for program, source in ((COMPILERS[arch][0], COMPILERS[arch][1]), ("make", "Debian's package make")):
        if not shutil.which(program):
            raise PackerError(f"a native module for {arch} is built with {program}, which is not in PATH: install {source}")
    if importlib.util.find_spec("elftools") is None:
        raise PackerError("MicroPython's linker needs the Python package pyelftools: pip install 'tinyinfer[runtime]'")
    micropython = _micropython()
    with tempfile.TemporaryDirectory() as folder:
        command = ["make", "-s", "-C", _natmod(), f"ARCH={arch}", f"MPY_DIR={micropython}", f"BUILD={folder}"]
        command += [f"PYTHON={sys.executable}", f"ONLY={' '.join(names)}"]
        done = subprocess.run(command, capture_output=True, text=True)
        module = Path(folder) / "_tinyinfer.mpy"
        if done.returncode or not module.exists():
            errors = [line for line in done.stderr.splitlines() if "rror" in line] or ["it says nothing"]
            raise PackerError(f"the native module for {arch} cannot be built with {COMPILERS[arch][0]}: {errors[0].strip()}")
        return Runtime(arch, list(names), module.read_bytes())


def _natmod():
    for place in _SOURCES:
        if (place / "natmod" / "Makefile").is_file():
            return place / "natmod"
    raise PackerError(f"the native module's sources are missing: there is no folder {_SOURCES[-1]}; install the packer again")


def _micropython():
    """MicroPython's source: MICROPY_DIR, or what `make micropython` has fetched."""
    given = os.environ.get("MICROPY_DIR")
    source = Path(given or _BUILD / "micropython").resolve()
    if not (source / "py" / "dynruntime.mk").is_file():
        raise PackerError(
            f"a native module is built with MicroPython's source, and there is none in {source}: set MICROPY_DIR to a "
            "checkout, 1.23 or later" + ("" if given else ", or run `make micropython` in tinyinfer's")
        )
    return source
