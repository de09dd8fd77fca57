"""Arithmetic of two tensors that broadcast: ADD, SUB, MUL, DIV, SQUARED_DIFFERENCE, PRELU, MAXIMUM, MINIMUM."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.broadcasting import operands, shapes
from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, SCALE_OF_RELU6_MIN, generators, input_cases, log_uniform, scale_and_zero_point,
                                  scale_near)
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
    shape1, shape2, _ = draw(shapes(2))
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
    graph.output(graph.op(op, inputs, np.broadcast_shapes(shape1, shape2), scale, zero_point(), np.dtype(dtype), **options))
    return Case(op, graph.finish(), input_cases(rng, *given_tensors), dtype=dtype, shapes=(shape1, shape2), operands=kind,
                spread=spread, extreme=extreme, activation=activation)


CASES = {op: binaries(op) for op in
         ("ADD", "SUB", "MUL", "DIV", "SQUARED_DIFFERENCE", "PRELU", "MAXIMUM", "MINIMUM")}


@pytest.mark.parametrize("op", CASES)
@given(data=st.data())
def test_binary(backend, op, data):
    check(backend, data.draw(CASES[op]))
