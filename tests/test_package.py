"""What `pip install` gives is whole: every module, the C core, and a packer that works away from the source tree."""

import configparser
import os
import shutil
import subprocess
import sys
import zipfile

import packer
import pytest
import tinyinfer
from conftest import ROOT, built
from packer import runtime


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from the source distribution, so that a file missing from either is missed."""
    dist = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "setup.py", "-q", "sdist", "--dist-dir", dist], cwd=ROOT, check=True)
    (sdist,) = dist.iterdir()
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", dist, sdist]
    subprocess.run(pip, cwd=dist, check=True)
    (wheel,) = dist.glob("*.whl")
    return wheel


def test_every_module_is_in_the_wheel(wheel):
    files = [path.relative_to(folder)
             for folder in (ROOT / "host_tools", ROOT / "device_lib")
             for kind in ("*.py", "*.pyi") for path in folder.rglob(kind)]  # fmt: skip
    assert len(files) > 20
    assert {str(path) for path in files} | {"packer/_core.abi3.so"} <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_packs_a_model(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = (
        "import packer, packer.core, sys; from packer.cli import main\n"
        f"assert packer.__file__.startswith({str(tmp_path)!r}), packer.__file__\n"
        "sys.exit(main())"
    )
    model = ROOT / "examples" / "digits" / "digits_int8.tflite"
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "MICROPY_DIR": str(runtime._micropython())}
    env.pop("TINYINFER_CORE", None)
    options = "-o", "digits.tin", "--board", "rpi_pico", "--with-runtime"
    subprocess.run([sys.executable, "-c", script, "build", model, *options], cwd=tmp_path, env=env, check=True)
    assert (tmp_path / "digits.tin").read_bytes().startswith(b"TINF")
    assert (tmp_path / "_tinyinfer.mpy").read_bytes().startswith(b"M\x06")


def test_native_modules_come_along(tmp_path):
    """Those that were built where the package is."""
    for name in ("host_tools", "device_lib", "native_modules", "boards"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(built("natmod/armv6m", "natmods"), tmp_path / "build" / "natmod" / "armv6m")
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path / "dist", tmp_path]
    subprocess.run(pip, cwd=tmp_path, check=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    script = "from packer import library; print(*library.native_modules().values())"
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "site", env=env, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [str(tmp_path / "site" / "packer" / "natmod" / "armv6m" / "_tinyinfer.mpy")]


def test_versions_agree():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert packer.__version__ == tinyinfer.version == setup["metadata"]["version"]
