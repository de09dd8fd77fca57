"""Arithmetic of two tensors that broadcast: ADD, SUB, MUL, DIV, SQUARED_DIFFERENCE, PRELU, MAXIMUM, MINIMUM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build

from support.broadcasting import operands, shapes
from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, SCALE_OF_RELU6_MIN, generators, input_cases, log_uniform,
                                  scale_and_zero_point, scale_near)
from support.tflite_builder import Graph

ACTIVATED = ("ADD", "SUB", "MUL", "DIV")
INT8_ONLY = ("DIV", "PRELU")
# TFLite Micro aborts where twice the larger input scale is 2^20 output scales (2^15 for int16) or more.
SUM_GAIN_MAX = {"int8": 18.9, "int16": 13.9}


def result_scale(rng, op, x, y, dtype, spread):
    """An output scale around that of the op's results: they saturate, fit or come to nothing."""
    if op in ("ADD", "SUB"):
        larger = max(x.scale, y.scale)
        return max(scale_near(rng, larger, spread), larger * np.float32(2.0 ** -SUM_GAIN_MAX[dtype]))
    natural = {"MUL": x.scale * y.scale, "SQUARED_DIFFERENCE": max(x.scale, y.scale) ** 2, "DIV": x.scale / y.scale,
               "PRELU": x.scale * max(1, y.scale)}[op]
    return np.float32(natural) * log_uniform(rng, -spread - 2, spread + 8)


@st.composite
def binaries(draw, op):
    dtype = draw(st.sampled_from(("int8", "int8", "int16"))) if op not in INT8_ONLY else "int8"
    shape1, shape2, shape = draw(shapes(2))
    rng, extreme, spread = draw(generators()), draw(st.booleans()), draw(st.sampled_from((0, 1, 8, 17)))
    activation = draw(st.sampled_from(ACTIVATIONS)) if op in ACTIVATED else "NONE"

    def zero_point():
        return scale_and_zero_point(rng, extreme)[1] if dtype == "int8" else 0

    graph = Graph()
    first = scale_and_zero_point(rng, extreme)[0]
    quantisations = [(first, zero_point()), (scale_near(rng, first, spread), zero_point())]
    inputs, given_tensors, kind = draw(operands(graph, rng, (shape1, shape2), quantisations, dtype))
    if op in ("MAXIMUM", "MINIMUM"):
        scale = first
    else:
        scale = max(result_scale(rng, op, *inputs, dtype, spread), np.float32(SCALE_OF_RELU6_MIN))
    options = {"fused_activation_function": activation} if op in ACTIVATED else {}
    graph.output(graph.op(op, inputs, shape, scale, zero_point(), np.dtype(dtype), **options))
    return Case(op, graph.finish(), input_cases(rng, *given_tensors), dtype=dtype, shapes=(shape1, shape2),
                operands=kind, spread=spread, extreme=extreme, activation=activation)


CASES = {op: binaries(op) for op in
         ("ADD", "SUB", "MUL", "DIV", "SQUARED_DIFFERENCE", "PRELU", "MAXIMUM", "MINIMUM")}


@pytest.mark.parametrize("op", CASES)
@given(data=st.data())
def test_binary(backend, op, data):
    check(backend, data.draw(CASES[op]))


def refusal(op, operands, out):
    """What the packer says of an op on operands (shape, scale, dtype)."""
    graph = Graph()
    inputs = [graph.input(shape, scale, dtype=np.dtype(dtype)) for shape, scale, dtype in operands]
    shape, scale, dtype = out
    graph.output(graph.op(op, inputs, shape, scale, dtype=np.dtype(dtype)))
    with pytest.raises(PackerError) as refused:
        build(graph.finish())
    return str(refused.value)


def test_refusals():
    q = (2, 3), 0.1, "int8"
    assert "[2, 3] and [4, 3] do not broadcast" in refusal("ADD", [q, ((4, 3), 0.1, "int8")], q)
    assert "its output is [2, 3] where its inputs make [2, 1]" in refusal("SUB", [((2, 1), 0.1, "int8")] * 2, q)
    assert "is int32, int8 is needed" in refusal("MUL", [((2, 3), 0.1, "int32")] * 2, ((2, 3), 0.1, "int32"))
    assert "is int16, int8 is needed" in refusal("DIV", [((2, 3), 0.1, "int16")] * 2, ((2, 3), 0.1, "int16"))
    assert "is int16 where all must be alike" in refusal("MAXIMUM", [q, ((2, 3), 0.1, "int16")], q)
    assert "scale is far too small" in refusal("SUB", [q, q], ((2, 3), 1e-8, "int8"))
    assert "scale is far too small" in refusal("MUL", [q, q], ((2, 3), 1e-12, "int8"))
    assert "it needs 2 inputs" in refusal("SUB", [q], q)
    sevens = [((2, 1) * 3 + (2,), 0.1, "int8"), ((1, 2) * 3 + (1,), 0.1, "int8")]
    assert "over 7 separate axes, 6 are possible" in refusal("MUL", sevens, ((2,) * 7, 0.1, "int8"))
    tall = [((30000, 1, 2, 1), 0.1, "int8"), ((1, 3, 1, 2), 0.1, "int8")]
    assert "more than 65,535 rows" in refusal("MUL", tall, ((30000, 3, 2, 2), 0.1, "int8"))
