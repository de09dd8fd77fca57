"""SOFTMAX of int8 and int16, LOG_SOFTMAX: ranks 1 to 4, beta, input scales from where all outputs are equal to where one
takes everything."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, input_cases, log_uniform
from support.tflite_builder import Graph

# TFLite Micro aborts where beta * scale * 2^26 is not above 1.
BETA_TIMES_SCALE_MIN_LOG2 = -25.4

# It aborts, too, where the exponentials of a vector, the largest taken as 1, sum up to 512 or more.
SUM_OF_EXPONENTIALS_MAX = 511


def sum_of_exponentials(array, factor):
    """The largest such sum of the vectors of an input."""
    differences = array.astype(np.float64) - array.max(axis=-1, keepdims=True)
    return np.exp(differences * factor).sum(axis=-1).max()


@st.composite
def softmaxes(draw, to=np.int8):
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=3))) + (draw(st.integers(1, 40) | st.integers(200, 1100)),)
    beta = draw(st.sampled_from((1.0, 1.0, 0.1, 0.5, 2.0, 10.0)))
    spread, rng = draw(st.sampled_from(("typical", "typical", "small", "large"))), draw(generators())
    low, high = {"typical": (-8, 0), "small": (BETA_TIMES_SCALE_MIN_LOG2 - np.log2(beta), -8), "large": (0, 20)}[spread]
    graph = Graph()
    x = graph.input(shape, log_uniform(rng, low, high), int(rng.integers(-128, 128)))
    output = (2.0**-8, -128) if to is np.int8 else (2.0**-16, -32768)
    graph.output(graph.op("SOFTMAX", [x], shape, *output, dtype=to, beta=beta))
    cases = input_cases(rng, x) + [[np.clip(rng.normal(0, 6, shape), -128, 127).astype(np.int8)]]
    cases = [[array] for [array] in cases if sum_of_exponentials(array, beta * x.scale) < SUM_OF_EXPONENTIALS_MAX]
    assume(cases)
    return Case("SOFTMAX", graph.finish(), cases, shape=shape, beta=beta, scale=x.scale, to=to.__name__)


@st.composite
def softmaxes16(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=3))) + (draw(st.integers(1, 40) | st.integers(200, 1100)),)
    beta, rng = draw(st.sampled_from((1.0, 1.0, 0.1, 0.5, 2.0, 10.0))), draw(generators())
    low, high = draw(st.sampled_from(((-16, -8), (-16, -8), (-40, -16), (-8, 10))))
    graph = Graph()
    x = graph.input(shape, log_uniform(rng, low, high), 0, np.int16)
    graph.output(graph.op("SOFTMAX", [x], shape, 2.0**-15, 0, dtype=np.int16, beta=beta))
    normal = [rng.normal(0, spread, shape) for spread in (30, 1000, 10000)]
    near = [[np.rint(array).clip(-32768, 32767).astype(np.int16)] for array in normal]
    return Case("SOFTMAX16", graph.finish(), input_cases(rng, x) + near, shape=shape, beta=beta, scale=x.scale)


@st.composite
def log_softmaxes(draw):
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=3))) + (draw(st.integers(1, 40) | st.integers(200, 1100)),)
    rng = draw(generators())
    low, high = draw(st.sampled_from(((-8, 0), (-8, 0), (BETA_TIMES_SCALE_MIN_LOG2, -8), (0, 20))))
    graph = Graph()
    x = graph.input(shape, log_uniform(rng, low, high), int(rng.integers(-128, 128)))
    graph.output(graph.op("LOG_SOFTMAX", [x], shape, 16 / 256, 127))
    near = [[np.clip(rng.normal(0, spread, shape), -128, 127).astype(np.int8)] for spread in (2, 6, 30)]
    return Case("LOG_SOFTMAX", graph.finish(), input_cases(rng, x) + near, shape=shape, scale=x.scale)


@given(softmaxes())
def test_softmax(backend, case):
    check(backend, case)


@given(softmaxes(np.int16))
def test_softmax_to_int16(backend, case):
    check(backend, case)


@given(softmaxes16())
def test_softmax_int16(backend, case):
    check(backend, case)


@given(log_softmaxes())
def test_log_softmax(backend, case):
    check(backend, case)


CASES = {"SOFTMAX": softmaxes() | softmaxes(np.int16) | softmaxes16(), "LOG_SOFTMAX": log_softmaxes()}
