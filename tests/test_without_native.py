"""Digits and hello_world where no native module runs: CPython, MicroPython's unix port, the same with no more than what
CircuitPython has, and the WebAssembly port under node."""

import base64
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, built
from packer import build, oracle
from packer.edges import scale_of
from packer.inspect import Blob

LIBRARY = ROOT / "device_lib"
DIGITS = ROOT / "examples" / "digits"
SAMPLES = sorted((DIGITS / "samples").glob("*.pgm"))
LABELS = [str(digit) for digit in range(10)]
PORTS = ["CPython", "MicroPython", "what CircuitPython has", "WebAssembly"]

ANSWERS = """
import json
import tinyinfer

assert tinyinfer.backend == "pure Python", tinyinfer.backend
m = tinyinfer.load("model.tin")
m.selftest()
with open("cases.json") as f:
    cases = json.load(f)
answers = []
for raw, real in cases:
    answer = list(bytes(m(bytes(raw)).data))
    answers.append(answer)
    m.input.set(real)
    for _ in m.steps():
        pass
    assert list(bytes(m.output.data)) == answer
assert m.profile()
print(json.dumps([repr(m), answers]))
"""

PROGRAM = f"""
import classify
classify.run("model.tin", {[path.name for path in SAMPLES]})
"""


def encoded(files):
    """{path: base64} of {path: bytes}."""
    return {path: base64.b64encode(data).decode() for path, data in files.items()}


def on_webassembly(script, files):
    installed = built("webassembly/installed", "webassembly").parent
    library = {f"/lib/{path.relative_to(LIBRARY)}": path.read_bytes() for path in LIBRARY.rglob("*.py")}
    request = {
        "files": encoded({**library, **{f"/files/{name}": data for name, data in files.items()}}),
        "script": f"import os, sys\nsys.path.append('/lib')\nos.chdir('/files')\n{script}",
    }
    command = ["node", ROOT / "tests" / "webassembly" / "run.mjs", installed]
    return subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, timeout=300)


def in_a_process(port, script, files, folder):
    program, path = sys.executable, [folder, LIBRARY]
    if port == "MicroPython":
        program = built("unix/micropython", "unix")
    elif port == "what CircuitPython has":
        program, path = built("unix-circuitpython/micropython", "unix"), [folder, ROOT / "tests" / "circuitpython", LIBRARY]
    for name, data in files.items():
        (folder / name).write_bytes(data)
    path = ":".join(map(str, path))
    env = {**os.environ, "MICROPYPATH": path, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1"}
    return subprocess.run([program, "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def run(port, script, files, folder):
    """What a script prints on a port, with files beside it."""
    done = on_webassembly(script, files) if port == "WebAssembly" else in_a_process(port, script, files, folder)
    assert done.returncode == 0, f"{port}: {done.stdout}{done.stderr}"
    return done.stdout


def check(port, model, name, raws, folder):
    """Outputs for raw inputs, int8 arrays, and for their real values are TFLite Micro's."""
    blob = build(model, name).blob
    (io,) = Blob(blob).inputs
    reals = [((raw.astype(int) - io["zero_point"]) * scale_of(io)).astype(float).ravel().tolist() for raw in raws]
    cases = [[raw.view(np.uint8).ravel().tolist(), real] for raw, real in zip(raws, reals)]
    text, answers = json.loads(run(port, ANSWERS, {"model.tin": blob, "cases.json": json.dumps(cases).encode()}, folder))
    assert text.startswith(f"<Model {name}: int8[")
    expected = oracle.run_many(model, [[raw] for raw in raws])
    assert [bytes(answer) for answer in answers] == [output.tobytes() for (output,) in expected]


@pytest.mark.parametrize("port", PORTS)
def test_digits(port, tmp_path):
    model = (DIGITS / "digits_int8.tflite").read_bytes()
    random = np.random.default_rng(8)
    check(port, model, "digits", random.integers(-128, 128, (4, 1, 8, 8, 1), np.int8), tmp_path)


@pytest.mark.parametrize("port", PORTS)
def test_hello_world(port, models, tmp_path):
    model = (models / "hello_world_int8.tflite").read_bytes()
    check(port, model, "hello_world", np.arange(-128, 128, 17, np.int8).reshape(-1, 1, 1), tmp_path)


@pytest.mark.parametrize("port", PORTS)
def test_the_example_is_right_about_its_samples(port, tmp_path):
    blob = build((DIGITS / "digits_int8.tflite").read_bytes(), "digits", {"labels": LABELS}).blob
    files = {"model.tin": blob, "classify.py": (DIGITS / "classify.py").read_bytes()}
    text = run(port, PROGRAM, {**files, **{path.name: path.read_bytes() for path in SAMPLES}}, tmp_path)
    right = re.findall(r"^(\d)_\d+.pgm: (\d)", text, re.MULTILINE)
    assert len(right) == len(SAMPLES) and sum(truth == answer for truth, answer in right) >= len(SAMPLES) - 1
    assert "backend pure Python" in text
