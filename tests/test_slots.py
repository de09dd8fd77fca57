"""Models in raw flash: whatever happens while one is written, load_slot() gives the old one, or the new one whole."""

import errno
import sys
import types
import zlib

import pytest
import tinyinfer
from conftest import ROOT
from packer import build

from rp2040.models import library, make_slots, native_module, write_slot
from rp2040.pico import XIP, Pico, PowerFailed, firmware, write_flash

SECTOR, PAGE = 4096, 256
STORAGE_AT = 640 * 1024  # where rp2.Flash() begins on MicroPython's RPI_PICO
SLOT_BYTES = 4 * SECTOR
TFLITE = (ROOT / "examples" / "digits" / "digits_int8.tflite").read_bytes()


class PowerCut(Exception):
    pass


class Flash(bytearray):
    """rp2.Flash() of 64 sectors, in which the power can fail: every second byte of a write is then written."""

    writes = 0
    fails_at = None

    def _write(self, at, data):
        self.writes += 1
        fails = self.writes == self.fails_at
        for i in range(0, len(data), 2 if fails else 1):
            self[at + i] = data[i]
        if fails:
            raise PowerCut

    def _erase(self, block):
        self._write(SECTOR * block, b"\xff" * SECTOR)

    def writeblocks(self, block, data, offset=None):
        if offset is None:
            assert len(data) == SECTOR
            self._erase(block)
        at = block * SECTOR + (offset or 0)
        assert at % PAGE == len(data) % PAGE == 0
        for i in range(at, at + len(data), PAGE):
            self._write(i, bytes(a & b for a, b in zip(self[i : i + PAGE], data[i - at : i - at + PAGE])))


@pytest.fixture
def flash(monkeypatch):
    """A flash with two empty slots."""
    from tinyinfer import _slot

    flash = Flash(b"\xff" * 64 * SECTOR)
    for number in (0, 1):
        label = _slot.label(number, SLOT_BYTES, 0)
        at = len(flash) - (2 - number) * SLOT_BYTES
        flash[at : at + len(label)] = label
    monkeypatch.setitem(sys.modules, "rp2", types.SimpleNamespace(Flash=lambda: flash))
    return flash


def blobs():
    return [build(TFLITE, name).blob for name in ("one", "two", "three")]


def put(blob, piece=1000):
    writer = tinyinfer.SlotWriter(len(blob))
    for at in range(0, len(blob), piece):
        writer.write(blob[at : at + piece])
    writer.commit(zlib.crc32(blob))


def loaded():
    return tinyinfer.load_slot().name


def test_the_last_one_counts(flash):
    with pytest.raises(ValueError, match="there is no model in this board's slots"):
        tinyinfer.load_slot()
    for name, blob in zip(("one", "two", "three", "one"), [*blobs(), blobs()[0]]):
        put(blob, 1 if name == "two" else 5000)
        assert loaded() == name
        tinyinfer.load_slot().selftest()


def test_power_fails_at_every_write(flash):
    """The old model counts until the new one is committed, and either can then be replaced."""
    one, two, three = blobs()
    put(one)
    put(two)
    before = bytes(flash)
    flash.writes = 0
    put(three)
    writes = flash.writes
    assert writes > len(three) // PAGE
    for fails_at in range(1, writes + 1):
        flash[:] = before
        flash.writes, flash.fails_at = 0, fails_at
        with pytest.raises(PowerCut):
            put(three)
        assert loaded() == "two"
        tinyinfer.load_slot().selftest()
        flash.fails_at = None
        put(three)
        assert loaded() == "three"


def test_damage(flash):
    """A damaged model is passed over, and the good one beside it is not the one that is replaced."""
    one, two, three = blobs()
    put(one)
    put(two)
    at = flash.index(two) + 5000
    flash[at] ^= 1
    assert loaded() == "one"
    flash.writes, flash.fails_at = 0, 20
    with pytest.raises(PowerCut):
        put(three)
    assert loaded() == "one"
    flash.fails_at = None
    put(three)
    assert loaded() == "three"
    for blob in (one, three):
        flash[flash.index(blob) + 5000] ^= 1
    with pytest.raises(ValueError, match="damaged"):
        tinyinfer.load_slot()


def test_what_is_refused(flash):
    one, two, _ = blobs()
    put(one)
    with pytest.raises(ValueError, match=f"has {SLOT_BYTES} bytes, and a slot takes {SLOT_BYTES - PAGE}"):
        tinyinfer.SlotWriter(SLOT_BYTES)
    writer = tinyinfer.SlotWriter(len(two))
    with pytest.raises(ValueError, match="longer"):
        writer.write(two + b"x")
    writer.write(two[:-4])
    with pytest.raises(ValueError, match="did not arrive whole"):
        writer.commit(zlib.crc32(two))
    writer.write(b"\0\0\0\0")
    with pytest.raises(ValueError, match="did not arrive whole"):
        writer.commit(zlib.crc32(two))
    assert loaded() == "one"


def test_no_slots(flash, monkeypatch):
    flash[:] = b"\xff" * len(flash)
    with pytest.raises(OSError, match="no slots"):
        tinyinfer.load_slot()
    monkeypatch.setitem(sys.modules, "rp2", None)
    with pytest.raises(OSError, match="RP2"):
        tinyinfer.load_slot()


# ---- on an emulated Pico ----


PICO_SLOT_BYTES = 150 * SECTOR  # so that the file system is soon full
LOAD = "import tinyinfer, uctypes\nm = tinyinfer.load_slot()\nm.selftest()\nprint(m.name, uctypes.addressof(m._blob))"
FILL = """
try:
    with open("/fill", "wb") as f:
        while True:
            f.write(b"\\0" * 4096)
except OSError as e:
    print(e.errno)
"""


@pytest.fixture
def pico_flash(tmp_path):
    """The flash of a stock Pico with the library, and model "two" in the slot after "one"."""
    path = write_flash(tmp_path / "flash", firmware("RPI_PICO-stock"))
    with Pico(path) as pico:
        make_slots(pico, PICO_SLOT_BYTES)
        files = {f"/lib/{name}": data for name, data in library().items()}
        pico.put({**files, "/lib/_tinyinfer.mpy": native_module(), "/notes": b"kept"})
        for blob in blobs()[:2]:
            write_slot(pico, blob)
    return path


def test_slots_on_a_pico(pico_flash):
    """They last, the model is read where it lies, and the file systems keep to their parts of the flash."""
    two = blobs()[1]
    content = pico_flash.read_bytes()
    with Pico(pico_flash) as pico:
        assert pico.exec(LOAD).split() == ["two", str(XIP + content.index(two))]
        pico.put({"/boot.py": b"x = 12"})
        assert int(pico.exec(FILL)) == errno.ENOSPC
        pico.reset()
        assert pico.exec("print(x, open('/notes').read())") == "12 kept\n"
        assert pico.exec(LOAD).startswith("two ")
    after = pico_flash.read_bytes()
    assert after[-2 * PICO_SLOT_BYTES :] == content[-2 * PICO_SLOT_BYTES :]
    assert after[: STORAGE_AT + 2 * SECTOR] == content[: STORAGE_AT + 2 * SECTOR]


def test_power_fails_on_a_pico(pico_flash, request):
    three = blobs()[2]
    writes = -(-(len(three) + PAGE) // SECTOR) * (1 + SECTOR // PAGE) + 1
    points = range(1, writes + 1) if request.config.getoption("--run-slow") else (1, 2, writes // 2, writes)
    before = pico_flash.read_bytes()
    for fails_at in points:
        pico_flash.write_bytes(before)
        with Pico(pico_flash, fails_at) as pico, pytest.raises(PowerFailed):
            write_slot(pico, three)
        with Pico(pico_flash) as pico:
            assert pico.exec(LOAD).startswith("two ")
            assert pico.exec("print(open('/notes').read())") == "kept\n"
            write_slot(pico, three)
            assert pico.exec(LOAD).startswith("three ")
    with Pico(pico_flash, writes + 1) as pico:  # the writes were all of it
        write_slot(pico, blobs()[0])
