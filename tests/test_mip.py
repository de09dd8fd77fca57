"""`packer mip`: MicroPython's own mip installs from that folder, and what it ends in runs on every architecture at hand."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import types

import mpremote.main
import pytest
from conftest import ROOT, built
from packer import build
from packer.cli import main

from rp2040.pico import Pico, firmware, write_flash

DIGITS = ROOT / "examples" / "digits" / "digits_int8.tflite"
INSTALL = 'import mip\nmip.install("{url}/package.json")\n'
RUN = 'import tinyinfer\nm = tinyinfer.load("digits.tin")\nm.selftest()\nprint(tinyinfer.backend)\n'


class Server(http.server.ThreadingHTTPServer):
    """Serves `folder` on the loopback; `cut`: after so many bytes of native modules."""

    cut = None

    def __init__(self, folder):
        self.asked = []
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.SimpleHTTPRequestHandler):
    def copyfile(self, source, to):
        self.server.asked.append(self.path)
        to.write(source.read(self.server.cut if self.path.endswith("/_tinyinfer.mpy") else None))

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    with Server(folder) as server:
        assert main(["mip", server.url, "-o", str(folder), "--natmods", str(built("natmod", "natmods"))]) == 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def micropython(tmp_path):
    """Runs code on a unix port with MicroPython's mip, in a folder with a model and an empty lib/; (status, what it says)."""
    source = os.environ.get("MICROPY_DIR") or built("micropython", "micropython")
    (mip,) = (ROOT / source / "lib" / "micropython-lib").glob("*/mip/mip/__init__.py")
    (requests,) = (ROOT / source / "lib" / "micropython-lib").glob("*/requests/requests/__init__.py")
    (tmp_path / "lib").mkdir()
    (tmp_path / "digits.tin").write_bytes(build(DIGITS.read_bytes(), "digits").blob)
    path = f"{tmp_path / 'lib'}:{mip.parents[1]}:{requests.parents[1]}"

    def run(code, port="unix"):
        program = built(f"{port}/micropython", "unix")
        done = subprocess.run([program, "-c", code], cwd=tmp_path, env={"MICROPYPATH": path}, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize("port, backend, arch", [
    ("unix", "native x64, SSE2", "x64"), ("unix-x86", "native x86, C", "x86"), ("unix-usermod", "user module, SSE2", None),
])  # fmt: skip
def test_mip(server, micropython, tmp_path, port, backend, arch):
    """The right module comes, once, and there is no need of a network from then on."""
    status, said = micropython(INSTALL.format(url=server.url) + RUN, port)
    assert status == 0 and said.splitlines()[-1] == backend, said
    modules = [path for path in server.asked if path.endswith("/_tinyinfer.mpy")]
    assert modules == ([f"/{arch}/_tinyinfer.mpy"] if arch else [])
    assert not list((tmp_path / "lib" / "tinyinfer").glob("_pure*"))
    server.asked.clear()
    status, said = micropython(RUN, port)
    assert (status, said) == (0, backend + "\n") and not server.asked
    if arch:
        assert [path.name for path in (tmp_path / "lib").glob("_tinyinfer*")] == ["_tinyinfer.mpy"]
        status, said = micropython(INSTALL.format(url=server.url) + RUN, port)  # again: the module is there
        assert status == 0 and not any(path.endswith("/_tinyinfer.mpy") for path in server.asked)


def test_a_cut_connection(server, micropython, tmp_path):
    """Nothing half is imported, what goes wrong is said, and the next import tries again."""
    server.cut = 20000
    status, said = micropython(INSTALL.format(url=server.url) + RUN)
    assert status == 1 and f"RuntimeError: tinyinfer's native module did not arrive whole from {server.url}" in said
    assert not (tmp_path / "lib" / "_tinyinfer.mpy").exists()
    server.cut = None
    status, said = micropython(RUN)
    assert status == 0 and said.endswith("Done\nnative x64, SSE2\n")
    assert micropython(RUN) == (0, "native x64, SSE2\n")


def test_no_network(server, micropython, tmp_path):
    assert micropython(INSTALL.format(url=server.url))[0] == 0
    server.shutdown()
    server.server_close()
    status, said = micropython(RUN)
    assert status == 1
    assert f"connect the network, or install it from a computer, mpremote mip install {server.url}/x64/package.json" in said
    shutil.copy(tmp_path / "served" / "x64" / "_tinyinfer.mpy", tmp_path / "lib")
    assert micropython(RUN) == (0, "native x64, SSE2\n")


def test_no_module(server, micropython, tmp_path):
    """For another architecture, or another version of .mpy."""
    chooser = tmp_path / "served" / "_tinyinfer.py"
    text = chooser.read_text()
    for change, words in {
        ("2: ('x64'", "12: ('x64'"): "has no native module for this firmware (.mpy architecture 2)",
        ("2: ('x64', 774", "2: ('x64', 518"): "has a native module of .mpy version 6.2, and this firmware loads 6.3",
    }.items():
        assert change[0] in text
        chooser.write_text(text.replace(*change))
        status, said = micropython(INSTALL.format(url=server.url) + RUN)
        assert status == 1 and words in said


def test_firmware_without_native_code(server, tmp_path, monkeypatch):
    """Its mip, which is not run here, is asked for the kernels in Python; the import then fails as if nothing were there."""
    asked = []
    monkeypatch.setitem(sys.modules, "mip", types.SimpleNamespace(install=lambda url, target: asked.append((url, target))))
    monkeypatch.setattr(sys.implementation, "_mpy", 6, raising=False)
    chooser = tmp_path / "_tinyinfer.py"
    chooser.write_bytes((tmp_path / "served" / "_tinyinfer.py").read_bytes())
    with pytest.raises(ImportError, match="no native code"):
        exec(chooser.read_text(), {"__file__": str(chooser), "__name__": "_tinyinfer"})
    assert asked == [(f"{server.url}/pure/package.json", str(tmp_path))] and not chooser.exists()
    names = [target for target, _ in json.loads((tmp_path / "served" / "pure" / "package.json").read_text())["urls"]]
    library = ROOT / "device_lib" / "tinyinfer"
    assert sorted(names) == sorted(f"tinyinfer/{path.stem}.mpy" for path in library.glob("_pure*.py"))


def test_from_a_computer(server, tmp_path, monkeypatch):
    """mpremote's mip, onto a Pico that has no network."""
    with Pico(write_flash(tmp_path / "flash", firmware("RPI_PICO-stock"))) as pico:
        monkeypatch.setattr(sys, "argv", ["mpremote", "connect", pico.port, "mip", "install", f"{server.url}/armv6m/package.json"])
        assert mpremote.main.main() == 0
        pico.connect()
        assert pico.exec("import tinyinfer\nprint(tinyinfer.backend)") == "native armv6m, assembly\n"


def test_urls(capsys, tmp_path):
    assert main(["mip", "example.org/x", "-o", str(tmp_path / "mip")]) == 1
    assert "is no address for mip: write it like https://example.org/tinyinfer" in capsys.readouterr().err
    assert not (tmp_path / "mip").exists()
