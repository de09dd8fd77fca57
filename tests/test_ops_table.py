"""Functions of one int8: LOGISTIC, TANH, RELU, RELU6, LEAKY_RELU, QUANTIZE, each over all 256 values; and chains."""

import numpy as np
import packer
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, int8_like, scale_and_zero_point, scale_near
from support.tflite_builder import Graph

ALPHAS = (0.01, 0.1, 0.2, 0.3, 0.9, 1.0, 1.5, 0.0, -0.5)
SHAPES = st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple)


def every_value(rng, shape):
    """Inputs of a shape that together hold each int8 value, in random order, plus one random input."""
    size = int(np.prod(shape))
    values = np.resize(rng.permutation(np.arange(-128, 128, dtype=np.int8)), -(-256 // size) * size)
    return [[part.reshape(shape)] for part in np.split(values, len(values) // size)] + [[int8_like(rng, shape)]]


def fixed_output(op):
    """(scale, zero point) that TFLite demands of an op's int8 output, or None."""
    return {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(op)


@st.composite
def unary(draw, op):
    shape, extreme, rng = draw(SHAPES), draw(st.booleans()), draw(generators())
    options = {"alpha": draw(st.sampled_from(ALPHAS))} if op == "LEAKY_RELU" else {}
    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng, extreme))
    spread = draw(st.sampled_from((0, 2, 12)))
    free = scale_near(rng, x.scale, spread), scale_and_zero_point(rng, extreme)[1]
    output = fixed_output(op) or free
    graph.output(graph.op(op, [x], shape, *output, **options))
    return Case(op, graph.finish(), every_value(rng, shape), shape=shape, scale=x.scale, zero_point=x.zero_point,
                output=output, **options)


@given(unary("LOGISTIC"))
def test_logistic(backend, case):
    check(backend, case)


@given(unary("TANH"))
def test_tanh(backend, case):
    check(backend, case)


@given(unary("RELU"))
def test_relu(backend, case):
    check(backend, case)


@given(unary("RELU6"))
def test_relu6(backend, case):
    check(backend, case)


@given(unary("LEAKY_RELU"))
def test_leaky_relu(backend, case):
    check(backend, case)


@given(unary("QUANTIZE"))
def test_quantize(backend, case):
    check(backend, case)


@st.composite
def chains(draw):
    shape, rng = draw(SHAPES), draw(generators())
    ops = draw(st.lists(st.sampled_from(("LOGISTIC", "TANH", "RELU", "QUANTIZE")), min_size=2, max_size=4))
    graph = Graph()
    x = tensor = graph.input(shape, *scale_and_zero_point(rng))
    for op in ops:
        free = scale_near(rng, tensor.scale, draw(st.integers(0, 1))), int(rng.integers(-128, 128))
        output = fixed_output(op) or free
        tensor = graph.op(op, [tensor], shape, *output)
    graph.output(tensor)
    return Case("CHAIN", graph.finish(), every_value(rng, x.shape), shape=shape, ops=ops)


@given(chains())
def test_chain(backend, case):
    check(backend, case)


def kernels(*ops, shown=None):
    """The device ops of a chain of int8 ops; the tensor after op number `shown` is an output, too."""
    graph = Graph()
    tensor = graph.input((2, 3), 0.05, 3)
    for number, op in enumerate(ops):
        if op == "RESHAPE":
            tensor = graph.op(op, [tensor, graph.const(np.array([6], np.int32))], (6,), tensor.scale, tensor.zero_point)
        else:
            tensor = graph.op(op, [tensor], tensor.shape, *(fixed_output(op) or (0.06, 4)))
        if number == shown:
            graph.output(tensor)
    graph.output(tensor)
    return [op.kernel for op in packer.build(graph.finish()).program.ops]


def test_a_chain_is_one_table():
    assert kernels("TANH", "RELU", "RESHAPE", "LOGISTIC") == ["TABLE"]


def test_what_an_output_shows_stays():
    assert kernels("TANH", "RELU", "LOGISTIC", shown=1) == ["TABLE", "TABLE"]


def test_what_another_op_reads_stays():
    graph = Graph()
    x = graph.input((4,), 0.05, 3)
    y = graph.op("TANH", [x], (4,), 1 / 128, 0)
    z = graph.op("RELU", [y], (4,), 0.06, 4)
    graph.output(z, graph.op("ADD", [y, z], (4,), 0.1, 0))
    assert sorted(op.kernel for op in packer.build(graph.finish()).program.ops)[-2:] == ["TABLE", "TABLE"]


CASES = {op: unary(op) for op in ("LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "QUANTIZE")}
