"""The device library on MicroPython's unix port, with each of its backends: runs tests/micropython/*.py."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, built
from packer import build, oracle
from packer.core import CoreModel
from packer.romfs import romfs_image
from packer.split import split
from packer.verify import make_cases

from support.recurrent import lstm_model, svdf_model, variable_model
from support.tflite_builder import Graph

SCRIPTS = ROOT / "tests" / "micropython"
LIBRARY = ROOT / "device_lib"
CIRCUITPYTHON = "what CircuitPython has"  # in 32 bits, tests/circuitpython
BACKENDS = ["native x64", "user module", "pure Python", CIRCUITPYTHON, "CPython"]
NAMES = {"native x64": "native x64, SSE2", "user module": "user module, SSE2", "CPython": "pure Python", CIRCUITPYTHON: "pure Python"}

# The C module's own affairs: pure Python minds no addresses, and allocates as it runs.
NATIVE_ONLY = {"allocations", "hostile", "misaligned"}
# Thousands of loads take pure Python a minute; tests/test_pure*.py hand it damaged blobs.
SLOW_IN_PYTHON = {"damaged"}
# About MicroPython's heap and file system.
MICROPYTHON_ONLY = {"flash", "pools"}
LEFT_OUT = {
    "pure Python": NATIVE_ONLY | SLOW_IN_PYTHON,
    CIRCUITPYTHON: NATIVE_ONLY | SLOW_IN_PYTHON | MICROPYTHON_ONLY,
    "CPython": NATIVE_ONLY | SLOW_IN_PYTHON | MICROPYTHON_ONLY,
}


def executable(variable, path):
    """A program that `make unix` built, or the one named by an environment variable."""
    found = Path(os.environ.get(variable) or ROOT / "build" / path)
    if not found.is_file():
        pytest.fail(f"{found} is missing: run `make unix`")
    return found


def native_module():
    """The folder of the x64 _tinyinfer.mpy."""
    found = Path(os.environ.get("TINYINFER_NATMOD") or ROOT / "build" / "natmod" / "x64" / "_tinyinfer.mpy")
    if not found.is_file():
        pytest.fail(f"{found} is missing: run `make natmod`")
    return found.parent


def interpreter(backend):
    """(program, import path) of a Python in which tinyinfer has that backend."""
    if backend == "CPython":
        return sys.executable, [LIBRARY]
    if backend == "user module":
        return executable("TINYINFER_UNIX_USERMOD", "unix-usermod/micropython"), [LIBRARY]
    if backend == CIRCUITPYTHON:
        return built("unix-circuitpython/micropython", "unix"), [ROOT / "tests" / "circuitpython", LIBRARY]
    program = executable("TINYINFER_UNIX", "unix/micropython")
    return program, [native_module(), LIBRARY] if backend == "native x64" else [LIBRARY]


def table_model(edge, shape, scale, zero_point):
    """LOGISTIC with int8 or uint8 edges; `zero_point` is the int8 one."""
    graph = Graph()
    if edge == "int8":
        x = graph.input(shape, scale, zero_point)
    else:
        x = graph.op("QUANTIZE", [graph.input(shape, scale, zero_point + 128, np.uint8)], shape, scale, zero_point)
    y = graph.op("LOGISTIC", [x], shape, 1 / 256, -128)
    graph.output(y if edge == "int8" else graph.op("QUANTIZE", [y], shape, 1 / 256, 0, np.uint8))
    return graph.finish()


def two_input_model():
    graph = Graph()
    x, y = graph.input((1, 6), 0.5, 0), graph.input((1, 6), 0.5, 0)
    graph.output(graph.op("ADD", [x, y], (1, 6), 0.5, 0))
    return graph.finish()


def sum_model():
    """The sum of all its inputs so far, from 10, 20, 30, 40 on."""
    graph, name = Graph(), {"container": "", "shared_name": "sum"}
    start = graph.subgraph("start")
    graph.node("CALL_ONCE", [], [], init_subgraph_index=start.index)
    at_start = start.op("VAR_HANDLE", [], (), dtype="resource", **name)
    start.node("ASSIGN_VARIABLE", [at_start, start.const(np.array([[10, 20, 30, 40]], np.int8), 1.0)], [])
    handle = graph.op("VAR_HANDLE", [], (), dtype="resource", **name)
    before = graph.op("READ_VARIABLE", [handle], (1, 4), 1.0)
    after = graph.op("ADD", [before, graph.input((1, 4), 1.0)], (1, 4), 1.0)
    graph.node("ASSIGN_VARIABLE", [handle, after], [])
    graph.output(after)
    return graph.finish()


def rescaling_model():
    """int16 of scale 1/4 to int32 of scale 1/2."""
    graph = Graph()
    graph.output(graph.op("QUANTIZE", [graph.input((1, 5), 0.25, 0, np.int16)], (1, 5), 0.5, 0, np.int32))
    return graph.finish()


def positive_model():
    """Which int32 are above 0?"""
    graph = Graph()
    zeros = graph.const(np.zeros((1, 5), np.int32))
    graph.output(graph.op("GREATER", [graph.input((1, 5), dtype=np.int32), zeros], (1, 5), dtype=np.bool_))
    return graph.finish()


def not_model():
    graph = Graph()
    graph.output(graph.op("LOGICAL_NOT", [graph.input((1, 3), dtype=np.bool_)], (1, 3), dtype=np.bool_))
    return graph.finish()


def in_parts(name, model, count, metadata=None):
    """Files for tests/micropython/parts.py: the parts of a model."""
    return {f"{name}.{k}.tin": part.blob for k, part in enumerate(split(model, name, metadata, count).parts)}


def with_answers(name, model, runs=50):
    """Files for tests/micropython/state.py: a model, the inputs of consecutive runs, TFLite Micro's outputs."""
    blob = build(model, name).blob
    cases = make_cases(CoreModel(blob).inputs, runs - 1)
    answers = oracle.run_many(model, cases)
    files = {".tin": blob, ".in": b"".join(a.tobytes() for case in cases for a in case),
             ".out": b"".join(a.tobytes() for answer in answers for a in answer)}  # fmt: skip
    return {name + end: data for end, data in files.items()}


@pytest.fixture(scope="session")
def blobs():
    digits = (ROOT / "examples" / "digits" / "digits_int8.tflite").read_bytes()
    labels = {"labels": [str(i) for i in range(10)]}
    digits_blob = build(digits, "digits", labels).blob
    parts = in_parts("digits", digits, 3, labels)
    in_flash = {"readme.txt": b"odd!!", "digits.tin": digits_blob, **parts}
    return {
        "digits.tin": digits_blob,
        "digits_stream.tin": build(digits, "digits", stream_input=True).blob,
        "digits_weights.tin": build(digits, "digits", {"labels": [str(i) for i in range(10)]}, stream_weights=True).blob,
        "digits_both.tin": build(digits, "digits", stream_input=True, stream_weights=True).blob,
        "sum_weights.tin": build(sum_model(), "sum", stream_weights=True).blob,
        "lstm_weights.tin": build(lstm_model(steps=3, in_c=5, units=4), "lstm", stream_weights=True).blob,
        "svdf_weights.tin": build(svdf_model(in_c=6, units=3, rank=2, memory=4), "svdf", stream_weights=True).blob,
        "two.tin": build(two_input_model(), "two").blob,
        "sum.tin": build(sum_model(), "sum").blob,
        **parts,
        **in_parts("halves", digits, 2),
        **in_parts("memory", variable_model(), 3),
        **with_answers("memory", variable_model()),
        **with_answers("lstm", lstm_model(steps=3, in_c=5, units=4)),
        **with_answers("svdf", svdf_model(in_c=6, units=3, rank=2, memory=4)),
        "int16.tin": build(rescaling_model(), "int16").blob,
        "int32.tin": build(positive_model(), "int32").blob,
        "bool.tin": build(not_model(), "bool").blob,
        "int8.tin": build(table_model("int8", (1, 5), 1 / 16, 0), "int8").blob,
        "uint8.tin": build(table_model("uint8", (1, 5), 1 / 16, 0), "uint8").blob,
        "models.romfs": romfs_image({f"models/{name}": data for name, data in in_flash.items()}),
    }


def run(backend, script, folder):
    """Run a script of tests/micropython in `folder`."""
    program, path = interpreter(backend)
    code = f"""
import sys, tinyinfer
assert tinyinfer.backend == {NAMES.get(backend, backend)!r}, tinyinfer.backend
sys.path.append({str(SCRIPTS)!r})
import {script}
"""
    path = ":".join(map(str, path))
    done = subprocess.run(
        [program, "-X", "heapsize=4M", "-c", code],
        cwd=folder,
        env={**os.environ, "MICROPYPATH": path, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{script}.py with {backend}: status {done.returncode}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "backend, script",
    [
        (backend, script)
        for backend in BACKENDS
        for script in sorted(p.stem for p in SCRIPTS.glob("*.py") if p.stem not in ("quantize", "serve"))
        if script not in LEFT_OUT.get(backend, ())
    ],
)
def test_script(backend, script, blobs, tmp_path):
    for name, data in blobs.items():
        (tmp_path / name).write_bytes(data)
    run(backend, script, tmp_path)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "scale, zero_point", [(1 / 16, 0), (0.1, -128), (0.0235, 5), (3.9e-3, 127), (7.3e-9, -3), (1.9e5, 44)]
)
def test_quantize_is_that_of_tflm(backend, scale, zero_point, tmp_path):
    """quantize() and dequantize() give the bytes of TFLite Micro's QUANTIZE and DEQUANTIZE."""
    shape = (1, 256)
    rng = np.random.default_rng(7)
    halves = ((np.arange(-128, 128) - zero_point + 0.5) * np.float32(scale)).astype(np.float32)
    values = np.stack([
        rng.uniform(-150, 150, 256) * scale, rng.normal(0, 1e4, 256) * scale,
        halves, np.nextafter(halves, np.float32(0)), np.nextafter(halves, np.float32(1e30)),
        (np.arange(-128, 128) - zero_point) * np.float32(scale), np.linspace(-1, 1, 256) * scale,
    ]).astype(np.float32)  # fmt: skip

    quantize, dequantize = Graph(), Graph()
    quantize.output(quantize.op("QUANTIZE", [quantize.input(shape, dtype=np.float32)], shape, scale, zero_point))
    q = dequantize.input(shape, scale, zero_point)
    dequantize.output(dequantize.op("DEQUANTIZE", [q], shape, dtype=np.float32))
    model = quantize.finish()
    want = np.concatenate([oracle.run(model, [row.reshape(shape)])[0].reshape(-1) for row in values])
    want_real = oracle.run(dequantize.finish(), [np.arange(-128, 128, dtype=np.int8).reshape(shape)])[0]

    (tmp_path / "wide.tin").write_bytes(build(table_model("int8", shape, scale, zero_point), "wide").blob)
    (tmp_path / "values.f32").write_bytes(values.tobytes())
    run(backend, "quantize", tmp_path)
    got = np.frombuffer((tmp_path / "q.i8").read_bytes(), np.int8)
    assert got.tolist() == want.tolist()
    assert (tmp_path / "real.f32").read_bytes() == want_real.tobytes()


def test_native_module_of_another_chip_is_an_import_error(tmp_path):
    """A _tinyinfer.mpy of the wrong architecture is named as such, rather than passed over for slow pure Python."""
    program = executable("TINYINFER_UNIX", "unix/micropython")
    mpy = bytearray((native_module() / "_tinyinfer.mpy").read_bytes())
    mpy[2] = mpy[2] & 0x03 | 4 << 2  # the header's architecture: armv6m
    (tmp_path / "_tinyinfer.mpy").write_bytes(mpy)
    done = subprocess.run(
        [program, "-c", "import tinyinfer"],
        env={**os.environ, "MICROPYPATH": f"{tmp_path}:{LIBRARY}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "ImportError: _tinyinfer.mpy does not fit this firmware" in done.stdout + done.stderr
    assert "copy the one for x64" in done.stdout + done.stderr


def test_version_is_that_of_the_package():
    import packer
    import tinyinfer

    assert tinyinfer.version == packer.__version__
