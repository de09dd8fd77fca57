"""SHAPE and arithmetic on it, as converters leave it for an open batch: folded, so that only the RESHAPE it is for stays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support import litert, oracle
from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph


@st.composite
def shape_arithmetic(draw, op):
    """A RESHAPE whose new shape is made of the input's: sizes as they are, and a product of the rest."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=2, max_size=5)))
    kept, rng = draw(st.integers(1, len(shape) - 1)), draw(generators())
    rest = int(np.prod(shape[kept:]))
    graph = Graph()

    def ints(values):
        return graph.const(np.array(values, np.int32))

    def size(axis):
        return graph.op("STRIDED_SLICE", [sizes, ints([axis]), ints([axis + 1]), ints([1])], (), dtype=np.int32,
                        shrink_axis_mask=1)

    x = graph.input(shape, *scale_and_zero_point(rng))
    sizes = graph.op("SHAPE", [x], (len(shape),), dtype=np.int32, out_type="INT32")
    how = "product" if op == "REDUCE_PROD" else draw(st.sampled_from(("open", "constant", "product")))
    if how == "product" and op == "REDUCE_PROD":
        tail = graph.op("STRIDED_SLICE", [sizes, ints([kept]), ints([0]), ints([1])], (len(shape) - kept,), dtype=np.int32,
                        end_mask=1)
        last = graph.op(op, [tail, ints([0])], (), dtype=np.int32)
    elif how == "product":
        last = size(kept)
        for axis in range(kept + 1, len(shape)):
            last = graph.op("MUL", [last, size(axis)], (), dtype=np.int32)
    else:
        last = ints(-1 if how == "open" else rest)
    count = kept + 1
    new_shape = graph.op("PACK", [*map(size, range(kept)), last], (count,), dtype=np.int32, values_count=count)
    graph.output(graph.op("RESHAPE", [x, new_shape], (*shape[:kept], rest), x.scale, x.zero_point))
    run = litert.run_many if op == "REDUCE_PROD" else oracle.run_many
    return Case(op, graph.finish(), input_cases(rng, x), run=run, shape=shape, kept=kept, how=how)


CASES = {op: shape_arithmetic(op) for op in ("SHAPE", "REDUCE_PROD")}


@given(CASES["SHAPE"])
def test_shape(backend, case):
    check(backend, case)


@given(CASES["REDUCE_PROD"])
def test_reduce_prod(backend, case):
    check(backend, case)
