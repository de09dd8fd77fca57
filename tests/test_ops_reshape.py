"""RESHAPE between ranks 1 to 5, the new shape as a tensor or an option, one size left open; SQUEEZE; EXPAND_DIMS."""

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


@st.composite
def dropped_or_added(draw):
    """A shape with some sizes of 1, the axes of these, and the shape without them."""
    shape = tuple(draw(st.lists(st.sampled_from((1, 1, 2, 5)), min_size=1, max_size=5)))
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    axes = sorted(draw(st.sets(st.sampled_from(ones)))) if ones else []
    return shape, axes, tuple(size for axis, size in enumerate(shape) if axis not in axes)


@st.composite
def squeezes(draw):
    (shape, axes, squeezed), rng = draw(dropped_or_added()), draw(generators())
    if not axes:  # none named: all go
        squeezed = tuple(size for size in shape if size != 1)
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng))
    graph.output(graph.op("SQUEEZE", [x], squeezed, x.scale, x.zero_point, squeeze_dims=axes))
    return Case("SQUEEZE", graph.finish(), input_cases(rng, x), shape=shape, axes=axes)


@given(squeezes())
def test_squeeze(backend, case):
    check(backend, case)


@st.composite
def expansions(draw):
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=4)))
    axis, rng = draw(st.integers(-len(shape) - 1, len(shape))), draw(generators())
    new_shape = list(shape)
    new_shape.insert(axis % (len(shape) + 1), 1)
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng))
    graph.output(graph.op("EXPAND_DIMS", [x, graph.const(np.array(axis, np.int32))], new_shape, x.scale, x.zero_point))
    return Case("EXPAND_DIMS", graph.finish(), input_cases(rng, x), shape=shape, axis=axis)


@given(expansions())
def test_expand_dims(backend, case):
    check(backend, case)
