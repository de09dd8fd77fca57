"""The elementwise kernels of all dtypes, the reductions and the softmaxes: the pure-Python engine against the C core.

The same bytes on generated models; on damaged parameters the same verdict, and where it is good the same bytes again.
"""

import random

import numpy as np
import packer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import format as fmt
from packer.inspect import Blob
from support import blobs
from support.tflite_builder import Graph
from test_ops_convert import CASES as CONVERT
from test_ops_reduce import CASES as REDUCE
from test_ops_softmax import CASES as SOFTMAX
from test_ops_unary import CASES as UNARY
from test_pure_core import OK, core_verdict, outputs, pure_verdict


def one_op(op, x, y, constants=(), **options):
    """The blob of an op; `x` and `y` are (shape, scale, zero point, dtype)."""
    graph = Graph()
    inputs = [graph.input(*x), *[graph.const(np.array(c, np.int32)) for c in constants]]
    graph.output(graph.op(op, inputs, *y, **options))
    return packer.build(graph.finish()).blob


SHAPE = (2, 3, 5)
INT8, INT16 = (SHAPE, 0.05, 3, np.int8), (SHAPE, 0.0003, 0, np.int16)
BLOBS = {
    "TABLE": one_op("CAST", (SHAPE, None, 0, np.int8), (SHAPE, None, 0, bool)),
    "CONVERT quantize": one_op("QUANTIZE", INT8, (SHAPE, 0.0007, -5, np.int16)),
    "CONVERT int32": one_op("QUANTIZE", (SHAPE, 0.0001, 70, np.int32), (SHAPE, 0.3, -5, np.int8)),
    "CONVERT leaky": one_op("LEAKY_RELU", INT16, (SHAPE, 0.0007, 0, np.int16), alpha=-0.3),
    "CONVERT abs": one_op("ABS", INT16, (SHAPE, 0.0002, 0, np.int16)),
    "CONVERT cast": one_op("CAST", (SHAPE, None, 0, np.int32), (SHAPE, None, 0, np.int16)),
    "CONVERT bool": one_op("CAST", (SHAPE, None, 0, np.int16), (SHAPE, None, 0, bool)),
    "TABLE16 logistic": one_op("LOGISTIC", INT16, (SHAPE, 2.0**-15, 0, np.int16)),
    "TABLE16 tanh": one_op("TANH", INT16, (SHAPE, 2.0**-15, 0, np.int16)),
    "REDUCE_MEAN": one_op("SUM", INT16, ((2, 5), 0.0003, 0, np.int16), [1]),
    "REDUCE_MAX": one_op("REDUCE_MAX", ((2, 3, 2, 5), 0.05, 3), ((3, 5), 0.05, 3), [[0, 2]]),
    "ARG_MAX": one_op("ARG_MIN", INT8, ((2, 5), None, 0, np.int32), [1], output_type="INT32"),
    "L2_NORM": one_op("L2_NORMALIZATION", INT8, (SHAPE, 1 / 128, 0)),
    "LOG_SOFTMAX": one_op("LOG_SOFTMAX", INT8, (SHAPE, 1 / 16, 127)),
    "SOFTMAX": one_op("SOFTMAX", INT8, (SHAPE, 2.0**-16, -32768, np.int16), beta=1.0),
    "SOFTMAX16": one_op("SOFTMAX", INT16, (SHAPE, 2.0**-15, 0, np.int16), beta=1.0),
}


@given(st.one_of(*UNARY.values(), *CONVERT.values(), *REDUCE.values(), *SOFTMAX.values()))
def test_same_bytes(case):
    found, expected = outputs(packer.build(case.model).blob)
    assert found == expected


def params_at(blob):
    return fmt.OP.unpack(blob, fmt.HEADER.unpack(blob)["ops"])["params"]


def compare(damaged, place):
    """Both engines' verdict; where it is good both run and make the same bytes."""
    verdict = core_verdict(damaged)
    assert pure_verdict(damaged) == verdict, place
    if verdict == OK:
        found, expected = outputs(damaged)
        assert found == expected, place
    return verdict


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x04, 0x80, 0xFF])
@pytest.mark.parametrize("name", BLOBS)
def test_damaged_parameters(name, mask):
    blob = BLOBS[name]
    (op,) = Blob(blob).ops
    assert name.split()[0] == op["kernel"]
    refused = 0
    for byte in range(fmt.PARAMS[op["kernel"]].size):
        at = params_at(blob) + byte
        damaged = blobs.patched(blob, at, "B", blob[at] ^ mask)
        refused += compare(damaged, f"byte {byte} of the parameters") != OK
    assert refused >= 3


@pytest.mark.parametrize("name", BLOBS)
def test_damaged_data(name):
    """The tables, which lie between the fixed records and the parameters."""
    blob, rng = BLOBS[name], random.Random(1)
    h = fmt.HEADER.unpack(blob)
    start = h["io"] + 2 * fmt.IO.size
    for at in range(start, params_at(blob)):
        if params_at(blob) - start < 300 or rng.random() < 0.15:
            compare(blobs.patched(blob, at, "B", blob[at] ^ rng.choice((0x01, 0x40, 0x80, 0xFF))), f"byte {at}")


@pytest.mark.parametrize("name", [name for name in BLOBS if name.startswith("CONVERT")])
def test_any_numbers(name):
    """Whatever the parameters and inputs, both engines make the same bytes of them: nothing is undefined."""
    rng = random.Random(1)
    for _ in range(60):
        ends = sorted(rng.choice((-(2**31), -1000, 0, 77, 2**31 - 1, rng.randrange(-(2**31), 2**31))) for _ in "ab")
        zero_points = [rng.choice((-(2**31), 2**31 - 1, rng.randint(-300, 300))) for _ in "ab"]
        multipliers = [rng.choice((0, 1, 1 << 30, (1 << 31) - 1, rng.randrange(1 << 31))) for _ in "ab"]
        fields = *zero_points, *ends, *multipliers, rng.randint(-31, 30), rng.randint(-31, 30), rng.randint(0, 2)
        damaged = blobs.patched(BLOBS[name], params_at(BLOBS[name]) + 4, "6i2bB", *fields)
        assert compare(damaged, fields) == OK


def test_other_dtypes_get_the_same_verdict():
    """A tensor of another dtype; rows keep their bytes, so some fail by their size, and the edges by their dtype."""
    for name, blob in BLOBS.items():
        h = fmt.HEADER.unpack(blob)
        for index in range(h["n_tensors"]):
            for dtype in fmt.DTYPES.values():
                at = h["tensors"] + fmt.TENSOR.size * index + 12
                damaged = blobs.patched(blob, at, "B", dtype)
                assert pure_verdict(damaged) == core_verdict(damaged), name
                assert (core_verdict(damaged) == OK) == (dtype == blob[at]), name


@pytest.mark.parametrize("name", BLOBS)
def test_rings_and_rows_get_the_same_verdict(name):
    blob = BLOBS[name]
    h = fmt.HEADER.unpack(blob)
    for index in range(h["n_tensors"]):
        at = h["tensors"] + fmt.TENSOR.size * index
        tensor = fmt.TENSOR.unpack(blob, at)
        for row_bytes, rows, ring in (
            (tensor["row_bytes"], tensor["rows"], 1),
            (tensor["row_bytes"] + 1, tensor["rows"], tensor["rows"]),
            (tensor["row_bytes"] - 1, tensor["rows"], tensor["rows"]),
            (tensor["row_bytes"], tensor["rows"] + 1, tensor["rows"]),
        ):
            damaged = blobs.patched(blob, at + 4, "IHH", row_bytes, rows, ring)
            assert pure_verdict(damaged) == core_verdict(damaged)
