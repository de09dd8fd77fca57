"""BINARY, COMPARE and SELECT: the pure-Python engine against the C core.

The same bytes on generated models; on damaged parameters the same verdict, and where it is a good one the same bytes.
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
from test_ops_binary import CASES as BINARY
from test_ops_compare_select import CASES as COMPARE_SELECT
from test_pure_core import OK, core_verdict, outputs, pure_verdict
from test_pure_micropython import RUN, assert_the_cores_bytes, micropython  # noqa: F401  (a fixture)

AT_OP = 2  # enum ti_place


def one_op(op, shapes, dtypes, out_dtype):
    """The blob of an op on inputs of those shapes and dtypes."""
    graph = Graph()

    def quantisation(dtype):
        return {"int8": (0.03, 5), "int16": (0.001, 0)}.get(dtype, (None, 0))

    inputs = [graph.input(shape, *quantisation(dtype), np.dtype(dtype)) for shape, dtype in zip(shapes, dtypes)]
    graph.output(graph.op(op, inputs, np.broadcast_shapes(*shapes), *quantisation(out_dtype), np.dtype(out_dtype)))
    return packer.build(graph.finish()).blob


ALTERNATING = (2, 1, 3, 1, 2, 1), (1, 2, 1, 3, 1, 2)
BLOBS = {
    "BINARY sub": one_op("SUB", ALTERNATING, ["int8"] * 2, "int8"),
    "BINARY prelu": one_op("PRELU", [(1, 3, 2, 5), (1, 1, 5)], ["int8"] * 2, "int8"),
    "BINARY div": one_op("DIV", [(4, 6), (4, 1)], ["int8"] * 2, "int8"),
    "BINARY squared difference": one_op("SQUARED_DIFFERENCE", [(3, 5), (5,)], ["int16"] * 2, "int16"),
    "BINARY or": one_op("LOGICAL_OR", [(3, 1), (5,)], ["bool"] * 2, "bool"),
    "COMPARE int8": one_op("GREATER", [(2, 3, 1, 4), (3, 2, 1)], ["int8"] * 2, "bool"),
    "COMPARE int32": one_op("EQUAL", [(2, 3), (2, 3)], ["int32"] * 2, "bool"),
    "SELECT int16": one_op("SELECT_V2", [(2, 1, 3), (4, 1), (1,)], ["bool", "int16", "int16"], "int16"),
    "SELECT int32": one_op("SELECT_V2", [(2, 3), (2, 3), ()], ["bool", "int32", "int32"], "int32"),
}


@given(st.one_of(*BINARY.values(), *COMPARE_SELECT.values()))
def test_same_bytes(case):
    found, expected = outputs(packer.build(case.model).blob)
    assert found == expected


@pytest.mark.parametrize("name", BLOBS)
def test_on_micropython(micropython, name):  # noqa: F811
    assert_the_cores_bytes(BLOBS[name], *micropython(RUN, BLOBS[name], selftest=True))


def params_at(blob):
    return fmt.OP.unpack(blob, fmt.HEADER.unpack(blob)["ops"])["params"]


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x04, 0x80, 0xFF])
@pytest.mark.parametrize("name", BLOBS)
def test_damaged_parameters(name, mask):
    blob = BLOBS[name]
    (op,) = Blob(blob).ops
    assert name.startswith(op["kernel"])
    refused = 0
    for byte in range(fmt.PARAMS[op["kernel"]].size):
        at = params_at(blob) + byte
        damaged = blobs.patched(blob, at, "B", blob[at] ^ mask)
        verdict = core_verdict(damaged)
        assert pure_verdict(damaged) == verdict, f"byte {byte} of the parameters"
        refused += verdict != OK
        if verdict == OK:
            found, expected = outputs(damaged)
            assert found == expected, f"byte {byte} of the parameters"
    assert refused > 10


@pytest.mark.parametrize("name", [name for name in BLOBS if name.startswith("BINARY")])
def test_every_op_on_any_numbers(name):
    """Whatever the parameters and inputs, both engines make the same bytes of them."""
    rng = random.Random(1)
    at = params_at(BLOBS[name]) + fmt.BROADCAST.size
    for op in fmt.BINARY_OPS.values():
        for _ in range(20):
            blob = BLOBS[name]
            for i in range(4):
                multiplier = rng.choice([0, 1, 1 << 30, (1 << 31) - 1, rng.randrange(1 << 31)])
                rescale = multiplier, rng.randint(-128, 127), rng.randint(-31, 30), rng.randint(0, 20)
                blob = blobs.patched(blob, at + 8 * i, "ihbB", *rescale)
            blob = blobs.patched(blob, at + 32, "hhB", -128, 127, op)
            found, expected = outputs(blob, rng.randrange(1 << 32))
            assert found == expected, op


def test_other_dtypes_are_refused():
    """A tensor of another dtype beside the others; rows keep their bytes, so some dtypes fail by their size."""
    for blob in BLOBS.values():
        h = fmt.HEADER.unpack(blob)
        for index in range(h["n_tensors"]):
            for dtype in fmt.DTYPES.values():
                at = h["tensors"] + fmt.TENSOR.size * index + 12
                damaged = blobs.patched(blob, at, "B", dtype)
                assert pure_verdict(damaged) == core_verdict(damaged)
                assert (core_verdict(damaged) == OK) == (dtype == blob[at])


@pytest.mark.parametrize("name", BLOBS)
def test_rings(name):
    """An input that broadcasts along rows must be there whole; the others may be rings."""
    blob = BLOBS[name]
    (op,) = Blob(blob).ops
    single = op["params"].get("broadcast", op["params"])["single"]
    h = fmt.HEADER.unpack(blob)
    for k, index in enumerate(i for i in op["inputs"] if i != fmt.NONE):
        at = h["tensors"] + fmt.TENSOR.size * index
        rows = fmt.TENSOR.unpack(blob, at)["rows"]
        if rows > 1:
            # The edge asks for whole tensors too; it is proved after the op, which is what counts here.
            verdict = core_verdict(blobs.patched(blob, at + 10, "H", 1))
            assert verdict == pure_verdict(blobs.patched(blob, at + 10, "H", 1))
            assert (verdict[1] == AT_OP) == bool(single[k] & 15), verdict
