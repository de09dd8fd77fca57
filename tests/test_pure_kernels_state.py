"""LSTM and SVDF: the pure-Python engine against the C core, over consecutive runs.

The same bytes on generated models; on damaged parameters the same verdict, and where it is a good one the same bytes.
"""

import numpy as np
import packer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import format as fmt
from packer.core import CoreModel
from packer.inspect import Blob
from support import blobs
from support.recurrent import lstm_model, svdf_model
from test_ops_lstm import CASES as LSTM
from test_ops_state import CASES as STATE
from test_ops_svdf import CASES as SVDF
from test_pure_core import OK, core_verdict, pure_verdict
from tinyinfer import _pure

RUNS = 3

BLOBS = {
    "LSTM": packer.build(lstm_model(steps=2, in_c=5, units=3)).blob,
    "SVDF int8": packer.build(svdf_model(in_c=5, units=3, rank=2, memory=3)).blob,
    "SVDF int16": packer.build(svdf_model(in_c=5, units=2, rank=1, memory=3, wide=True)).blob,
}


def check_same_bytes(blob):
    """Both engines make the same of random inputs, RUNS times and once after a reset, state included; so does one on a
    pool that is given, its state beside it."""
    core, engine = CoreModel(blob), _pure.Engine(blob, None)
    pool = engine.pool()
    given_pool = bytearray(core.header["pool_bytes"] - core.header["state_bytes"])
    on_given = _pure.Engine(blob, given_pool)
    rng = np.random.default_rng(1)
    places = [core.tensors[io["tensor"]] for io in core.inputs]
    for run in range(RUNS + 1):
        if run == RUNS:
            core.reset()
            engine.reset()
            on_given.reset()
        arrays = [rng.integers(-128, 128, t["rows"] * t["row_bytes"], np.int8) for t in places]
        for t, array in zip(places, arrays):
            pool[t["offset"] : t["offset"] + array.size] = array.tobytes()
        for io, array in zip(core.inputs, arrays):
            on_given.write(io["tensor"], array.tobytes(), 0)
        core.run(arrays)
        engine.run()
        assert bytes(pool) == core.pool.tobytes(), f"run {run}"
        on_given.run()
        assert bytes(on_given.state()) + bytes(given_pool) == core.pool.tobytes(), f"run {run} on a given pool"


@given(st.one_of(*LSTM.values(), *SVDF.values(), STATE["READ_VARIABLE"]))
def test_same_bytes(case):
    check_same_bytes(packer.build(case.model).blob)


def flips(name):
    """(what, place) of every byte of the op's parameters, and of the records of the tensors that it reads."""
    blob = BLOBS[name]
    header = fmt.HEADER.unpack(blob)
    op = Blob(blob).ops[-1]  # one before it may make the initial state
    assert name.startswith(op["kernel"])
    params = fmt.OP.unpack(blob, header["ops"] + (header["n_ops"] - 1) * fmt.OP.size)["params"]
    yield from ((f"byte {i} of the parameters", params + i) for i in range(fmt.PARAMS[op["kernel"]].size))
    for index in op["inputs"]:
        if index != fmt.NONE:
            at = header["tensors"] + index * fmt.TENSOR.size
            yield from ((f"byte {i} of tensor {index}", at + i) for i in range(fmt.TENSOR.size))


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x03, 0x80, 0xFF])
@pytest.mark.parametrize("name", BLOBS)
def test_damaged(name, mask):
    blob = BLOBS[name]
    refused = 0
    for what, at in flips(name):
        damaged = blobs.patched(blob, at, "B", blob[at] ^ mask)
        verdict = core_verdict(damaged)
        assert pure_verdict(damaged) == verdict, what
        refused += verdict != OK
        if verdict == OK and "tensor" not in what:  # a tensor elsewhere may overlap another
            check_same_bytes(damaged)
    assert refused > 20
