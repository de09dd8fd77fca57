"""The multipliers of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED, to the last bits.

A multiplier that is wrong by 2^-27 of itself changes one output in a hundred thousand. So the accumulators here are the
integers nearest to every value where the output goes from one int8 to the next; and where the multiplier is a power of
two that value is one of them, so that both roundings meet results that lie halfway.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, log_uniform
from support.tflite_builder import Graph

DEPTH = 131
WEIGHTS = np.full(DEPTH, 127, np.int8)
WEIGHTS[-1] = 1


def inputs_of(accumulators):
    """int8 [n, DEPTH] whose products with WEIGHTS sum to the n accumulators: quotient spread evenly, remainder last."""
    quotients, remainders = np.divmod(accumulators + 63, 127)
    steps = np.arange(DEPTH - 1)
    spread = (quotients[:, None] + steps) // (DEPTH - 1)
    return np.concatenate([spread, remainders[:, None] - 63], axis=1).astype(np.int8)


@st.composite
def on_the_edge(draw, op):
    per_channel, bias, halfway = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    rng = draw(generators())
    channels = 2 if per_channel or op == "DEPTHWISE_CONV_2D" else 1
    x_scale, w_scale, exponent = log_uniform(rng, -9, 0), log_uniform(rng, -9, 0), rng.uniform(13.2, 14)
    if halfway:
        x_scale, w_scale, exponent = *np.exp2(np.rint(np.log2([x_scale, w_scale]))).astype(np.float32), 14
    y_scale = np.float32(float(x_scale) * float(w_scale) * 2.0 ** exponent)
    w_scale = np.repeat(w_scale, channels if per_channel else 1)
    zero_point = int(rng.integers(-128, 128))
    real = float(x_scale) * float(w_scale[0]) / float(y_scale)
    edges = (np.arange(-128, 127) + 0.5 - zero_point) / real
    accumulators = (np.floor(edges)[:, None] + [-1, 0, 1, 2]).ravel().astype(np.int64)
    accumulators = accumulators[np.abs(accumulators) < (DEPTH - 1) * 127 * 127]
    data, n = inputs_of(accumulators), len(accumulators)
    assert (data.astype(np.int64) @ WEIGHTS == accumulators).all()

    graph = Graph()
    options = {} if op == "FULLY_CONNECTED" else {"padding": "VALID", "stride_h": 1, "stride_w": 1}
    weights = np.tile(WEIGHTS, (channels, 1))
    biases = [graph.const(np.zeros(channels, np.int32), x_scale * w_scale)] if bias else []
    if op == "FULLY_CONNECTED":
        x = graph.input((n, DEPTH), x_scale)
        y = graph.op(op, [x, graph.const(weights, w_scale), *biases], (n, channels), y_scale, zero_point)
    elif op == "CONV_2D":
        x = graph.input((1, n, 1, DEPTH), x_scale)
        w = graph.const(weights.reshape(channels, 1, 1, DEPTH), w_scale)
        y = graph.op(op, [x, w, *biases], (1, n, 1, channels), y_scale, zero_point, **options)
    else:
        data = np.repeat(data[:, :, None], channels, axis=2)
        x = graph.input((1, n, DEPTH, channels), x_scale)
        w = graph.const(weights.T.reshape(1, 1, DEPTH, channels), w_scale, axis=3)
        y = graph.op(op, [x, w, *biases], (1, n, 1, channels), y_scale, zero_point, depth_multiplier=1, **options)
    graph.output(y)
    return Case(op, graph.finish(), [[data.reshape(x.shape)]], per_channel=per_channel, bias=bias, halfway=halfway,
                scales=(x_scale, w_scale[0], y_scale), zero_point=zero_point)


@given(on_the_edge("FULLY_CONNECTED"))
def test_fully_connected(backend, case):
    check(backend, case)


@given(on_the_edge("CONV_2D"))
def test_conv2d(backend, case):
    check(backend, case)


@given(on_the_edge("DEPTHWISE_CONV_2D"))
def test_depthwise_conv2d(backend, case):
    check(backend, case)


CASES = {op: on_the_edge(op) for op in ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D")}
