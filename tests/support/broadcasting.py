"""Shapes that broadcast, and operands of them."""

import numpy as np
from hypothesis import strategies as st

MAX_RANK = 6  # what TFLite Micro broadcasts
MAX_ELEMENTS = 400


@st.composite
def shapes(draw, count):
    """`count` shapes and what they broadcast to: often equal, else of any ranks, sizes 1 and missing axes anywhere."""
    rank = draw(st.integers(0, MAX_RANK))
    full = []
    for _ in range(rank):
        room = MAX_ELEMENTS // int(np.prod(full, dtype=np.int64))
        full.append(draw(st.integers(1, max(1, min(room, 7)))))
    if draw(st.booleans()):
        return (*[tuple(full)] * count, tuple(full))
    found = []
    for _ in range(count):
        kept = draw(st.lists(st.booleans(), min_size=rank, max_size=rank))
        found.append(_without_leading_ones(draw, [size if keep else 1 for size, keep in zip(full, kept)]))
    return (*found, np.broadcast_shapes(*found))


def _without_leading_ones(draw, shape):
    """The shape without some of the ones before its first other size."""
    ones = next((i for i, size in enumerate(shape) if size > 1), len(shape))
    return tuple(shape[draw(st.integers(0, ones)) :])


@st.composite
def operands(draw, graph, rng, shapes, quantisations, dtype):
    """([tensors], [those that are the graph's inputs], how): both inputs, one of them a constant, or one twice."""
    kinds = ["two", "two", "constant second", "constant first"] + (["same"] if shapes[0] == shapes[1] else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "same":
        x = graph.input(shapes[0], *quantisations[0], np.dtype(dtype))
        return [x, x], [x], kind
    tensors, inputs = [], []
    for number, (shape, quantisation) in enumerate(zip(shapes, quantisations)):
        if kind == ("constant first", "constant second")[number]:
            tensors.append(graph.const(values_like(rng, shape, dtype), *quantisation))
        else:
            tensors.append(graph.input(shape, *quantisation, np.dtype(dtype)))
            inputs.append(tensors[-1])
    return tensors, inputs, kind


def values_like(rng, shape, dtype):
    """Random elements of a dtype, over its whole range; int32 mostly small, so that some are equal."""
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    limits = np.iinfo(dtype)
    if dtype == "int32" and rng.integers(2):
        return rng.integers(-3, 4, shape).astype(np.int32)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
