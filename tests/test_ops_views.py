"""Ops that rearrange one tensor: TRANSPOSE, SLICE, STRIDED_SLICE, REVERSE_V2, BROADCAST_TO, TILE, SPACE_TO_DEPTH and back.

TFLite Micro has no TILE: there it is asked about CONCATENATIONs of the tensor with itself.
"""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, one_op, quantisation_of, shapes
from support.quantisation import generators
from support.tflite_builder import Graph

ANY = (np.int8, np.int16, np.int32, bool)


def case(draw, op, dtypes, shape, output_shape, constants, **options):
    """A Case of one op of one input, with constants after it."""
    rng, dtype = draw(generators()), draw(st.sampled_from(dtypes))
    model, xs = one_op(rng, op, dtype, [shape], [output_shape], after=constants, **options)
    return Case(op, model, inputs_for(rng, *xs), shape=shape, dtype=dtype.__name__, constants=constants, **options)


@st.composite
def transposes(draw):
    shape = draw(shapes())
    order = draw(st.permutations(range(len(shape))))
    return case(draw, "TRANSPOSE", (np.int8, np.int16), shape, [shape[i] for i in order], [order])


@st.composite
def slices(draw):
    shape = draw(shapes())
    begin = [draw(st.integers(0, n - 1)) for n in shape]
    sizes = [draw(st.integers(1, n - b)) for b, n in zip(begin, shape)]
    asked = [-1 if b + size == n and draw(st.booleans()) else size for b, size, n in zip(begin, sizes, shape)]
    return case(draw, "SLICE", ANY, shape, sizes, [begin, asked])


@st.composite
def strided_slices(draw):
    shape = draw(shapes(most_rank=4, largest=7))
    begin, end, strides, output_shape = [], [], [], []
    masks = dict.fromkeys(("begin_mask", "end_mask", "shrink_axis_mask"), 0)
    for axis, n in enumerate(shape):
        stride = draw(st.sampled_from((1, 1, 2, 3, -1, -2)))
        b, e = draw(st.integers(-n - 2, n + 2)), draw(st.integers(-n - 2, n + 2))
        open_begin, open_end, shrink = draw(st.booleans()), draw(st.booleans()), draw(st.integers(0, 3)) == 0
        if shrink:
            b, stride, open_begin = draw(st.integers(-n, n - 1)), 1, False
        else:
            size = len(range(n)[slice(None if open_begin else b, None if open_end else e, stride)])
            assume(size)
            output_shape.append(size)
        begin, end, strides = [*begin, b], [*end, e], [*strides, stride]
        for name, bit in zip(masks, (open_begin, open_end, shrink)):
            masks[name] |= bit << axis
    return case(draw, "STRIDED_SLICE", ANY, shape, output_shape, [begin, end, strides], **masks)


@st.composite
def reversals(draw):
    shape = draw(shapes())
    first = draw(st.integers(0, len(shape) - 1))
    axes = list(range(first, draw(st.integers(first + 1, len(shape)))))  # TFLite Micro wants neighbours
    asked = [axis - len(shape) if draw(st.booleans()) else axis for axis in axes]
    return case(draw, "REVERSE_V2", ANY, shape, shape, [asked])


@st.composite
def broadcasts(draw):
    output_shape = draw(shapes())
    shape = [n if draw(st.booleans()) else 1 for n in output_shape][draw(st.integers(0, len(output_shape) - 1)) :]
    return case(draw, "BROADCAST_TO", ANY, tuple(shape), output_shape, [output_shape])


@st.composite
def tiles(draw):
    shape, rng, dtype = draw(shapes(most_rank=5, largest=3)), draw(generators()), draw(st.sampled_from(ANY))
    times = [draw(st.just(1) | st.integers(1, 3)) for _ in shape]
    output_shape = [n * t for n, t in zip(shape, times)]
    model, xs = one_op(rng, "TILE", dtype, [shape], [output_shape], after=[times])
    graph = Graph()
    y = graph.input(shape, *quantisation_of(rng, dtype), dtype)
    for axis, t in enumerate(times):
        longer = [n * t if i == axis else n for i, n in enumerate(y.shape)]
        y = graph.op("CONCATENATION", [y] * t, longer, y.scale, y.zero_point, dtype, axis=axis)
    graph.output(y)
    return Case("TILE", model, inputs_for(rng, *xs), graph.finish(), shape=shape, times=times, dtype=dtype.__name__)


@st.composite
def depth_and_space(draw, op):
    n, h, w, c, block = (draw(st.integers(1, most)) for most in (2, 4, 4, 5, 3))
    deep, wide = (n, h, w, c * block * block), (n, h * block, w * block, c)
    shape, output_shape = (wide, deep) if op == "SPACE_TO_DEPTH" else (deep, wide)
    return case(draw, op, (np.int8,), shape, output_shape, [], block_size=block)


CASES = {
    "TRANSPOSE": transposes(), "SLICE": slices(), "STRIDED_SLICE": strided_slices(), "REVERSE_V2": reversals(),
    "BROADCAST_TO": broadcasts(), "TILE": tiles(), "SPACE_TO_DEPTH": depth_and_space("SPACE_TO_DEPTH"),
    "DEPTH_TO_SPACE": depth_and_space("DEPTH_TO_SPACE"),
}  # fmt: skip


@pytest.mark.parametrize("op", CASES)
def test_views(backend, op):
    @given(CASES[op])
    def run(case):
        check(backend, case)

    run()
