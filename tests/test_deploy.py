"""`packer deploy` onto emulated boards over their serial ports, by mpremote and by ampy, with cables that are pulled."""

import base64
import json
import os
import pty
import sys
import types
import zlib

import pytest
from conftest import ROOT
from packer import build, deploy, library
from packer.cli import main
from packer.errors import PackerError
from packer.link import Link, LinkError
from support import serial_port
from support.serial_port import Cable

from rp2040.pico import XIP, Pico, firmware, write_flash

DIGITS = ROOT / "examples" / "digits" / "digits_int8.tflite"
NATMODS = ROOT / "build" / "natmod"
LIBRARY = {"__init__", "_blob", "_convert", "_errors", "_float_bits", "_model", "_parts", "_pool", "_profile", "_slot", "_stream", "_tensor"}
CHECK = "import tinyinfer\nm = tinyinfer.load('/digits_int8.tin')\nm.selftest()\nprint(tinyinfer.backend)"
CRC = """
import binascii, os
def look(folder):
    for name in os.listdir(folder or "/"):
        path = folder + "/" + name
        try:
            look(path)
        except OSError:
            print(path, binascii.crc32(open(path, "rb").read()))
look("")
"""
FILL = """
import os
with open("/fill", "wb") as f:
    for _ in range(os.statvfs("/")[3] - 4):
        f.write(bytes(4096))
"""
OLD, NEW = bytes(range(256)) * 9, bytes(range(255, -1, -1)) * 9


@pytest.fixture
def flash(tmp_path):
    """The flash of a stock Pico."""
    return write_flash(tmp_path / "flash", firmware("RPI_PICO-stock"))


@pytest.fixture
def models(tmp_path):
    """Two blobs of one size, as m.tin was and as it is to be."""
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.tin").write_bytes(build(DIGITS.read_bytes(), name).blob)
    return [tmp_path / name / "m.tin" for name in ("old", "new")]


def run(*args):
    return main(["deploy", *map(str, args)])


def answer(capsys, *args):
    """The JSON object that a deploy prints."""
    capsys.readouterr()
    assert run(*args, "--json") == 0
    return json.loads(capsys.readouterr().out)


def crcs(pico):
    """{path: CRC-32} of all files."""
    pico.connect()
    return {path: int(crc) for path, crc in (line.split() for line in pico.exec(CRC).splitlines())}


def crc(path):
    return zlib.crc32(path.read_bytes())


def put(port, data, via="mpremote"):
    """Bring one file, /m.tin, onto a board."""
    with Link(port, via) as link:
        deploy.put_files(link, deploy.ask(link), {"/m.tin": data})


# ---- on a Pico ----


def test_stock_pico(flash, models, capsys):
    """All is there, works, and is not sent again; nothing is left that was not asked for, or would be in the way."""
    with Pico(flash) as pico:
        pico.put({"/lib/tinyinfer/_model.py": b"1 / 0", "/x.tin.deploy": b"half", "/keep.py": b"x = 1"})
        done = answer(capsys, DIGITS, "--port", pico.port)
        assert done["backend"] == "native armv6m" and done["firmware"] == "micropython 1.25.0"
        names = {f"/lib/tinyinfer/{name}.mpy" for name in LIBRARY}
        assert {file["path"] for file in done["files"]} == names | {"/lib/_tinyinfer.mpy", "/digits_int8.tin"}
        assert all(file["sent"] for file in done["files"])
        found = crcs(pico)
        assert found.pop("/keep.py") == zlib.crc32(b"x = 1")
        assert found == {file["path"]: file["crc32"] for file in done["files"]}
        assert pico.exec(CHECK) == "native armv6m, assembly\n"

        with Cable(pico.serial, 10000) as cable:
            assert run(models[0], "--port", cable.port) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"packer: {cable.port}: the board does not answer any more") and said.count("\n") == 1
        done = answer(capsys, models[0], "--port", pico.port, "--via", "ampy")
        assert [file["path"] for file in done["files"] if file["sent"]] == ["/m.tin"]

        assert run(DIGITS, "--port", pico.port) == 0
        text = capsys.readouterr().out
        assert text.count("was there") == len(LIBRARY) + 2 and "sent" not in text
        assert 'tinyinfer.load("/digits_int8.tin")' in text and max(map(len, text.splitlines())) <= 100


def test_pico_with_the_user_module(tmp_path, capsys):
    """It needs no native module, and gets none."""
    with Pico(write_flash(tmp_path / "flash", firmware("RPI_PICO"))) as pico:
        done = answer(capsys, DIGITS, "--port", pico.port, "--natmods", tmp_path)
        assert done["backend"] == "user module, assembly" and "/lib/_tinyinfer.mpy" not in crcs(pico)
        assert pico.exec(CHECK) == "user module, assembly\n"


@pytest.mark.parametrize("via", ["mpremote", "ampy"])
def test_the_cable_is_pulled(flash, via):
    """Wherever that is, the old file is whole until the new one is; the next time mends and tidies."""
    with Pico(flash) as pico:
        put(pico.port, OLD)
        with Cable(pico.serial) as cable:
            put(cable.port, NEW, via)
        assert crcs(pico) == {"/m.tin": zlib.crc32(NEW)}
        put(pico.port, OLD)
        start = cable.sent - len(NEW) * 4 // 3 - 500  # of sending the file
        left_aside = 0
        for pulled_after in (2, start // 2, start + 1500, cable.sent - 200, cable.sent - 20):
            with Cable(pico.serial, pulled_after) as pulled, pytest.raises(LinkError, match=f"^{pulled.port}: "):
                put(pulled.port, NEW, via)
            found = crcs(pico)
            left_aside += found.pop("/m.tin.deploy", None) is not None
            assert found in ({"/m.tin": zlib.crc32(OLD)}, {"/m.tin": zlib.crc32(NEW)}), pulled_after
        assert left_aside >= 1
        put(pico.port, NEW, via)
        assert crcs(pico) == {"/m.tin": zlib.crc32(NEW)}


def test_power_fails(flash):
    """The same in the middle of a write to flash."""
    with Pico(flash) as pico:
        put(pico.port, OLD)
    content = flash.read_bytes()
    failed = 0
    for fails_at in (2, 9, 16):
        flash.write_bytes(content)
        with Pico(flash, fails_at) as pico:
            try:
                put(pico.port, NEW)
            except LinkError:
                failed += 1
        with Pico(flash) as pico:
            found = crcs(pico)
            found.pop("/m.tin.deploy", None)
            assert found in ({"/m.tin": zlib.crc32(OLD)}, {"/m.tin": zlib.crc32(NEW)}), fails_at
            put(pico.port, NEW)
            assert crcs(pico) == {"/m.tin": zlib.crc32(NEW)}
    assert failed >= 2


def test_no_room(flash):
    with Pico(flash) as pico:
        put(pico.port, OLD)
        pico.connect()
        pico.exec(FILL)
        with pytest.raises(PackerError, match="/m.tin, 20,000 B, cannot be written: its file system is full.*; what was there is kept"):
            put(pico.port, bytes(20000))
        pico.connect()
        pico.exec("import os\nos.remove('/fill')")
        assert crcs(pico) == {"/m.tin": zlib.crc32(OLD)}


def test_what_arrives_wrong(flash, monkeypatch):
    """What the board has is what decides."""
    with Pico(flash) as pico:
        with Link(pico.port, "mpremote") as link, pytest.raises(LinkError, match="the board said '7 alarms"):
            link.value("print('7 alarms')")
        put(pico.port, OLD)
        monkeypatch.setattr(deploy, "base64", types.SimpleNamespace(b64encode=lambda data: base64.b64encode(data[:-1] + b"?")))
        with pytest.raises(PackerError, match="did not arrive as it was sent; what was there is kept"):
            put(pico.port, NEW)
        assert crcs(pico) == {"/m.tin": zlib.crc32(OLD)}


# ---- slots ----

SLOT = "import tinyinfer, uctypes\nm = tinyinfer.load_slot()\nm.selftest()\nprint(m.name, uctypes.addressof(m._blob))"
# As if Ctrl-C, which ampy sends after a reset, came before boot.py was done.
NO_BOOT = "import rp2, vfs\nvfs.umount('/')\nvfs.mount(vfs.VfsLfs2(rp2.Flash(), progsize=256), '/')"


def test_slots(flash, models, capsys):
    """They are made when that is asked for; the model is read where it lies; a pulled cable leaves the old one."""
    old, new = models
    with Pico(flash) as pico:
        pico.put({"/keep.py": b"x = 1"})
        assert run(old, "--port", pico.port, "--slot") == 1
        assert "no slots for models; --make-slots makes two of 65,536 B, and ERASES" in capsys.readouterr().err
        assert crcs(pico).keys() == {"/keep.py"}
        done = answer(capsys, old, "--port", pico.port, "--slot", "--make-slots", "12k")
        assert done["files"][-1] == {"path": "slot", "bytes": len(old.read_bytes()), "crc32": crc(old), "sent": True}
        assert all(file["sent"] for file in done["files"]) and len(crcs(pico)) == len(LIBRARY) + 1
        assert pico.exec(SLOT).split() == ["old", str(XIP + flash.read_bytes().index(old.read_bytes()))]

        assert not any(file["sent"] for file in answer(capsys, old, "--port", pico.port, "--slot")["files"])
        with Cable(pico.serial, 12000) as cable:
            assert run(new, "--port", cable.port, "--slot") == 1
        pico.connect()
        pico.reset()
        assert pico.exec(SLOT).startswith("old ")
        pico.connect()
        with Cable(pico.serial, on_reset=NO_BOOT) as cable:
            done = answer(capsys, new, "--port", cable.port, "--slot", "--via", "ampy")
        assert [file["path"] for file in done["files"] if file["sent"]] == ["slot"]
        pico.connect()
        assert pico.exec(SLOT).startswith("new ")

        new.write_bytes(build(DIGITS.read_bytes(), "large", {"note": "x" * 5000}).blob)
        capsys.readouterr()
        for options, said in {
            (): "and the board's slots take 12,032; --make-slots makes larger ones",
            ("--make-slots", "2m"): "two slots of 2097152 bytes do not fit",
            ("--make-slots", "5000"): "no multiple of 4096; take 8192",
        }.items():
            assert run(new, "--port", pico.port, "--slot", *options) == 1
            assert said in capsys.readouterr().err
        pico.connect()
        assert pico.exec(SLOT).startswith("new ")


# ---- on QEMU's boards, whose file system is FAT ----


@pytest.mark.parametrize("name, arch, via", [
    ("QEMU_MICROBIT", "armv6m", "mpremote"),
    ("QEMU_MPS2_AN385", "armv7m", "ampy"),
    ("QEMU_MPS2_AN386", "armv7emsp", "mpremote"),
    ("QEMU_MPS2_AN505", "armv7emsp", "ampy"),
    ("QEMU_VIRT_RV32", "rv32imc", "mpremote"),
])  # fmt: skip
def test_qemu(name, arch, via, models, capsys):
    """Each gets the module that runs on it; files are replaced, and a pulled cable leaves the old one."""
    old, new = models
    with serial_port.qemu(name) as (board, mount):
        with Cable(board, on_reset=mount) as cable:
            done = answer(capsys, old, "--port", cable.port, "--via", via)
        assert done["backend"] == f"native {arch}"
        load = "m = tinyinfer.load('/m.tin')\nm.selftest()\nprint(m.name)"
        with Cable(board, 9000, on_reset=mount) as cable:
            assert run(new, "--port", cable.port, "--via", via) == 1
        serial_port.interrupt(board)
        assert serial_port.run(board, "import tinyinfer\n" + load) == "old\n"
        assert "m.tin.deploy" in serial_port.run(board, "import os\nprint(os.listdir('/'))")
        with Cable(board, on_reset=mount) as cable:
            assert run(new, "--port", cable.port, "--via", via) == 0
        serial_port.interrupt(board)
        assert serial_port.run(board, "import tinyinfer\n" + load) == "new\n"
        assert serial_port.run(board, "print(tinyinfer.backend)").startswith(f"native {arch}, ")
        assert ".deploy" not in serial_port.run(board, "import os\nprint(os.listdir('/'))")


def test_a_board_without_a_file_system(capsys):
    lib = "import sys\nsys.path.append('/lib')"
    with serial_port.qemu("QEMU_MPS2_AN385") as (board, _), Cable(board, on_reset=lib) as cable:
        assert run(DIGITS, "--port", cable.port) == 1
    assert "has no file system that can be written" in capsys.readouterr().err
    with serial_port.qemu("QEMU_MPS2_AN385") as (board, _), Cable(board) as cable:
        assert run(DIGITS, "--port", cable.port) == 1
    assert "sys.path has no folder /lib" in capsys.readouterr().err


# ---- what fits ----


def test_architectures():
    """Each gets its own module, but those whose name says more or less than what they run."""
    modules = library.native_modules(NATMODS)
    for number, name in enumerate(library.ARCHS):
        mpy = 6 | 3 << 8 | number << 10
        assert library.arch_of(mpy) == library.arch_of(mpy | 1 << 16) == name  # newer firmware has flags above
        if name in ("armv6", ""):
            with pytest.raises(PackerError):
                library.fitting_module(mpy, modules)
        elif name in modules or name == "armv7em":
            arch, data = library.fitting_module(mpy, modules)
            assert arch == {"armv7em": "armv7m"}.get(name, name)
            assert library.ARCHS[data[2] >> 2] == arch
    emdp = 6 | 3 << 8 | library.ARCHS.index("armv7emdp") << 10
    assert library.fitting_module(emdp, {"armv7emsp": modules["armv7emsp"]})[0] == "armv7emsp"


def test_modules_of_another_version():
    modules = library.native_modules(NATMODS)
    with pytest.raises(PackerError, match=r"loads native modules of .mpy version 6.2, and .* is of 6.3"):
        library.fitting_module(6 | 2 << 8 | 4 << 10, modules)


def test_one_module(tmp_path):
    """A _tinyinfer.mpy says itself what it is for."""
    for arch, path in library.native_modules(NATMODS).items():
        assert library.native_modules(path) == {arch: path}
    (tmp_path / "x.mpy").write_bytes(b"M\x06\0\x1f")  # bytecode
    with pytest.raises(PackerError, match="x.mpy is no native module for MicroPython"):
        library.native_modules(tmp_path / "x.mpy")


def test_modules_that_are_not_there(tmp_path):
    with pytest.raises(PackerError, match="no native modules in .*: build them with `make natmods`"):
        library.native_modules(tmp_path)
    with pytest.raises(PackerError, match="no native module for armv6, only for .*armv6m.*`make natmod ARCHS=armv6`"):
        library.fitting_module(6 | 3 << 8 | library.ARCHS.index("armv6") << 10, library.native_modules(NATMODS))


def board(**facts):
    known = {"implementation": "micropython", "version": (1, 25, 0), "mpy": 6, "machine": "?", "built_in": None, "lib": "/flash/lib"}
    return deploy.Board(**{**known, **facts})


def test_circuitpython_gets_sources():
    """And whatever else takes no .mpy of this mpy-cross."""
    for mpy in (0, 5):
        this = board(implementation="circuitpython" if not mpy else "micropython", mpy=mpy)
        runs, module = deploy.backend(this)
        files = deploy.library_files(this, runs, module)
        assert runs == "pure Python" and module is None
        assert "/flash/lib/tinyinfer/_pure_kernels.py" in files and all(path.endswith(".py") for path in files)
    assert all(path.endswith(".mpy") for path in deploy.library_files(board(), "pure Python", None))


# ---- what goes wrong before ----


def test_ports(tmp_path, capsys, monkeypatch):
    assert run(DIGITS, "--port", tmp_path / "none") == 1
    assert "none cannot be opened: see that the board is plugged in" in capsys.readouterr().err
    assert run(DIGITS, "--port", tmp_path / "none", "--via", "ampy") == 1
    assert "none cannot be opened: see that the board is plugged in" in capsys.readouterr().err
    monkeypatch.setattr("packer.link._SECONDS", 1)
    end, plug = pty.openpty()
    assert run(DIGITS, "--port", os.ttyname(plug)) == 1
    assert "no Python prompt answers" in capsys.readouterr().err
    os.close(end)
    os.close(plug)


def test_files_that_are_no_models(tmp_path, capsys):
    (tmp_path / "m.tin").write_bytes(b"TINF" + bytes(100))
    assert run(tmp_path / "m.tin", "--port", "none") == 1
    assert "m.tin" in capsys.readouterr().err
    assert run(DIGITS, "--port", "none", "--make-slots") == 1
    assert "--make-slots belongs to --slot" in capsys.readouterr().err


@pytest.mark.parametrize("via, module", [("mpremote", "mpremote.transport_serial"), ("ampy", "ampy.pyboard")])
def test_the_extra_is_missing(via, module, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    assert run(DIGITS, "--port", "none", "--via", via) == 1
    assert capsys.readouterr().err == f"packer: {via} is not installed: pip install 'tinyinfer[deploy]'\n"
