"""The oracle and the builder of models, which the other tests rely on."""

import subprocess
import sys

import numpy as np
import pytest
from packer.oracle import ARENA_FIRST

from support import oracle
from support.tflite_builder import Graph


def unary(op, shape, scale, zero_point, output, **options):
    graph = Graph()
    x = graph.input(shape, scale, zero_point)
    graph.output(graph.op(op, [x], shape, *output, **options))
    return graph.finish()


def test_survives_a_model_that_ends_the_process():
    aborts = unary("SOFTMAX", (1, 2), 1e-9, 0, (1 / 256, -128), beta=1.0)
    fits = unary("SOFTMAX", (1, 2), 0.1, 0, (1 / 256, -128), beta=1.0)
    x = np.zeros((1, 2), np.int8)
    with pytest.raises(oracle.OracleError, match="ended with status -6"):
        oracle.run(aborts, [x])
    assert oracle.run(fits, [x])[0].tolist() == [[0, 0]]


def test_says_what_tflite_micro_says():
    with pytest.raises(oracle.OracleError, match="LOGISTIC.*failed to prepare"):
        oracle.run(unary("LOGISTIC", (1, 2), 0.1, 0, (0.5, 0)), [np.zeros((1, 2), np.int8)])


def test_refuses_a_wrong_number_of_inputs():
    model = unary("RELU", (1, 2), 0.1, 0, (0.1, 0))
    with pytest.raises(oracle.OracleError, match="1 inputs, 0 were given"):
        oracle.run(model, [])


def test_arena_grows():
    shape = (1, ARENA_FIRST)
    output = oracle.run(unary("RELU", shape, 0.1, 0, (0.1, 0)), [np.full(shape, -5, np.int8)])[0]
    assert output.shape == shape and not output.any()


def test_layers():
    graph = Graph()
    x = graph.input((1, 4), 0.1, 0)
    graph.output(graph.op("RELU", [graph.op("RELU6", [x], (1, 4), 0.1, 0)], (1, 4), 0.1, 0))
    given = np.array([[-128, -1, 1, 127]], np.int8)
    layers = oracle.run_layers(graph.finish(), [[given]])
    assert {index: array.tolist() for index, array in layers.items()} == {
        0: [[-128, -1, 1, 127]], 1: [[0, 0, 1, 60]], 2: [[0, 0, 1, 60]]}


def test_state_lives_from_case_to_case():
    graph = Graph()
    start = graph.subgraph("start")
    name = {"container": "", "shared_name": "sum"}
    handle = start.op("VAR_HANDLE", [], (), dtype="resource", **name)
    start.node("ASSIGN_VARIABLE", [handle, start.const(np.array([[10, 20]], np.int8), 1.0)], [])
    graph.node("CALL_ONCE", [], [], init_subgraph_index=start.index)
    x = graph.input((1, 2), 1.0)
    handle = graph.op("VAR_HANDLE", [], (), dtype="resource", **name)
    y = graph.op("ADD", [x, graph.op("READ_VARIABLE", [handle], (1, 2), 1.0)], (1, 2), 1.0)
    graph.node("ASSIGN_VARIABLE", [handle, y], [])
    graph.output(y)
    one = [np.ones((1, 2), np.int8)]
    sums = [outputs[0].tolist() for outputs in oracle.run_many(graph.finish(), [one, one, one])]
    assert sums == [[[11, 21]], [[12, 22]], [[13, 23]]]


def test_16_bit_activations_and_64_bit_bias():
    graph = Graph()
    x = graph.input((1, 2), 0.5, dtype=np.int16)
    w = graph.const(np.array([[3, 5]], np.int8), 0.5)
    b = graph.const(np.array([7], np.int64), 0.25)
    graph.output(graph.op("FULLY_CONNECTED", [x, w, b], (1, 1), 0.25, dtype=np.int16))
    assert oracle.run(graph.finish(), [np.array([[100, -10]], np.int16)])[0].tolist() == [[100 * 3 - 10 * 5 + 7]]


def test_several_outputs_of_several_types():
    graph = Graph()
    x = graph.input((2, 2), 0.5)
    halves = [graph.tensor((2, 1), 0.5) for _ in range(2)]
    graph.node("SPLIT", [graph.const(np.array(1, np.int32)), x], halves, num_splits=2)
    graph.output(*halves, graph.op("LESS", halves, (2, 1), dtype=bool))
    left, right, less = oracle.run(graph.finish(), [np.array([[1, 2], [4, 3]], np.int8)])
    assert (left.tolist(), right.tolist(), less.tolist()) == ([[1], [4]], [[2], [3]], [[True], [False]])


def test_says_what_to_install():
    script = ("import importlib.util as u; u.find_spec = lambda name: None\n"
              "from packer import oracle\n"
              "try: oracle.run(b'', [])\n"
              "except oracle.OracleError as error: print(error)")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True,
                         env={"PYTHONPATH": ":".join(sys.path)})
    assert run.stdout == "comparing with TFLite Micro needs its Python package: pip install tflite-micro\n"
