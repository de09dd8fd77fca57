"""GENERAL_CONV, TRANSPOSE_CONV, POOL16, BATCH_MATMUL, RESIZE_BILINEAR: the pure-Python engine against the C core.

The same bytes on generated models; on damaged parameters the same verdict, and where it is a good one the same bytes again.
"""

import numpy as np
import packer
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import format as fmt
from packer.inspect import Blob
from support import blobs
from support.tflite_builder import Graph
from test_ops_batch_matmul import products
from test_ops_grouped_conv import grouped
from test_ops_int16 import CASES as INT16
from test_ops_resize_bilinear import resizes
from test_ops_transpose_conv import transposed
from test_pure_core import OK, core_verdict, outputs, pure_verdict

RNG = np.random.default_rng(1)
POOL_BYTES = 12  # where a header has it
CONV = {"padding": "SAME", "stride_h": 1, "stride_w": 2, "dilation_h_factor": 1, "dilation_w_factor": 1}
POOL = {"padding": "SAME", "stride_h": 2, "stride_w": 1, "filter_height": 2, "filter_width": 2}


def int8s(*shape):
    return RNG.integers(-128, 128, shape).astype(np.int8)


def one_op(op, operands, shape, dtype=np.int8, zero_point=0, **options):
    """The blob of an op: an operand that is a shape is an input, an array a constant with 0.01 as its scale."""
    graph = Graph()
    scale = 0.03 if dtype == np.int8 else 0.001
    tensors = [graph.const(o, None if o.dtype == np.int32 and op != "CONV_2D" else 0.01) if isinstance(o, np.ndarray)
               else graph.input(o, scale, zero_point, dtype) for o in operands]
    out_scale = scale if op.endswith("POOL_2D") or op == "RESIZE_BILINEAR" else 0.05 if dtype == np.int8 else 0.002
    graph.output(graph.op(op, tensors, shape, out_scale, zero_point, dtype, **options))
    return packer.build(graph.finish()).blob


BLOBS = {
    "GENERAL_CONV int8": one_op("CONV_2D", [(2, 3, 4, 4), int8s(6, 2, 2, 2)], (2, 3, 2, 6), zero_point=5, **CONV),
    "GENERAL_CONV int16": one_op("CONV_2D", [(1, 3, 4, 2), int8s(3, 2, 2, 2)], (1, 3, 2, 3), np.int16, **CONV),
    "GENERAL_CONV int32 sum": one_op("CONV_2D", [(1, 3, 4, 2), int8s(3, 2, 2, 2), np.arange(3, dtype=np.int32)],
                                     (1, 3, 2, 3), np.int16, **CONV),
    "GENERAL_CONV fully connected": one_op("FULLY_CONNECTED", [(2, 5), int8s(3, 5)], (2, 3), np.int16),
    "TRANSPOSE_CONV": one_op("TRANSPOSE_CONV", [np.array([1, 4, 6, 2], np.int32), int8s(2, 3, 2, 2), (1, 2, 2, 2)],
                             (1, 4, 6, 2), zero_point=-3, padding="SAME", stride_h=2, stride_w=3),
    "BATCH_MATMUL int8": one_op("BATCH_MATMUL", [(2, 1, 2, 3), (3, 3, 2)], (2, 3, 2, 2), zero_point=7),
    "BATCH_MATMUL int16": one_op("BATCH_MATMUL", [(2, 3, 2), (2, 2, 3)], (2, 2, 2), np.int16, adj_x=True, adj_y=True),
    "BATCH_MATMUL constant": one_op("BATCH_MATMUL", [int8s(2, 3), (2, 3, 2)], (2, 2, 2), zero_point=7),
    "RESIZE_BILINEAR": one_op("RESIZE_BILINEAR", [(2, 3, 2, 2), np.array([5, 4], np.int32)], (2, 5, 4, 2),
                              half_pixel_centers=True),
    "POOL16 greatest": one_op("MAX_POOL_2D", [(1, 3, 3, 2)], (1, 2, 3, 2), np.int16, **POOL),
    "POOL16 mean": one_op("AVERAGE_POOL_2D", [(2, 3, 3, 2)], (2, 2, 3, 2), np.int16, **POOL),
}  # fmt: skip


@given(st.one_of(products(), grouped(), resizes(), transposed(), *INT16.values()))
def test_same_bytes(case):
    found, expected = outputs(packer.build(case.model).blob)
    assert found == expected


def apart(blob):
    """The blob of one op with its output behind all else in the pool. The packer lets it lie over input that is used up, which
    damaged parameters may still read: while a row is made, the engines read at different moments."""
    header = fmt.HEADER.unpack(blob)
    output = header["tensors"] + fmt.TENSOR.size * fmt.OP.unpack(blob, header["ops"])["output"]
    tensor = fmt.TENSOR.unpack(blob, output)
    start = (header["pool_bytes"] + 3) // 4 * 4
    blob = blobs.patched(blob, output, "I", start)
    return blobs.patched(blob, POOL_BYTES, "I", start + tensor["ring"] * tensor["row_bytes"])


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x80, 0xFF])
@pytest.mark.parametrize("name", BLOBS)
def test_damaged_parameters(name, mask):
    blob = apart(BLOBS[name])
    (op,) = Blob(blob).ops
    at = fmt.OP.unpack(blob, fmt.HEADER.unpack(blob)["ops"])["params"]
    assert name.startswith(op["kernel"])
    refused = 0
    for byte in range(at, at + fmt.PARAMS[op["kernel"]].size):
        damaged = blobs.patched(blob, byte, "B", blob[byte] ^ mask)
        verdict = core_verdict(damaged)
        assert pure_verdict(damaged) == verdict, f"byte {byte - at} of the parameters"
        refused += verdict != OK
        if verdict == OK:
            found, expected = outputs(damaged)
            assert found == expected, f"byte {byte - at} of the parameters"
    assert refused > fmt.PARAMS[op["kernel"]].size // 3


@pytest.mark.parametrize("name", BLOBS)
def test_other_dtypes_are_refused(name):
    """A tensor of another dtype beside the others."""
    blob = BLOBS[name]
    tensors = fmt.HEADER.unpack(blob)["tensors"]
    for index in range(fmt.HEADER.unpack(blob)["n_tensors"]):
        for dtype in range(1, 7):
            at = tensors + fmt.TENSOR.size * index + 12
            damaged = blobs.patched(blob, at, "B", dtype)
            assert pure_verdict(damaged) == core_verdict(damaged)
            assert (core_verdict(damaged) == OK) == (dtype == blob[at])
