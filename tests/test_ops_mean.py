"""MEAN: ranks 1 to 4, axes next to each other, kept or dropped, with and without a change of scale."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point, scale_near
from support.tflite_builder import Graph


@st.composite
def means(draw, shapes, axes_of, keep):
    shape, keep_dims = draw(shapes), draw(keep)
    axes = draw(axes_of(len(shape)))
    spread, extreme, rng = draw(st.sampled_from((None, 0, 2, 8))), draw(st.booleans()), draw(generators())
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng, extreme))
    output = x.scale, x.zero_point
    if spread is not None:
        output = scale_near(rng, x.scale, spread), scale_and_zero_point(rng, extreme)[1]
    reduced = {axis % len(shape) for axis in axes}
    kept = tuple(1 if i in reduced else n for i, n in enumerate(shape) if keep_dims or i not in reduced)
    axes_given = np.array(axes[0] if len(axes) == 1 and rng.integers(2) else axes, np.int32)  # one axis may be a scalar
    graph.output(graph.op("MEAN", [x, graph.const(axes_given)], kept, *output, keep_dims=keep_dims))
    return Case("MEAN", graph.finish(), input_cases(rng, x), shape=shape, axes=axes, keep_dims=keep_dims,
                spread=spread, extreme=extreme)


@st.composite
def adjacent_axes(draw, rank):
    """Axes next to each other, in any order, each counted from the front or from the back."""
    first, last = sorted((draw(st.integers(0, rank - 1)), draw(st.integers(0, rank - 1))))
    axes = draw(st.permutations(range(first, last + 1)))
    return tuple(draw(st.sampled_from((axis, axis - rank))) for axis in axes)


any_shape = st.lists(st.integers(1, 8), min_size=1, max_size=4).map(tuple)
image_shape = st.tuples(st.integers(1, 2), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))


@given(means(any_shape, adjacent_axes, st.booleans()))
def test_mean(backend, case):
    check(backend, case)


@given(means(image_shape, lambda rank: st.sampled_from(((1, 2), (2, 1))), st.booleans()))
def test_mean_of_image(backend, case):
    check(backend, case)


CASES = {"MEAN": means(any_shape, adjacent_axes, st.booleans())
         | means(image_shape, lambda rank: st.sampled_from(((1, 2), (2, 1))), st.booleans())}
