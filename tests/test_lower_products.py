"""Sums of products that the packer refuses, each with its reason; and weights of FULLY_CONNECTED that have a zero point."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build

from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph

CONV = {"padding": "VALID", "stride_h": 1, "stride_w": 1}
SMALL, WIDE = ("input", (1, 3, 3, 4), np.int8), ("input", (1, 3, 3, 4), np.int16)


def weights(*shape):
    return np.ones(shape, np.int8)


def bias(count, dtype):
    return np.ones(count, dtype)


def model(op, operands, shape, dtype=np.int8, scale=0.05, zero_point=0, **options):
    """An op; an operand is an array, or ("input", shape, dtype)."""
    graph = Graph()
    tensors = [graph.input(o[1], 0.05, 0, o[2]) if isinstance(o, tuple) else graph.const(o, 0.01) for o in operands]
    graph.output(graph.op(op, tensors, shape, scale, zero_point, dtype, **options))
    return graph.finish()


SIZES = np.array([1, 4, 4, 2], np.int32)
REFUSED = {
    "weights that are computed": (
        ("CONV_2D", [SMALL, ("input", (2, 2, 2, 4), np.int8)], (1, 2, 2, 2)), CONV,
        "weights must be a constant int8 tensor of rank 4"),
    "a bias that is computed": (
        ("CONV_2D", [SMALL, weights(2, 2, 2, 4), ("input", (2,), np.int32)], (1, 2, 2, 2)), CONV,
        "bias must be 2 constant int32"),
    "groups that leave channels over": (
        ("CONV_2D", [SMALL, weights(2, 2, 2, 3)], (1, 2, 2, 2)), CONV, "do not fit 4 channels in and 2 out"),
    "groups without an output channel": (
        ("CONV_2D", [SMALL, weights(3, 2, 2, 2)], (1, 2, 2, 3)), CONV, "do not fit 4 channels in and 3 out"),
    "int16 depthwise with int32 bias": (
        ("DEPTHWISE_CONV_2D", [WIDE, weights(1, 2, 2, 4), bias(4, np.int32)], (1, 2, 2, 4), np.int16),
        {**CONV, "depth_multiplier": 1}, "bias must be 4 constant int64;"),
    "int16 transposed with int32 bias": (
        ("TRANSPOSE_CONV", [SIZES, weights(2, 2, 2, 4), WIDE, bias(2, np.int32)], (1, 4, 4, 2), np.int16), CONV,
        "bias must be 2 constant int64 or int16"),
    "int16 to int8": (("CONV_2D", [WIDE, weights(2, 2, 2, 4)], (1, 2, 2, 2)), CONV, "is int8 beside int16"),
    "int16 with a zero point": (
        ("CONV_2D", [WIDE, weights(2, 2, 2, 4)], (1, 2, 2, 2), np.int16, 0.05, 3), CONV, "one scale and zero point 0"),
    "int16 scaled up too far": (
        ("CONV_2D", [WIDE, weights(2, 2, 2, 4)], (1, 2, 2, 2), np.int16, 1e-8), CONV, "output scale is far too small"),
    "a transposed output of another size": (
        ("TRANSPOSE_CONV", [SIZES, weights(2, 2, 2, 4), SMALL], (1, 7, 4, 2)), CONV, "output height is 3 where"),
    "matrices that do not fit": (
        ("BATCH_MATMUL", [("input", (2, 3), np.int8), ("input", (2, 3), np.int8)], (2, 3)), {}, "do not give"),
    "matrices in six dimensions": (
        ("BATCH_MATMUL", [("input", (1, 1, 1, 1, 2, 3), np.int8), ("input", (3, 2), np.int8)], (1, 1, 1, 1, 2, 2)), {},
        "2 to 5 are possible"),
    "corners aligned and centres at a half": (
        ("RESIZE_BILINEAR", [SMALL, np.array([6, 6], np.int32)], (1, 6, 6, 4)),
        {"align_corners": True, "half_pixel_centers": True}, "choose one"),
    "a size that is computed": (
        ("RESIZE_BILINEAR", [SMALL, ("input", (2,), np.int32)], (1, 6, 6, 4)), {}, "make the size constant"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    arguments, options, words = REFUSED[name]
    with pytest.raises(PackerError, match=words):
        build(model(*arguments, **options))


@st.composite
def with_zero_point(draw):
    """Weights that are int8 with their zero point taken off too."""
    batch, depth, channels, rng = draw(st.integers(1, 3)), draw(st.integers(1, 20)), draw(st.integers(1, 6)), draw(generators())
    dtype = draw(st.sampled_from((np.int8, np.int16)))
    zero_point = int(rng.integers(-128, 128))
    least, most = max(-128, -128 + zero_point), min(127, 127 + zero_point)
    graph = Graph()
    x = graph.input((batch, depth), *(scale_and_zero_point(rng) if dtype == np.int8 else (0.001, 0)), dtype)
    w = graph.const(rng.integers(least, most + 1, (channels, depth)).astype(np.int8), 0.01, zero_point)
    scale = np.float32(x.scale * 0.01 * 100 * np.sqrt(depth))
    graph.output(graph.op("FULLY_CONNECTED", [x, w], (batch, channels), scale, 0, dtype))
    return Case("FULLY_CONNECTED", graph.finish(), input_cases(rng, x), dtype=dtype.__name__, zero_point=zero_point,
                channels=channels)


@given(with_zero_point())
def test_weights_with_zero_point(backend, case):
    check(backend, case)


def test_weights_too_far_from_their_zero_point():
    graph = Graph()
    x, w = graph.input((1, 2), 0.1), graph.const(np.array([[-128, 127]], np.int8), 0.1, 5)
    graph.output(graph.op("FULLY_CONNECTED", [x, w], (1, 1), 0.1))
    with pytest.raises(PackerError, match="less their zero point 5 are not int8"):
        build(graph.finish())
