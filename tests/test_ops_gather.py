"""Ops that pick by index: GATHER and EMBEDDING_LOOKUP, of constant and of given indices; RESIZE_NEAREST_NEIGHBOR."""

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, one_op, quantisation_of, shapes
from support.quantisation import generators, int8_like
from support.tflite_builder import Graph


def add_indices(draw, graph, rng, shape, depth, constant):
    """The tensor of indices below `depth`; and cases for it, none where it is constant."""
    if constant and prod(shape) > 1 and draw(st.booleans()):  # with a pattern
        values = np.arange(prod(shape)) // draw(st.integers(1, 3)) * draw(st.sampled_from((1, 2, -1))) % depth
        return graph.const(values.reshape(shape).astype(np.int32)), []
    if constant:
        return graph.const(rng.integers(0, depth, shape).astype(np.int32)), []
    return graph.input(shape, dtype=np.int32), [rng.integers(0, depth, shape).astype(np.int32) for _ in range(3)]


@st.composite
def gathers(draw):
    shape, rng = draw(shapes(most_rank=4)), draw(generators())
    axis = draw(st.integers(0, len(shape) - 1))
    batch_dims = draw(st.just(0) | st.integers(0, axis))
    index_shape = shape[:batch_dims] + draw(shapes(0, 2, 7))
    graph = Graph()
    scale, zero_point = quantisation_of(rng, np.int8)
    constant = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0 and not constant:
        x, cases = graph.const(int8_like(rng, shape), scale, zero_point), [[], [], []]
    else:
        x = graph.input(shape, scale, zero_point)
        cases = inputs_for(rng, x)
    indices, given_indices = add_indices(draw, graph, rng, index_shape, shape[axis], constant)
    output_shape = shape[:axis] + index_shape[batch_dims:] + shape[axis + 1 :]
    graph.output(graph.op("GATHER", [x, indices], output_shape, scale, zero_point,
                          axis=draw(st.sampled_from((axis, axis - len(shape)))), batch_dims=batch_dims))
    if given_indices:
        cases = [[*case, more] for case, more in zip(cases, given_indices)]
    return Case("GATHER", graph.finish(), cases, shape=shape, axis=axis, batch_dims=batch_dims, indices=index_shape,
                constant=constant)


@st.composite
def lookups(draw):
    shape, count, rng = draw(shapes(2, 4, 9)), draw(st.integers(1, 9)), draw(generators())
    graph = Graph()
    table = graph.const(int8_like(rng, shape), *quantisation_of(rng, np.int8))
    indices, cases = add_indices(draw, graph, rng, (count,), shape[0], False)
    graph.output(graph.op("EMBEDDING_LOOKUP", [indices, table], (count, *shape[1:]), table.scale, table.zero_point))
    return Case("EMBEDDING_LOOKUP", graph.finish(), [[case] for case in cases], table=shape, count=count)


@st.composite
def resizes(draw):
    rng, dtype = draw(generators()), draw(st.sampled_from((np.int8, np.int16)))
    n, h, w, c = (draw(st.integers(1, most)) for most in (2, 6, 6, 4))
    out_h, out_w = (draw(st.sampled_from((size, 2 * size, 3 * size)) | st.integers(1, 12)) for size in (h, w))
    kind = draw(st.sampled_from(({}, {"align_corners": True}, {"half_pixel_centers": True})))
    model, xs = one_op(rng, "RESIZE_NEAREST_NEIGHBOR", dtype, [(n, h, w, c)], [(n, out_h, out_w, c)],
                       after=[[out_h, out_w]], **kind)
    return Case("RESIZE_NEAREST_NEIGHBOR", model, inputs_for(rng, *xs), shape=(n, h, w, c), out=(out_h, out_w),
                dtype=dtype.__name__, **kind)


CASES = {"GATHER": gathers(), "EMBEDDING_LOOKUP": lookups(), "RESIZE_NEAREST_NEIGHBOR": resizes()}


@pytest.mark.parametrize("op", CASES)
def test_picks(backend, op):
    @given(CASES[op])
    def run(case):
        check(backend, case)

    run()


def test_indices_outside_count_as_the_nearest(backend):
    """Where TFLite Micro gives up."""
    graph = Graph()
    x, indices = graph.input((4, 2), 0.1, 3), graph.input((5,), dtype=np.int32)
    graph.output(graph.op("GATHER", [x, indices], (5, 2), 0.1, 3, axis=0))
    values = np.arange(8, dtype=np.int8).reshape(4, 2)
    [[answer]] = backend(graph.finish(), [[values, np.array([-1, 4, -2**31, 2**31 - 1, 2], np.int32)]])
    assert np.array_equal(answer, values[[0, 3, 0, 3, 2]])
