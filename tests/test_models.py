"""Whole models: the answer is TFLite Micro's on every backend, and RAM and flash are what the project claims."""

import numpy as np
import pytest
from conftest import ROOT
from packer import build, oracle
from packer import format as f
from packer.core import CoreModel
from packer.edges import from_pool, to_pool
from packer.unix import UnixPort, run_cases
from packer.verify import make_cases, verify

REAL = [
    "hello_world", "micro_speech", "person_detect", "mlperf_kws", "mlperf_vww", "mlperf_ic_resnet8", "mlperf_ad",
    "mlperf_sww", "magic_wand", "emlearn_mnist_cnn", "wakeword_okay_nabu", "wakeword_vad", "mnist_lstm", "keyword_svdf",
    "rnnoise", "people_flow", "fomo_balloon",
]  # fmt: skip
FILES = {  # those not called NAME_int8.tflite
    "wakeword_okay_nabu": "wakeword_okay_nabu", "wakeword_vad": "wakeword_vad", "people_flow": "people_flow_int8_floatio",
}  # fmt: skip
STATEFUL = ["wakeword_okay_nabu", "wakeword_vad", "mnist_lstm", "keyword_svdf"]
# what the pure-Python kernels get through in seconds
SMALL = [
    "hello_world", "magic_wand", "emlearn_mnist_cnn", "wakeword_okay_nabu", "wakeword_vad", "mnist_lstm", "keyword_svdf",
    "rnnoise",
]  # fmt: skip

# the blob's size as a share of the .tflite's
BLOB_AT_MOST = {"mlperf_vww": 0.72, "mlperf_kws": 0.75}


@pytest.fixture(scope="module", params=["digits", *REAL])
def model(request):
    """(name, .tflite bytes) of the project's own example and of the real models."""
    if request.param == "digits":
        return "digits", (ROOT / "examples/digits/digits_int8.tflite").read_bytes()
    file = FILES.get(request.param, f"{request.param}_int8") + ".tflite"
    return request.param, (request.getfixturevalue("models") / file).read_bytes()


def test_same_bytes_on_core_and_native_module(model, unix_micropython, natmod):
    name, data = model
    runs = 50 if name in STATEFUL else 21
    verdict = verify(data, name, count=runs - 1)
    assert verdict.first_difference is None, verdict
    assert verdict.cases == runs and verdict.bytes > 0
    assert (build(data, name).program.state != []) == (name in STATEFUL)
    assert verdict.facts["backend"].startswith("native"), verdict.facts
    assert verdict.facts["heap_bytes_run"] == 0


def test_same_bytes_on_user_module(model, unix_usermod):
    name, data = model
    result = build(data, name)
    core = CoreModel(result.blob)
    cases = [[to_pool(io, a) for io, a in zip(core.inputs, case)] for case in make_cases(core.inputs, 4)]
    raws, facts = run_cases(UnixPort(unix_usermod, None), result.blob, cases)
    assert "module" in facts["backend"], facts
    for case, raw in zip(cases, raws):
        assert raw == b"".join(out.tobytes() for out in core.run(case))


def test_same_bytes_in_pure_python(model):
    name, data = model
    if name not in ("digits", *SMALL):
        assert len(data) > 10_000  # large models are for the C kernels; the small ones cover every kernel used
        return
    from tinyinfer import _pure

    result = build(data, name)
    core = CoreModel(result.blob)
    cases = make_cases(core.inputs, 2)
    engine = _pure.Engine(result.blob, None)
    pool = engine.pool()
    for case, wanted in zip(cases, oracle.run_many(data, cases)):
        for io, array in zip(core.inputs, case):
            at = core.tensors[io["tensor"]]["offset"]
            raw = to_pool(io, array).tobytes()
            pool[at : at + len(raw)] = raw
        engine.run()
        for io, want in zip(core.outputs, wanted):
            at = core.tensors[io["tensor"]]["offset"]
            got = np.frombuffer(pool, f.DTYPE_NAMES[io["dtype"]], int(np.prod(want.shape)), at)
            assert from_pool(io, got).tobytes() == want.tobytes()


def test_plan_is_near_its_lower_bound(model):
    name, data = model
    result = build(data, name)
    assert result.lower_bound_bytes <= result.plan.alive_bytes <= result.pool_bytes <= 1.05 * result.plan.alive_bytes


def test_blob_is_small(model):
    name, data = model
    result = build(data, name)
    assert len(result.blob) < len(data)
    if name == "hello_world":
        assert len(result.blob) <= 1.2 * 1024
    if name in BLOB_AT_MOST:
        assert len(result.blob) <= BLOB_AT_MOST[name] * len(data)


def test_no_weight_stored_twice(model):
    """The blob holds each weight tensor's bytes exactly once."""
    name, data = model
    result = build(data, name)
    for op in result.program.ops:
        weights = op.params.get("weights")
        if weights is not None and weights.size >= 64:
            assert result.blob.count(weights.tobytes()) == 1, op.name


def test_selftest_passes_on_core(model):
    name, data = model
    first, checks = CoreModel(build(data, name).blob).selftest()
    assert first == -1 and len(checks) > 0
