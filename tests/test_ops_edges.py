"""Models with a float32 or uint8 input or output: QUANTIZE first, DEQUANTIZE or QUANTIZE last, int8 or int16 between."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, log_uniform, scale_and_zero_point, weights_like
from support.tflite_builder import Graph


def float_inputs(rng, shape, scale, zero_point):
    """float32 inputs: over the whole int8 range, beyond both its ends, and on the halves where rounding decides."""
    halves = (rng.integers(-130, 130, shape) + 0.5 - zero_point) * float(scale)
    return [[array.astype(np.float32)] for array in (
        rng.uniform(-150, 150, shape) * scale, rng.normal(0, 40, shape) * scale, rng.normal(0, 1e6, shape) * scale,
        halves, np.nextafter(halves.astype(np.float32), np.float32(0)), np.zeros(shape))]


@st.composite
def edged(draw, inner):
    shape = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))) + (draw(st.integers(1, 30)),)
    first, last = draw(st.sampled_from((np.float32, np.uint8, np.int8))), draw(st.sampled_from((np.float32, np.uint8)))
    extreme, rng = draw(st.booleans()), draw(generators())
    scale, zero_point = scale_and_zero_point(rng, extreme)

    graph = Graph()
    if first is np.float32:
        x = graph.op("QUANTIZE", [graph.input(shape, dtype=first)], shape, scale, zero_point)
        inputs = float_inputs(rng, shape, scale, zero_point)
    elif first is np.uint8:
        x = graph.op("QUANTIZE", [graph.input(shape, scale, zero_point + 128, first)], shape, scale, zero_point)
        inputs = [[rng.integers(0, 256, shape, dtype=np.uint8)] for _ in range(5)]
    else:
        x = graph.input(shape, scale, zero_point)
        inputs = [[rng.integers(-128, 128, shape, dtype=np.int8)] for _ in range(5)]

    y = inner(graph, x, rng)
    if last is np.float32:
        graph.output(graph.op("DEQUANTIZE", [y], y.shape, dtype=last))
    else:
        graph.output(graph.op("QUANTIZE", [y], y.shape, y.scale, y.zero_point + 128, last))
    return Case("EDGES", graph.finish(), inputs, shape=shape, first=first.__name__, last=last.__name__, scale=scale,
                zero_point=zero_point)


def logistic(graph, x, rng):
    return graph.op("LOGISTIC", [x], x.shape, 1 / 256, -128)


def dense(graph, x, rng):
    depth = x.shape[-1]
    w = graph.const(weights_like(rng, (3, depth)), log_uniform(rng, -8, -6))
    return graph.op("FULLY_CONNECTED", [x, w, None], x.shape[:-1] + (3,), x.scale * log_uniform(rng, -2, 4),
                    int(rng.integers(-128, 128)), keep_num_dims=True)


@st.composite
def other_scales(draw):
    """uint8 at either end that is no int8 with the sign bit turned: two tables that become one."""
    shape, rng = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))), draw(generators())
    scale, zero_point = scale_and_zero_point(rng)
    graph = Graph()
    x = graph.input(shape, scale * log_uniform(rng, -2, 2), int(rng.integers(0, 256)), np.uint8)
    y = graph.op("QUANTIZE", [x], shape, scale, zero_point)
    graph.output(graph.op("QUANTIZE", [y], shape, scale * log_uniform(rng, -2, 2), int(rng.integers(0, 256)), np.uint8))
    inputs = [[rng.integers(0, 256, shape, dtype=np.uint8)] for _ in range(5)]
    return Case("EDGES", graph.finish(), inputs, shape=shape, scale=scale, zero_point=zero_point)


@st.composite
def edges16(draw):
    shape, rng = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4))), draw(generators())
    scale = log_uniform(rng, -18, -8)
    graph = Graph()
    x = graph.op("QUANTIZE", [graph.input(shape, dtype=np.float32)], shape, scale, 0, np.int16)
    y = graph.op("TANH", [x], shape, 2.0**-15, 0, np.int16)
    graph.output(graph.op("DEQUANTIZE", [y], shape, dtype=np.float32))
    inputs = [[rng.normal(0, spread * scale, shape).astype(np.float32)] for spread in (1, 3000, 20000, 1e8)]
    inputs.append([((rng.integers(-9, 9, shape) + 0.5) * float(scale)).astype(np.float32)])
    return Case("EDGES", graph.finish(), inputs, shape=shape, scale=scale)


@given(other_scales())
def test_uint8_of_another_scale(backend, case):
    check(backend, case)


@given(edges16())
def test_edges_of_int16(backend, case):
    check(backend, case)


@given(edged(logistic))
def test_edges_of_table(backend, case):
    check(backend, case)


@given(edged(dense))
def test_edges_of_dense(backend, case):
    check(backend, case)


CASES = {"QUANTIZE": edged(logistic) | other_scales(), "DEQUANTIZE": edged(dense) | edges16()}
