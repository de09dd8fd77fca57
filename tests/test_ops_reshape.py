"""RESHAPE: between ranks 1 to 5, the new shape as a tensor, as an option, with one size left open."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph


@st.composite
def reshapes(draw):
    factors = draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))
    shape = tuple(factors)
    new_shape = list(draw(st.permutations(factors)))
    while len(new_shape) > 1 and draw(st.booleans()):
        last = new_shape.pop()
        new_shape[-1] *= last
    asked = list(new_shape)
    if draw(st.booleans()):
        asked[draw(st.integers(0, len(asked) - 1))] = -1
    given_as, rng = draw(st.sampled_from(("tensor", "option", "both"))), draw(generators())
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng))
    inputs = [x] if given_as == "option" else [x, graph.const(np.array(asked, np.int32))]
    options = {} if given_as == "tensor" else {"new_shape": asked}
    graph.output(graph.op("RESHAPE", inputs, new_shape, x.scale, x.zero_point, **options))
    return Case("RESHAPE", graph.finish(), input_cases(rng, x), shape=shape, new_shape=asked, given_as=given_as)


@given(reshapes())
def test_reshape(backend, case):
    check(backend, case)
