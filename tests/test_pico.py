"""MicroPython on an emulated Pico: both firmwares run the models with the oracle's bytes, in the RAM that was promised.

`make pico` prints what it all costs.
"""

import zlib

import numpy as np
import pytest
from conftest import MODELS
from elftools.elf.elffile import ELFFile
from packer import oracle
from packer.core import split_outputs
from packer.edges import from_pool

from rp2040 import models
from rp2040.models import STOCK, USER_MODULE
from rp2040.pico import FIRMWARE, ROMFS_AT, XIP, Pico, PicoError, firmware, write_flash

OBJECTS_BYTES = 512  # of Python that a loaded model takes beside its pool, and its blob where that is in RAM
LEFT_BYTES = 150_000  # of heap on stock firmware, with person_detect loaded


def check(subject, kind, flash, found):
    """Everything that models.measure() saw is as it must be."""
    wanted = oracle.run_many(subject.tflite, subject.cases)
    assert len(found["outputs"]) == len(wanted)
    for given, want in zip(found["outputs"], wanted):
        got = split_outputs(subject.core.outputs, bytes.fromhex(given))
        assert [from_pool(io, a).tobytes() for io, a in zip(subject.core.outputs, got)] == [a.tobytes() for a in want]
    assert found["backend"] == {STOCK: "native armv6m, assembly", USER_MODULE: "user module, assembly"}[kind]
    assert set(found["allocated"]) == {0}

    pool = subject.pool_bytes
    in_ram = len(subject.blob) if kind == STOCK and subject.name != models.IN_SLOT else 0
    assert found["pool_bytes"] == pool
    assert pool + in_ram <= found["load_heap_bytes"] <= pool + in_ram + OBJECTS_BYTES
    assert f"the pool has {pool - 1} bytes" in found["too_small"] and f"needs {pool}" in found["too_small"]
    if not in_ram:  # where the image has it, and nowhere else
        assert found["blob_address"] == XIP + flash.read_bytes().index(subject.blob)
    assert kind == STOCK or found["blob_address"] >= XIP + ROMFS_AT

    layers = sum(cycles for _, _, cycles in found["layers"])
    assert found["cycles"] <= layers <= 1.5 * found["cycles"]  # step by step, with a look at the clock at each


@pytest.mark.parametrize("kind", [STOCK, USER_MODULE])
def test_models(kind, tmp_path):
    names = [name for name in models.MODELS if name == "digits" or MODELS.is_dir()]
    subjects = [models.Subject(name, MODELS) for name in names]
    flash = tmp_path / "flash"
    models.set_up(flash, kind, subjects)
    for subject in subjects:
        found = models.measure(flash, kind, subject)
        check(subject, kind, flash, found)
        if kind == STOCK and subject.name == "person_detect":
            assert found["free_heap_bytes"] >= LEFT_BYTES
    if not MODELS.is_dir():
        pytest.skip(f"digits passed; the real models are not there: no folder {MODELS} (set TINYINFER_MODELS)")


FLOATS = """
import struct
for raw in %r:
    a, b = struct.unpack("ff", raw)
    print(*struct.unpack("IIIIii", struct.pack("ffffii", a + b, a - b, a * b, a / b, int(a), a < b)))
"""


def test_floats(tmp_path):
    """The arithmetic of the boot ROM's stand-in. MicroPython keeps 30 bits of a float, so the last two say nothing."""
    numbers = np.random.default_rng(1).normal(0, 1000, (50, 2)).astype(np.float32)
    numbers[:10] = np.floor(numbers[:10])
    numbers.view(np.uint32)[:] &= 0xFFFFFFFC
    with Pico(write_flash(tmp_path / "flash", firmware("RPI_PICO-stock"))) as pico:
        printed = pico.exec(FLOATS % [pair.tobytes() for pair in numbers])
    for (a, b), line in zip(numbers, printed.splitlines(), strict=True):
        results = np.array([a + b, a - b, a * b, a / b], np.float32).view(np.uint32)
        given = list(map(int, line.split()))
        assert [n >> 2 for n in given[:4]] == (results >> 2).tolist(), (a, b)
        assert given[4:] == [int(a), int(a < b)], (a, b)


def test_the_emulator(tmp_path):
    """Errors, resets and crashes come through, and files stay."""
    flash = write_flash(tmp_path / "flash", firmware("RPI_PICO-stock"))
    data = bytes(range(256)) * 9
    read = "import binascii\nprint(binascii.crc32(open('/a/b.bin', 'rb').read()))"
    with Pico(flash) as pico:
        with pytest.raises(PicoError, match="ZeroDivisionError"):
            pico.exec("1 / 0")
        pico.put({"/a/b.bin": data})
        pico.exec("x = 1")
        pico.reset()
        with pytest.raises(PicoError, match="NameError"):
            pico.exec("print(x)")
        assert int(pico.exec(read)) == zlib.crc32(data)
        with pytest.raises(PicoError, match="not 32 bit aligned"):
            pico.exec("@micropython.viper\ndef load(at: int) -> int:\n    return ptr32(at)[0]\nload(0x20000001)")
    with Pico(flash) as pico:
        assert int(pico.exec(read)) == zlib.crc32(data)


@pytest.mark.slow
def test_the_pico_2_firmware_has_the_module():
    """It cannot be run here; its core's kind is what QEMU's mps2-an505 runs (test_boards_emulated.py)."""
    firmware("RPI_PICO2")
    with open(FIRMWARE / "RPI_PICO2" / "firmware.elf", "rb") as file:
        names = {symbol.name for symbol in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}
    assert {"tinyinfer_module", "ti_check", "ti_run"} <= names
