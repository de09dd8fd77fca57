"""Run blobs on MicroPython's unix port, with the device library and the native module as on a board."""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import PackerError

_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class UnixPort:
    """A micropython executable, and the native .mpy that goes with it (None where the module is compiled in)."""

    executable: Path
    native_module: "Path | None"


def find_unix_port():
    """The unix port: TINYINFER_UNIX (with TINYINFER_NATMOD), or what `make unix` built. PackerError if there is none."""
    build = Path(__file__).resolve().parents[2] / "build"
    executable = Path(os.environ.get("TINYINFER_UNIX", build / "unix" / "micropython"))
    module = Path(os.environ.get("TINYINFER_NATMOD", build / "natmod" / "x64" / "_tinyinfer.mpy"))
    if not executable.is_file():
        raise PackerError(f"there is no MicroPython at {executable}; run `make unix`, or set TINYINFER_UNIX to one")
    return UnixPort(executable, module if module.is_file() else None)


def run_cases(port, blob, cases):
    """Run `blob` on `port` for each of `cases`, a list of lists of arrays as they lie in the pool.

    Returns (outputs, facts): a list of the bytes of all outputs of each case, and what device/run_cases.py printed.
    """
    library = importlib.util.find_spec("tinyinfer")
    if library is None:
        raise PackerError("the device library is not installed; run `pip install .` in the project")
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        shutil.copytree(Path(library.origin).parent, tmp / "lib" / "tinyinfer", ignore=shutil.ignore_patterns("__pycache__"))
        if port.native_module:
            shutil.copy(port.native_module, tmp / "lib")
        (tmp / "model.tin").write_bytes(blob)
        (tmp / "in.bin").write_bytes(b"".join(np.ascontiguousarray(a).tobytes() for case in cases for a in case))
        script = Path(__file__).parent / "device" / "run_cases.py"
        command = [str(port.executable), "-X", "heapsize=64M", str(script), "model.tin", "in.bin", "out.bin"]
        env = {**os.environ, "MICROPYPATH": str(tmp / "lib")}
        try:
            done = subprocess.run(command, cwd=tmp, env=env, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            raise PackerError(f"MicroPython did not finish within {_TIMEOUT_SECONDS} s; try fewer cases") from None
        if done.returncode:
            words = (done.stdout + done.stderr).strip().splitlines()
            raise PackerError(f"MicroPython stopped with status {done.returncode}: {words[-1] if words else 'no message'}")
        facts = json.loads(done.stdout.strip().splitlines()[-1])
        raw = (tmp / "out.bin").read_bytes()
    size = len(raw) // len(cases)
    return [raw[i * size : (i + 1) * size] for i in range(len(cases))], facts
