"""SVDF: int8 with an int8 or int16 state from one inference to the next, ranks, several batches, saturation."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import bias_like, generators, int8_like, log_uniform, scale_and_zero_point, weights_like
from support.tflite_builder import Graph

RUNS = 8  # inferences one after the other: longer than some memories


@st.composite
def svdfs(draw):
    batch, in_c, units = draw(st.integers(1, 3)), draw(st.integers(1, 24)), draw(st.integers(1, 6))
    rank, memory = draw(st.integers(1, 3)), draw(st.integers(1, 9))
    wide = draw(st.booleans())
    saturated = draw(st.booleans())
    activation = draw(st.sampled_from(("NONE", "RELU", "RELU6")))
    extreme, rng = draw(st.booleans()), draw(generators())
    filters = units * rank

    graph = Graph()
    x = graph.input((batch, in_c), *scale_and_zero_point(rng))
    weights = graph.const(weights_like(rng, (filters, in_c), extreme), log_uniform(rng, -10, -5))
    time_scale = log_uniform(rng, -16, -12) if wide else log_uniform(rng, -9, -5)
    shape = (filters, memory)
    time = rng.integers(-32767, 32768, shape).astype(np.int16) if wide else weights_like(rng, shape)
    time = graph.const(time, time_scale)
    # sums of in_c products fill the state's range, or go far beyond it
    gain = np.exp2(rng.uniform(-12, -8) if saturated else rng.uniform(-7, -5))
    gain *= 2.0**-8 if wide and not saturated else 1
    state_scale = np.float32(x.scale * weights.scale / gain / max(1, np.sqrt(in_c) / 4))
    zero_point = 0 if wide else int(rng.integers(-128, 128))
    dtype = np.int16 if wide else np.int8
    state = graph.tensor((batch, memory * filters), state_scale, zero_point, dtype, variable=True)
    bias_scale = np.float32(state_scale * time_scale)
    bias = graph.const(bias_like(rng, units, rank * memory, extreme), bias_scale)
    terms = np.sqrt(rank * memory) * (2.0**24 if wide else 2.0**8)
    out_scale = np.float32(bias_scale * terms * np.exp2(rng.uniform(-2, 3)))
    out_zero_point = int(rng.integers(-128, 128))
    y = graph.op("SVDF", [x, weights, time, bias, state], (batch, units), out_scale, out_zero_point, rank=rank,
                 fused_activation_function=activation)
    graph.output(y)
    inputs = [[int8_like(rng, x.shape)] for _ in range(RUNS - 2)]
    inputs += [[np.full(x.shape, 127, np.int8)], [np.full(x.shape, -128, np.int8)]]
    return Case("SVDF", graph.finish(), inputs, batch=batch, in_c=in_c, units=units, rank=rank, memory=memory,
                wide=wide, saturated=saturated, activation=activation, extreme=extreme)


@given(svdfs())
def test_svdf(backend, case):
    check(backend, case)


CASES = {"SVDF": svdfs()}
