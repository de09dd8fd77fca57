"""QUANTIZE and CAST between integer dtypes: every pair that the oracle has, at the edges and inside a graph."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support import litert, oracle
from support.compare import Case, check
from support.quantisation import generators, log_uniform, scale_near
from support.tflite_builder import Graph

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=5).map(tuple)

QUANTIZE = (
    ("int8", "uint8"), ("int8", "int16"), ("int8", "int32"), ("uint8", "int8"), ("int16", "int8"), ("int16", "int16"),
    ("int16", "int32"), ("int32", "int8"), ("int32", "int16"),
)  # fmt: skip
CAST = ("int8", "int16", "int32", "bool")


def quantisation(rng, dtype, extreme):
    """(scale, zero point); zero points that TFLite's converter gives only to bytes are tried of wider integers, too."""
    info = np.iinfo(dtype)
    scale = log_uniform(rng, -20, 10) if extreme else log_uniform(rng, -9, -2)
    if info.max > 255 and not extreme:
        return scale / np.float32(256), 0
    small = rng.integers(max(info.min, -200), min(info.max, 200))
    return scale, int(rng.choice([info.min // 2, info.min + 1, 0, 1, info.max // 2, small]))


def inputs_of(rng, shape, dtype):
    """Random ones, small ones, and the ends."""
    if dtype == "bool":
        return [[rng.integers(0, 2, shape).astype(bool)] for _ in range(3)]
    info = np.iinfo(dtype)
    ends = np.array([info.min, info.min + 1, 0, 1, info.max - 1, info.max])
    small = np.clip(np.rint(rng.normal(0, 30, shape)), info.min, info.max)
    random = [rng.integers(info.min, info.max, shape, endpoint=True) for _ in range(3)]
    return [[array.astype(dtype)] for array in (*random, small, rng.choice(ends, shape))]


@st.composite
def quantizes(draw, pair):
    shape, extreme, spread = draw(SHAPES), draw(st.booleans()), draw(st.sampled_from((0, 2, 12)))
    rng, graph = draw(generators()), Graph()
    x = graph.input(shape, *quantisation(rng, pair[0], extreme), np.dtype(pair[0]))
    output = scale_near(rng, x.scale, spread), quantisation(rng, pair[1], extreme)[1]
    graph.output(graph.op("QUANTIZE", [x], shape, *output, dtype=np.dtype(pair[1])))
    return Case("QUANTIZE", graph.finish(), inputs_of(rng, shape, pair[0]), pair=pair, shape=shape, scale=x.scale,
                zero_point=x.zero_point, output=output)


@given(st.sampled_from(QUANTIZE).flatmap(quantizes))
def test_quantize(backend, case):
    check(backend, case)


def quantize_to(dtype):
    return st.sampled_from([pair for pair in QUANTIZE if pair[1] == dtype]).flatmap(quantizes)


@given(quantize_to("int8"))
def test_quantize_to_int8(backend, case):
    check(backend, case)


@given(quantize_to("int16"))
def test_quantize_to_int16(backend, case):
    check(backend, case)


@given(quantize_to("int32"))
def test_quantize_to_int32(backend, case):
    check(backend, case)


@st.composite
def casts(draw):
    dtypes = draw(st.sampled_from((CAST, CAST, ("uint8", *CAST))))
    pair = draw(st.sampled_from(dtypes)), draw(st.sampled_from(dtypes))
    shape, rng = draw(SHAPES), draw(generators())
    graph = Graph()
    x = graph.input(shape, dtype=np.dtype(pair[0]))
    graph.output(graph.op("CAST", [x], shape, dtype=np.dtype(pair[1])))
    run = litert.run_many if "uint8" in pair else oracle.run_many
    return Case("CAST", graph.finish(), inputs_of(rng, shape, pair[0]), run=run, pair=pair, shape=shape)


@given(casts())
def test_cast(backend, case):
    check(backend, case)


@st.composite
def inside(draw):
    """uint8 between int8, int16 between int8, with a table before and after: chains of bytes become one table."""
    shape, rng = draw(SHAPES), draw(generators())
    graph = Graph()
    tensor = graph.input(shape, *quantisation(rng, "int8", False))
    steps = st.sampled_from(("uint8", "int16", "RELU", "LOGISTIC", "reshape", "output"))
    ops = draw(st.lists(steps, min_size=1, max_size=6))
    for op in ops:
        if op in ("uint8", "int16"):
            tensor = graph.op("QUANTIZE", [tensor], tensor.shape, *quantisation(rng, op, False), dtype=np.dtype(op))
            tensor = graph.op("QUANTIZE", [tensor], tensor.shape, *quantisation(rng, "int8", False))
        elif op == "reshape":
            flat = graph.const(np.array([np.prod(shape)], np.int32))
            tensor = graph.op("RESHAPE", [tensor, flat], (int(np.prod(shape)),), tensor.scale, tensor.zero_point)
        elif op == "output":  # what an output shows is not folded away
            tensor = graph.op("TANH", [tensor], tensor.shape, 1 / 128, 0)
            graph.output(tensor)
        else:
            output = (1 / 256, -128) if op == "LOGISTIC" else quantisation(rng, "int8", False)
            tensor = graph.op(op, [tensor], tensor.shape, *output)
    graph.output(graph.op("ABS", [tensor], tensor.shape, *quantisation(rng, "int8", False)))
    return Case("CONVERSIONS", graph.finish(), inputs_of(rng, shape, "int8"), shape=shape, ops=ops)


@given(inside())
def test_inside(backend, case):
    check(backend, case)


CASES = {"QUANTIZE": st.sampled_from(QUANTIZE).flatmap(quantizes), "CAST": casts()}
