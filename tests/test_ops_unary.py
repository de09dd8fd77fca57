"""Functions of one element: the tables of int8 that tests/test_ops_table.py leaves, each over all 256 values; int16."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support import litert, oracle
from support.compare import Case, check
from support.quantisation import generators, log_uniform, scale_and_zero_point, scale_near
from support.tflite_builder import Graph

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)
SPREADS = st.sampled_from((0, 2, 12))
LITERT = ("RELU_N1_TO_1", "RELU_0_TO_1", "EXP", "LOG", "SQRT", "NEG")
POSITIVE = ("RSQRT", "SQRT")  # refused for elements below the zero point


def values_from(rng, shape, low, high):
    """Inputs of a shape that together hold each of the values low..high - 1, in random order."""
    size = int(np.prod(shape))
    count = -(-(high - low) // size) * size
    values = np.resize(rng.permutation(np.arange(low, high)), count).astype(np.int8)
    return [[part.reshape(shape)] for part in np.split(values, count // size)]


def output_of(op, rng, x, spread, extreme):
    """(scale, zero point) of an int8 output."""
    free = scale_near(rng, x.scale, spread), scale_and_zero_point(rng, extreme)[1]
    if op == "NEG":
        return x.scale, 0
    if op in ("EXP", "LOG", "SQRT", "RSQRT"):  # the function of an element within the range, more or less
        q = rng.integers(x.zero_point, 128)
        real = float(max(q - x.zero_point, 1) * x.scale)
        values = {"EXP": np.exp(min(real, 46.0)), "LOG": abs(np.log(real)) + 0.1, "SQRT": real**0.5, "RSQRT": real**-0.5}
        return np.float32(values[op] / 127) * log_uniform(rng, -1, 1), free[1]
    if op == "HARD_SWISH":  # TFLite Micro refuses an output scale below 1/128 of the input's
        return max(free[0], np.float32(x.scale / 64)), free[1]
    return free


@st.composite
def unary(draw, op):
    shape, extreme, spread, rng = draw(SHAPES), draw(st.booleans()), draw(SPREADS), draw(generators())
    scale, zero_point = scale_and_zero_point(rng, extreme)
    if op == "EXP":  # beyond 2^31 times the output scale TFLite converts a float that no int32 can hold
        scale = min(scale, np.float32(0.3))
    graph = Graph()
    x = graph.input(shape, scale, 0 if op == "NEG" else zero_point)
    output = output_of(op, rng, x, spread, extreme)
    if op in ("RELU_N1_TO_1", "RELU_0_TO_1"):
        output = max(output[0], np.float32(1e-6)), output[1]
    graph.output(graph.op(op, [x], shape, *output))
    run = litert.run_many if op in LITERT else oracle.run_many
    inputs = values_from(rng, shape, x.zero_point if op in POSITIVE else -128, 128)
    return Case(op, graph.finish(), inputs, run=run, shape=shape, scale=x.scale, zero_point=x.zero_point, output=output)


def int16_values(rng, shape):
    """Inputs of a shape: random ones, small ones, and the ends."""
    ends = np.array([-32768, -32767, -1, 0, 1, 32766, 32767], np.int16)
    small = np.rint(rng.normal(0, 40, shape)).astype(np.int16)
    random = [[rng.integers(-32768, 32768, shape).astype(np.int16)] for _ in range(3)]
    return random + [[small], [rng.choice(ends, shape)]]


@st.composite
def unary16(draw, op):
    shape = tuple(draw(st.lists(st.integers(1, 5), max_size=3))) + (draw(st.integers(1, 300)),)
    extreme, spread, rng = draw(st.booleans()), draw(SPREADS), draw(generators())
    options = {"alpha": draw(st.sampled_from((0.01, 0.2, 0.9, 1.5, 0.0, -0.5)))} if op == "LEAKY_RELU" else {}
    graph = Graph()
    if op in ("LOGISTIC", "TANH"):
        scale = np.float32(2.0 ** draw(st.integers(-18, 2))) if draw(st.booleans()) else log_uniform(rng, -24, 1.2)
        x, output = graph.input(shape, scale, 0, np.int16), (2.0**-15, 0)
    else:
        x = graph.input(shape, log_uniform(rng, -24, 4) if extreme else log_uniform(rng, -16, -8), 0, np.int16)
        output = scale_near(rng, x.scale, spread), 0
        if op == "RELU6":
            output = max(output[0], np.float32(1e-8)), 0
    graph.output(graph.op(op, [x], shape, *output, dtype=np.int16, **options))
    return Case(op + "16", graph.finish(), int16_values(rng, shape), shape=shape, scale=x.scale, output=output,
                **options)


INT8 = ("RELU_N1_TO_1", "RELU_0_TO_1", "HARD_SWISH", "ELU", "EXP", "ABS", "NEG", "SQRT", "RSQRT", "LOG")
INT16 = ("RELU", "RELU6", "LEAKY_RELU", "ABS", "LOGISTIC", "TANH")


@given(unary("RELU_N1_TO_1"))
def test_relu_n1_to_1(backend, case):
    check(backend, case)


@given(unary("RELU_0_TO_1"))
def test_relu_0_to_1(backend, case):
    check(backend, case)


@given(unary("HARD_SWISH"))
def test_hard_swish(backend, case):
    check(backend, case)


@given(unary("ELU"))
def test_elu(backend, case):
    check(backend, case)


@given(unary("EXP"))
def test_exp(backend, case):
    check(backend, case)


@given(unary("ABS"))
def test_abs(backend, case):
    check(backend, case)


@given(unary("NEG"))
def test_neg(backend, case):
    check(backend, case)


@given(unary("SQRT"))
def test_sqrt(backend, case):
    check(backend, case)


@given(unary("RSQRT"))
def test_rsqrt(backend, case):
    check(backend, case)


@given(unary("LOG"))
def test_log(backend, case):
    check(backend, case)


@given(unary16("RELU"))
def test_relu_int16(backend, case):
    check(backend, case)


@given(unary16("RELU6"))
def test_relu6_int16(backend, case):
    check(backend, case)


@given(unary16("LEAKY_RELU"))
def test_leaky_relu_int16(backend, case):
    check(backend, case)


@given(unary16("ABS"))
def test_abs_int16(backend, case):
    check(backend, case)


@given(unary16("LOGISTIC"))
def test_logistic_int16(backend, case):
    check(backend, case)


@given(unary16("TANH"))
def test_tanh_int16(backend, case):
    check(backend, case)


CASES = {op: unary(op) for op in INT8}
for _op in INT16:
    CASES[_op] = CASES[_op] | unary16(_op) if _op in CASES else unary16(_op)
