"""SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX, ARG_MIN, L2_NORMALIZATION; MEAN over axes that are apart, and of int16."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, input_cases, log_uniform, scale_and_zero_point, scale_near
from support.tflite_builder import Graph

SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=5).map(tuple)


@st.composite
def one_or_two_axes(draw, rank):
    """TFLite Micro has room for two axes in MEAN and SUM; each is counted from the front or from the back."""
    axes = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=min(rank, 2), unique=True))
    return tuple(draw(st.sampled_from((axis, axis - rank))) for axis in axes)


@st.composite
def any_axes(draw, rank):
    """Up to all of them, in two groups at most."""
    axes = draw(st.lists(st.integers(0, rank - 1), min_size=1, max_size=rank, unique=True))
    first = sorted(axes)
    groups = sum(axis - 1 not in axes for axis in first)
    return tuple(axes if groups <= 2 else first[:2])


@st.composite
def reductions(draw, op, axes_of, dtype=np.int8):
    shape, keep_dims = draw(SHAPES), draw(st.booleans())
    axes = draw(axes_of(len(shape)))
    spread, extreme, rng = draw(st.sampled_from((None, 0, 2, 8))), draw(st.booleans()), draw(generators())
    scale, zero_point = scale_and_zero_point(rng, extreme)
    if dtype is np.int16:
        scale, zero_point = scale / np.float32(256), 0
    graph = Graph()
    x = graph.input(shape, scale, zero_point, dtype)
    reduced = {axis % len(shape) for axis in axes}
    output = x.scale, x.zero_point
    if op in ("MEAN", "SUM") and spread is not None:
        wider = np.prod([shape[axis] for axis in reduced]) ** 0.5 if op == "SUM" and not extreme else 1
        output = scale_near(rng, x.scale * np.float32(wider), spread), scale_and_zero_point(rng, extreme)[1]
        output = output if dtype is np.int8 else (output[0], 0)
    kept = tuple(1 if i in reduced else n for i, n in enumerate(shape) if keep_dims or i not in reduced) or (1,)
    axes_given = np.array(axes[0] if len(axes) == 1 and rng.integers(2) else axes, np.int32)  # one axis may be a scalar
    graph.output(graph.op(op, [x, graph.const(axes_given)], kept, *output, dtype, keep_dims=keep_dims))
    return Case(op, graph.finish(), input_cases(rng, x), shape=shape, axes=axes, keep_dims=keep_dims, spread=spread,
                extreme=extreme, dtype=dtype.__name__)


@st.composite
def args(draw, op):
    shape, rng = draw(SHAPES), draw(generators())
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng))
    kept = tuple(n for i, n in enumerate(shape) if i != axis % len(shape)) or (1,)
    axes = np.array(axis if rng.integers(2) else [axis], np.int32)
    graph.output(graph.op(op, [x, graph.const(axes)], kept, dtype=np.int32, output_type="INT32"))
    few = [[rng.integers(-1, 2, shape).astype(np.int8)] for _ in range(3)]  # many equals: the first one counts
    return Case(op, graph.finish(), input_cases(rng, x) + few, shape=shape, axis=axis)


@st.composite
def l2_norms(draw):
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=3))) + (draw(st.integers(1, 40) | st.integers(300, 3000)),)
    spread, rng = draw(st.sampled_from((0.3, 1, 3, 30, 100))), draw(generators())
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng))
    graph.output(graph.op("L2_NORMALIZATION", [x], shape, 1 / 128, 0))
    near = [[np.clip(np.rint(rng.normal(x.zero_point, spread, shape)), -128, 127).astype(np.int8)] for _ in range(4)]
    return Case("L2_NORMALIZATION", graph.finish(), input_cases(rng, x) + near, shape=shape, zero_point=x.zero_point)


@given(reductions("MEAN", one_or_two_axes))
def test_mean(backend, case):
    check(backend, case)


@given(reductions("MEAN", one_or_two_axes, np.int16))
def test_mean_int16(backend, case):
    check(backend, case)


@given(reductions("SUM", one_or_two_axes))
def test_sum(backend, case):
    check(backend, case)


@given(reductions("SUM", one_or_two_axes, np.int16))
def test_sum_int16(backend, case):
    check(backend, case)


@given(reductions("REDUCE_MAX", any_axes))
def test_reduce_max(backend, case):
    check(backend, case)


@given(reductions("REDUCE_MIN", any_axes))
def test_reduce_min(backend, case):
    check(backend, case)


@given(args("ARG_MAX"))
def test_arg_max(backend, case):
    check(backend, case)


@given(args("ARG_MIN"))
def test_arg_min(backend, case):
    check(backend, case)


@given(l2_norms())
def test_l2_normalization(backend, case):
    check(backend, case)


CASES = {
    "MEAN": reductions("MEAN", one_or_two_axes) | reductions("MEAN", one_or_two_axes, np.int16),
    "SUM": reductions("SUM", one_or_two_axes) | reductions("SUM", one_or_two_axes, np.int16),
    "REDUCE_MAX": reductions("REDUCE_MAX", any_axes),
    "REDUCE_MIN": reductions("REDUCE_MIN", any_axes),
    "ARG_MAX": args("ARG_MAX"),
    "ARG_MIN": args("ARG_MIN"),
    "L2_NORMALIZATION": l2_norms(),
}
