"""Comparisons, logic and SELECT_V2, with broadcasting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build

from support.broadcasting import operands, shapes, values_like
from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point, scale_near
from support.tflite_builder import Graph

EQUALITIES = ("EQUAL", "NOT_EQUAL")
ORDERS = ("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL")
SCALE_MAX = 0.999  # TFLite Micro aborts where it compares a scale of 1 or more


def cases_of(rng, tensors):
    """Inputs to try: as for other ops where all are int8, else random ones, with equal values among them."""
    if all(t.dtype == np.int8 for t in tensors):
        return input_cases(rng, *tensors)
    return [[values_like(rng, t.shape, np.dtype(t.dtype).name) for t in tensors] for _ in range(4)]


@st.composite
def comparisons(draw, op):
    dtype = draw(st.sampled_from(("int8", "int8", "int32", "bool") if op in EQUALITIES else ("int8", "int8", "int32")))
    shape1, shape2, shape = draw(shapes(2))
    rng, extreme, spread = draw(generators()), draw(st.booleans()), draw(st.sampled_from((0, 0, 1, 8)))
    quantisations = [(None, 0), (None, 0)]
    if dtype == "int8":
        first, zero_point = scale_and_zero_point(rng, extreme)
        first = min(first, np.float32(SCALE_MAX))
        # Alike, as converters make them, or far apart.
        second = zero_point if draw(st.booleans()) else scale_and_zero_point(rng, extreme)[1]
        quantisations = [(first, zero_point), (min(scale_near(rng, first, spread), np.float32(SCALE_MAX)), second)]
    graph = Graph()
    inputs, given_tensors, kind = draw(operands(graph, rng, (shape1, shape2), quantisations, dtype))
    graph.output(graph.op(op, inputs, shape, dtype=np.bool_))
    return Case(op, graph.finish(), cases_of(rng, given_tensors), dtype=dtype, shapes=(shape1, shape2), operands=kind,
                quantisations=quantisations)


@st.composite
def logic(draw, op):
    shape1, shape2, shape = draw(shapes(2))
    rng, graph = draw(generators()), Graph()
    inputs, given_tensors, kind = draw(operands(graph, rng, (shape1, shape2), [(None, 0)] * 2, "bool"))
    graph.output(graph.op(op, inputs, shape, dtype=np.bool_))
    return Case(op, graph.finish(), cases_of(rng, given_tensors), shapes=(shape1, shape2), operands=kind)


@st.composite
def negations(draw):
    shape, rng, graph = draw(shapes(1))[0], draw(generators()), Graph()
    x = graph.input(shape, dtype=np.bool_)
    graph.output(graph.op("LOGICAL_NOT", [x], shape, dtype=np.bool_))
    return Case("LOGICAL_NOT", graph.finish(), cases_of(rng, [x]), shape=shape)


@st.composite
def selections(draw):
    *operand_shapes, shape = draw(shapes(3))
    dtype, rng, graph = draw(st.sampled_from(("int8", "int16"))), draw(generators()), Graph()
    quantisation = 0.1, 0
    constant = draw(st.sampled_from((None, None, 0, 1, 2)))
    inputs, given_tensors = [], []
    for number, (operand_shape, of) in enumerate(zip(operand_shapes, ("bool", dtype, dtype))):
        quantised = (None, 0) if of == "bool" else quantisation
        if number == constant:
            inputs.append(graph.const(values_like(rng, operand_shape, of), *quantised))
        else:
            inputs.append(graph.input(operand_shape, *quantised, np.dtype(of)))
            given_tensors.append(inputs[-1])
    graph.output(graph.op("SELECT_V2", inputs, shape, *quantisation, np.dtype(dtype)))
    return Case("SELECT_V2", graph.finish(), cases_of(rng, given_tensors), dtype=dtype, shapes=operand_shapes,
                constant=constant)


CASES = {
    **{op: comparisons(op) for op in (*EQUALITIES, *ORDERS)},
    "LOGICAL_AND": logic("LOGICAL_AND"),
    "LOGICAL_OR": logic("LOGICAL_OR"),
    "LOGICAL_NOT": negations(),
    "SELECT_V2": selections(),
}


@pytest.mark.parametrize("op", CASES)
@given(data=st.data())
def test_op(backend, op, data):
    check(backend, data.draw(CASES[op]))


@pytest.mark.parametrize("shapes", [((2, 3), (2, 3), (2, 3)), ((2, 1, 3), (4, 1), (1,)), ((), (5,), (5,))])
def test_select_of_int32(backend, shapes):
    """TFLite Micro has none; that each element is one of two leaves no room for another oracle."""
    rng, graph = np.random.default_rng(1), Graph()
    inputs = [graph.input(shape, dtype=np.dtype(of)) for shape, of in zip(shapes, ("bool", "int32", "int32"))]
    graph.output(graph.op("SELECT_V2", inputs, np.broadcast_shapes(*shapes), dtype=np.int32))
    arrays = [values_like(rng, t.shape, np.dtype(t.dtype).name) for t in inputs]
    (answer,) = backend(graph.finish(), [arrays])[0]
    assert answer.dtype == np.int32 and np.array_equal(answer, np.where(*arrays))


def test_scales_that_tflite_cannot_compare():
    graph = Graph()
    inputs = [graph.input((3,), scale) for scale in (0.5, 1.0)]
    graph.output(graph.op("LESS", inputs, (3,), dtype=np.bool_))
    with pytest.raises(PackerError, match="whose scale is 1 or more"):
        build(graph.finish())
