"""RESHAPE of any dtype, ranks 1 to 5, the shape as a tensor or an option, one size left open; SQUEEZE; EXPAND_DIMS."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, quantisation_of
from support.quantisation import generators
from support.tflite_builder import Graph


def any_input(draw, graph, rng, shape, dtypes=(np.int8, np.int16, np.int32, bool)):
    """An input of any dtype that the oracle takes."""
    dtype = draw(st.sampled_from(dtypes))
    return graph.input(shape, *quantisation_of(rng, dtype), dtype)


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
    x = any_input(draw, graph, rng, shape)
    inputs = [x] if given_as == "option" else [x, graph.const(np.array(asked, np.int32))]
    options = {} if given_as == "tensor" else {"new_shape": asked}
    graph.output(graph.op("RESHAPE", inputs, new_shape, x.scale, x.zero_point, x.dtype, **options))
    return Case("RESHAPE", graph.finish(), inputs_for(rng, x), shape=shape, new_shape=asked, given_as=given_as)


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
    x = any_input(draw, graph, rng, shape)
    graph.output(graph.op("SQUEEZE", [x], squeezed, x.scale, x.zero_point, x.dtype, squeeze_dims=axes))
    return Case("SQUEEZE", graph.finish(), inputs_for(rng, x), shape=shape, axes=axes)


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
    x = any_input(draw, graph, rng, shape, (np.int8, np.int16))
    graph.output(graph.op("EXPAND_DIMS", [x, graph.const(np.array(axis, np.int32))], new_shape, x.scale, x.zero_point,
                          x.dtype))
    return Case("EXPAND_DIMS", graph.finish(), inputs_for(rng, x), shape=shape, axis=axis)


@given(expansions())
def test_expand_dims(backend, case):
    check(backend, case)


CASES = {"RESHAPE": reshapes(), "SQUEEZE": squeezes(), "EXPAND_DIMS": expansions()}
