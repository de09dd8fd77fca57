"""ADD of equal shapes: two inputs, an input and a constant, an input and itself; scales alike and far apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, SCALE_OF_RELU6_MIN, generators, input_cases, int8_like,
                                  scale_and_zero_point, scale_near)
from support.tflite_builder import Graph


@st.composite
def additions(draw):
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    operands = draw(st.sampled_from(("two", "two", "constant second", "constant first", "same")))
    activation, rng = draw(st.sampled_from(ACTIVATIONS)), draw(generators())
    spread = draw(st.sampled_from((0, 1, 8, 17)))  # how many powers of two the three scales may lie apart
    extreme = draw(st.booleans())

    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng, extreme))
    other = scale_near(rng, x.scale, spread), scale_and_zero_point(rng, extreme)[1]
    if operands == "two":
        y = graph.input(shape, *other)
    elif operands == "same":
        y = x
    else:
        y = graph.const(int8_like(rng, shape), *other)
    # TFLite Micro aborts where twice the larger input scale is 2^20 output scales or more.
    scale = max(scale_near(rng, max(x.scale, y.scale), spread), max(x.scale, y.scale) * np.float32(2.0 ** -18.9))
    scale = max(scale, np.float32(SCALE_OF_RELU6_MIN))
    inputs = [y, x] if operands == "constant first" else [x, y]
    graph.output(graph.op("ADD", inputs, shape, scale, scale_and_zero_point(rng, extreme)[1],
                          fused_activation_function=activation))
    given_tensors = (x, y) if operands == "two" else (x,)
    return Case("ADD", graph.finish(), input_cases(rng, *given_tensors), shape=shape, operands=operands, spread=spread,
                extreme=extreme, activation=activation)


@given(additions())
def test_add(backend, case):
    check(backend, case)


CASES = {"ADD": additions()}
