"""Damaged and unsuitable `.tflite` files: a PackerError that says what is wrong, never another exception."""

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build
from packer.graph import short_name
from support.tflite_builder import Graph

DIGITS = (ROOT / "examples/digits/digits_int8.tflite").read_bytes()


def builds_or_refuses(data):
    try:
        return len(build(data).blob) > 0
    except PackerError as e:
        assert str(e)
        return False


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 64, b"\x1c\x00\x00\x00TFL3", b"TINF" + bytes(60)])
def test_not_a_model(data):
    with pytest.raises(PackerError):
        build(data)


def test_truncations():
    assert builds_or_refuses(DIGITS)
    refused = sum(not builds_or_refuses(DIGITS[:n]) for n in range(0, len(DIGITS), 97))
    assert refused > 0


@given(st.integers(0, 2**32 - 1))
def test_damaged_bytes(seed):
    rng = np.random.default_rng(seed)
    data = bytearray(DIGITS)
    for at in rng.integers(0, len(data), rng.integers(1, 8)):
        data[at] = rng.integers(256)
    assert builds_or_refuses(bytes(data)) in (True, False)


def test_unsupported_ops_are_listed_together():
    g = Graph()
    x = g.input((1, 8), 0.1, 0)
    a = g.op("FLOOR_MOD", [x, x], (1, 8), 0.1, 0)
    b = g.op("CUMSUM", [x, g.const(np.array(0, np.int32))], (1, 8), 0.1, 0)
    g.output(a)
    g.output(b)
    with pytest.raises(PackerError) as caught:
        build(g.finish(), "both")
    text = str(caught.value)
    assert "2 ops cannot be built" in text
    assert "layer 0 FLOOR_MOD" in text and "layer 1 CUMSUM" in text and "packer ops" in text


def test_float_model_says_quantise():
    g = Graph()
    x = g.input((1, 8), dtype="float32")
    g.output(g.op("LOGISTIC", [x], (1, 8), dtype="float32"))
    with pytest.raises(PackerError, match="quantisation"):
        build(g.finish())


def test_static_shape_arithmetic_is_folded():
    """SHAPE -> STRIDED_SLICE -> PACK -> RESHAPE, as converters write it for an open batch, costs no op."""
    g = Graph()
    x = g.input((1, 4, 2), 0.1, 0)
    shape = g.op("SHAPE", [x], (3,), dtype="int32")
    ends = [g.const(np.array([v], np.int32)) for v in (0, 1, 1)]
    batch = g.op("STRIDED_SLICE", [shape, *ends], (), dtype="int32", shrink_axis_mask=1)
    packed = g.op("PACK", [batch, g.const(np.array(8, np.int32))], (2,), dtype="int32", axis=0, values_count=2)
    g.output(g.op("RESHAPE", [x, packed], (1, 8), 0.1, 0))
    result = build(g.finish())
    assert result.program.ops == [] and result.pool_bytes == 8


@pytest.mark.parametrize(
    "name, short",
    [
        ("model/conv1/Relu;model/bn/FusedBatchNormV3", "conv1"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall:0"),
        ("sequential/dense/MatMul", "dense"),
        ("", ""),
    ],
)
def test_short_name(name, short):
    assert short_name(name) == short
