"""FULLY_CONNECTED: input ranks, batches, with and without bias, scales a tensor or a channel, fused activations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, GAINS, bias_like, generators, input_cases, output_scale,
                                  scale_and_zero_point, weight_scales, weights_like)
from support.tflite_builder import Graph


@st.composite
def fully_connected(draw):
    batch, depth, channels = draw(st.integers(1, 4)), draw(st.integers(1, 70)), draw(st.integers(1, 20))
    rank = draw(st.integers(1, 4))
    keep_dims = rank > 1 and draw(st.booleans())
    per_channel, extreme = draw(st.booleans()), draw(st.booleans())
    bias = draw(st.sampled_from(("given", "given", "absent", "extreme")))
    activation, gain = draw(st.sampled_from(ACTIVATIONS)), draw(st.sampled_from(GAINS))
    rng = draw(generators())

    if rank == 1:
        batch, shape = 1, (depth,)
    else:
        shape = (batch,) + (1,) * (rank - 2) + (depth,)
        if rank > 2 and not keep_dims:  # the features of one vector may lie on several dimensions
            factor = draw(st.integers(1, 4))
            shape, depth = (batch,) + (1,) * (rank - 3) + (factor, depth), factor * depth
    output_shape = shape[:-1] + (channels,) if keep_dims else (batch, channels)

    graph = Graph()
    x = graph.input(shape, *scale_and_zero_point(rng, extreme))
    scales = weight_scales(rng, channels, per_channel)
    if gain == "huge":  # TFLite allows the bias scale to be wrong by 0.02 output scales: make the product exact
        scales = np.exp2(np.rint(np.log2(scales))).astype(np.float32)
    w = graph.const(weights_like(rng, (channels, depth), extreme), scales)
    b = None
    if bias != "absent":
        b = graph.const(bias_like(rng, channels, depth, bias == "extreme"), x.scale * scales)
    scale = output_scale(rng, x.scale * scales.max(), depth, gain, activation)
    graph.output(graph.op("FULLY_CONNECTED", [x, w, b], output_shape, scale, scale_and_zero_point(rng, extreme)[1],
                          fused_activation_function=activation, keep_num_dims=keep_dims))
    return Case("FULLY_CONNECTED", graph.finish(), input_cases(rng, x), shape=shape, output=output_shape, bias=bias,
                per_channel=per_channel, extreme=extreme, activation=activation, gain=gain, keep_dims=keep_dims)


@given(fully_connected())
def test_fully_connected(backend, case):
    check(backend, case)


CASES = {"FULLY_CONNECTED": fully_connected()}
