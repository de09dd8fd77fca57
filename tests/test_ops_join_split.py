"""Ops of several inputs or outputs: CONCATENATION, PACK, SPLIT, SPLIT_V, UNPACK."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, one_op, quantisation_of, shapes
from support.quantisation import generators
from support.tflite_builder import Graph

INTEGERS = (np.int8, np.int16, np.int32)


def along(shape, axis, size):
    """`shape` with `size` along `axis`."""
    return (*shape[:axis], size, *shape[axis + 1 :])


@st.composite
def concatenations(draw):
    shape, rng, dtype = draw(shapes()), draw(generators()), draw(st.sampled_from((*INTEGERS, bool)))
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    graph = Graph()
    scale, zero_point = quantisation_of(rng, dtype)
    inputs, operands = [], []
    for i, size in enumerate(sizes):
        if i and draw(st.integers(0, 4)) == 0:
            values = inputs_for(rng, graph.tensor(along(shape, axis, size), dtype=dtype))[1][0]
            operands.append(graph.const(values, scale, zero_point))
        elif i and sizes[0] == size and draw(st.integers(0, 4)) == 0:
            operands.append(operands[0])
        else:
            inputs.append(graph.input(along(shape, axis, size), scale, zero_point, dtype))
            operands.append(inputs[-1])
    y = graph.op("CONCATENATION", operands, along(shape, axis, sum(sizes)), scale, zero_point, dtype,
                 axis=draw(st.sampled_from((axis, axis - len(shape)))))
    graph.output(y)
    return Case("CONCATENATION", graph.finish(), inputs_for(rng, *inputs), shape=shape, axis=axis, sizes=sizes,
                given=len(inputs), dtype=dtype.__name__)


@st.composite
def packs(draw):
    shape, rng, dtype = draw(shapes(0, 4)), draw(generators()), draw(st.sampled_from(INTEGERS))
    count, axis = draw(st.integers(1, 4)), draw(st.integers(0, len(shape)))
    output_shape = (*shape[:axis], count, *shape[axis:])
    asked = draw(st.sampled_from((axis, axis - len(output_shape))))
    model, xs = one_op(rng, "PACK", dtype, [shape] * count, [output_shape], axis=asked, values_count=count)
    return Case("PACK", model, inputs_for(rng, *xs), shape=shape, axis=asked, count=count, dtype=dtype.__name__)


@st.composite
def unpacks(draw):
    shape, rng, dtype = draw(shapes()), draw(generators()), draw(st.sampled_from(INTEGERS))
    axis = draw(st.integers(0, len(shape) - 1))
    asked, outputs = draw(st.sampled_from((axis, axis - len(shape)))), [shape[:axis] + shape[axis + 1 :]] * shape[axis]
    model, xs = one_op(rng, "UNPACK", dtype, [shape], outputs, axis=asked, num=shape[axis])
    return Case("UNPACK", model, inputs_for(rng, *xs), shape=shape, axis=asked, dtype=dtype.__name__)


@st.composite
def splits(draw):
    shape, rng, dtype = draw(shapes(largest=3)), draw(generators()), draw(st.sampled_from(INTEGERS))
    axis, count = draw(st.integers(0, len(shape) - 1)), draw(st.integers(1, 4))
    asked, outputs = draw(st.sampled_from((axis, axis - len(shape)))), [shape] * count
    whole = along(shape, axis, shape[axis] * count)
    model, xs = one_op(rng, "SPLIT", dtype, [whole], outputs, before=[[asked]], num_splits=count)
    return Case("SPLIT", model, inputs_for(rng, *xs), shape=whole, axis=asked, count=count, dtype=dtype.__name__)


@st.composite
def uneven_splits(draw):
    shape, rng, dtype = draw(shapes()), draw(generators()), draw(st.sampled_from(INTEGERS))
    axis, sizes = draw(st.integers(0, len(shape) - 1)), draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    whole, outputs = along(shape, axis, sum(sizes)), [along(shape, axis, size) for size in sizes]
    model, xs = one_op(rng, "SPLIT_V", dtype, [whole], outputs, after=[sizes, [axis]], num_splits=len(sizes))
    return Case("SPLIT_V", model, inputs_for(rng, *xs), shape=whole, axis=axis, sizes=sizes, dtype=dtype.__name__)


CASES = {
    "CONCATENATION": concatenations(), "PACK": packs(), "UNPACK": unpacks(), "SPLIT": splits(),
    "SPLIT_V": uneven_splits(),
}  # fmt: skip


@pytest.mark.parametrize("op", CASES)
def test_join_and_split(backend, op):
    @given(CASES[op])
    def run(case):
        check(backend, case)

    run()
