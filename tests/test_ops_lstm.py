"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 with an int16 cell state, batches or time first, clipped cells, odd scales."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from packer import build
from packer.plan.cascade import Group, Work

from support.compare import Case, check
from support.quantisation import bias_like, generators, int8_like, log_uniform, scale_and_zero_point, weights_like
from support.recurrent import lstm_model
from support.tflite_builder import Graph

RUNS = 4  # inferences one after the other


@st.composite
def lstms(draw):
    batch, steps, in_c, units = (draw(st.integers(1, n)) for n in (3, 6, 12, 9))
    time_major = draw(st.booleans())
    cell_power = draw(st.integers(-15, -8))
    exact_power = draw(st.booleans())  # TFLite Micro takes a cell scale that is not quite a power of two, and rounds it
    clip = draw(st.sampled_from((0.0, 0.0, 0.5, 3.0, 1000.0)))
    extreme, rng = draw(st.booleans()), draw(generators())

    graph = Graph()
    x = graph.input((steps, batch, in_c) if time_major else (batch, steps, in_c), *scale_and_zero_point(rng))
    hidden_scale = log_uniform(rng, -8, -5)

    def weights(count, scale):
        # products that spread over the middle of the gate's functions, or far beyond
        real = np.exp2(rng.uniform(-2, 3 if extreme else 1)) / (scale * 70 * 60 * np.sqrt(count))
        return [graph.const(weights_like(rng, (units, count), extreme), np.float32(real)) for _ in range(4)]

    of_input, of_hidden = weights(in_c, x.scale), weights(units, hidden_scale)
    biases = [
        graph.const(bias_like(rng, units, in_c), np.float32(x.scale * w.scale)) for w in of_input
    ]
    hidden_zero_point = int(rng.integers(-128, 128))
    hidden = graph.tensor((batch, units), hidden_scale, hidden_zero_point, variable=True)
    cell_scale = np.float32(2.0**cell_power) * np.float32(1 if exact_power else rng.uniform(0.8, 1.25))
    cell = graph.tensor((batch, units), cell_scale, 0, np.int16, variable=True)
    inputs = [x, *of_input, *of_hidden, None, None, None, *biases, None, None, hidden, cell, None, None, None, None]
    y = graph.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, (*x.shape[:2], units), hidden_scale, hidden_zero_point,
                 fused_activation_function="TANH", cell_clip=clip, time_major=time_major)
    graph.output(y)
    cases = [[int8_like(rng, x.shape)] for _ in range(RUNS - 2)]
    cases += [[np.full(x.shape, 127, np.int8)], [np.full(x.shape, -128, np.int8)]]
    return Case("UNIDIRECTIONAL_SEQUENCE_LSTM", graph.finish(), cases, batch=batch, steps=steps, in_c=in_c, units=units,
                time_major=time_major, cell_power=cell_power, exact_power=exact_power, clip=clip, extreme=extreme)


@given(lstms())
def test_lstm(backend, case):
    check(backend, case)


def test_time_runs_forward():
    """The planner turns ops round, to run from their last row to the first; not one whose rows are time."""
    program = build(lstm_model(steps=5, in_c=4, units=3)).program
    (lstm,) = [i for i, op in enumerate(program.ops) if op.kernel == "LSTM"]
    work = Work(program, {buffer: buffer for buffer in program.buffers()})
    assert work.events(Group(lstm, lstm + 1, down=True)) == [(lstm, row) for row in range(5)]


CASES = {"UNIDIRECTIONAL_SEQUENCE_LSTM": lstms()}
