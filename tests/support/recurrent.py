"""Small models with a state, for tests of what happens around them."""

import numpy as np

from support.quantisation import weights_like
from support.tflite_builder import Graph


def lstm_model(steps, in_c, units, seed=0):
    """UNIDIRECTIONAL_SEQUENCE_LSTM of int8 [1, steps, in_c] to [1, steps, units]."""
    graph, rng = Graph(), np.random.default_rng(seed)
    x = graph.input((1, steps, in_c), 0.02, 5)
    weights = [graph.const(weights_like(rng, (units, n)), 0.01) for n in (in_c,) * 4 + (units,) * 4]
    biases = [graph.const(rng.integers(-3000, 3000, units).astype(np.int32), 0.0002) for _ in range(4)]
    hidden = graph.tensor((1, units), 1 / 128, -3, variable=True)
    cell = graph.tensor((1, units), 2.0**-12, 0, np.int16, variable=True)
    inputs = [x, *weights, None, None, None, *biases, None, None, hidden, cell, None, None, None, None]
    graph.output(graph.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (1, steps, units), 1 / 128, -3,
                          fused_activation_function="TANH"))  # fmt: skip
    return graph.finish()


def svdf_model(in_c, units, rank, memory, wide=False, seed=0):
    """SVDF of int8 [1, in_c] to [1, units], its state int8, or int16 where `wide`."""
    graph, rng = Graph(), np.random.default_rng(seed)
    x, filters = graph.input((1, in_c), 0.05, -7), units * rank
    weights = graph.const(weights_like(rng, (filters, in_c)), 0.01)
    shape = (filters, memory)
    time = rng.integers(-32767, 32768, shape).astype(np.int16) if wide else weights_like(rng, shape)
    time_scale, state_scale = (2.0**-15, 2.0**-11) if wide else (2.0**-7, 2.0**-3)
    time = graph.const(time, time_scale)
    bias = graph.const(rng.integers(-500, 500, units).astype(np.int32), state_scale * time_scale)
    dtype, zero_point = (np.int16, 0) if wide else (np.int8, 11)
    state = graph.tensor((1, memory * filters), state_scale, zero_point, dtype, variable=True)
    graph.output(graph.op("SVDF", [x, weights, time, bias, state], (1, units), 0.25, 2, rank=rank))
    return graph.finish()


def variable_model():
    """int8 [1, 4]: a variable, 10, 20, 30, 40 at first, is read by the first and the last op, whose sum it becomes."""
    graph, name = Graph(), {"container": "", "shared_name": "sum"}
    start = graph.subgraph("start")
    graph.node("CALL_ONCE", [], [], init_subgraph_index=start.index)
    at_start = start.op("VAR_HANDLE", [], (), dtype="resource", **name)
    start.node("ASSIGN_VARIABLE", [at_start, start.const(np.array([[10, 20, 30, 40]], np.int8), 1.0)], [])
    handle = graph.op("VAR_HANDLE", [], (), dtype="resource", **name)
    before = graph.op("READ_VARIABLE", [handle], (1, 4), 1.0)
    y = graph.op("ADD", [graph.input((1, 4), 1.0), before], (1, 4), 1.0)
    y = graph.op("MINIMUM", [y, graph.const(np.array([[9, 50, -7, 0]], np.int8), 1.0)], (1, 4), 1.0)
    y = graph.op("ADD", [y, before], (1, 4), 1.0)
    graph.node("ASSIGN_VARIABLE", [handle, y], [])
    graph.output(y)
    return graph.finish()
