"""16x8: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED of int16 activations and int8 weights, and int16 pools."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, bias_like, generators, input_cases, log_uniform, output_scale,
                                  weight_scales, weights_like)
from support.tflite_builder import Graph
from support.windows import windows

GAINS = ("fitting", "fitting", "tiny", "above one")

# The dtypes of the bias that TFLite Micro reads as what they are; the sum is 32 bits wide with int32, else 64.
BIASES = {
    "CONV_2D": (None, np.int32, np.int64),
    "DEPTHWISE_CONV_2D": (None, np.int64),
    "FULLY_CONNECTED": (None, np.int32, np.int64),
    "TRANSPOSE_CONV": (None, np.int16, np.int64),
}


def bias_of(rng, dtype, channels, terms, extreme):
    """Biases of the size of the accumulator, or up to what the dtype, or TFLite's 48 bits, can hold."""
    if dtype == np.int16:
        return rng.integers(-2**15, 2**15, channels).astype(np.int16)
    if dtype == np.int32:
        return bias_like(rng, channels, 256 * terms, extreme)
    if extreme:
        return rng.integers(-2**45, 2**45, channels)
    return np.rint(rng.normal(0, 5000 * 256 * np.sqrt(terms), channels)).astype(np.int64)


def layer(draw, op, graph, shape, weights_shape, terms, channels, output_shape, *, axis=0, before=(), **options):
    """The op on an int16 input of `shape`, the graph's output; returns what is special about it, and inputs to try."""
    dtype, per_channel = draw(st.sampled_from(BIASES[op])), draw(st.booleans())
    extreme, activation, gain = draw(st.booleans()), draw(st.sampled_from(ACTIVATIONS)), draw(st.sampled_from(GAINS))
    rng = draw(generators())
    x = graph.input(shape, log_uniform(rng, -16, -4), 0, np.int16)
    scales = weight_scales(rng, channels, per_channel)
    w = graph.const(weights_like(rng, weights_shape, extreme), scales, axis=axis)
    inputs = [*before, w, x] if op == "TRANSPOSE_CONV" else [x, w]
    if dtype:
        inputs.append(graph.const(bias_of(rng, dtype, channels, terms, extreme), x.scale * scales))
    scale = output_scale(rng, x.scale * scales.max(), terms, gain, activation)
    graph.output(graph.op(op, inputs, output_shape, scale, 0, np.int16, fused_activation_function=activation, **options))
    details = {"bias": dtype and dtype.__name__, "per_channel": per_channel, "extreme": extreme, "activation": activation,
               "gain": gain}
    return input_cases(rng, x), details


@st.composite
def convolutions(draw, op):
    window, batch, graph = draw(windows()), draw(st.integers(1, 2)), Graph()
    k_h, k_w = window["kernel"]
    (stride_h, stride_w), (dilation_h, dilation_w) = window["stride"], window["dilation"]
    options = {"padding": window["padding"], "stride_h": stride_h, "stride_w": stride_w,
               "dilation_h_factor": dilation_h, "dilation_w_factor": dilation_w}
    if op == "CONV_2D":
        groups, group_c, per_group = draw(st.sampled_from((1, 1, 2, 3))), draw(st.integers(1, 9)), draw(st.integers(1, 6))
        in_c, out_c = groups * group_c, groups * per_group
        weights, terms, axis = (out_c, k_h, k_w, group_c), k_h * k_w * group_c, 0
    else:
        in_c, multiplier = draw(st.integers(1, 9)), draw(st.integers(1, 3))
        out_c = in_c * multiplier
        weights, terms, axis = (1, k_h, k_w, out_c), k_h * k_w, 3
        options["depth_multiplier"] = multiplier
    inputs, details = layer(draw, op, graph, (batch, *window["size"], in_c), weights, terms, out_c,
                            (batch, *window["output"], out_c), axis=axis, **options)
    return Case(op, graph.finish(), inputs, batch=batch, **window, in_c=in_c, weights=weights, **details)


@st.composite
def fully_connected(draw):
    batch, depth, channels = draw(st.integers(1, 4)), draw(st.integers(1, 70)), draw(st.integers(1, 20))
    keep, graph = draw(st.booleans()), Graph()
    shape = (1, batch, depth) if keep else (batch, depth)
    inputs, details = layer(draw, "FULLY_CONNECTED", graph, shape, (channels, depth), depth, channels,
                            (*shape[:-1], channels), keep_num_dims=keep)
    return Case("FULLY_CONNECTED", graph.finish(), inputs, shape=shape, channels=channels, **details)


@st.composite
def pools(draw, op):
    window, batch, channels = draw(windows(dilations=False)), draw(st.integers(1, 2)), draw(st.integers(1, 9))
    activation, rng, graph = draw(st.sampled_from(ACTIVATIONS)), draw(generators()), Graph()
    x = graph.input((batch, *window["size"], channels), log_uniform(rng, -16, 2), 0, np.int16)
    (filter_height, filter_width), (stride_h, stride_w) = window["kernel"], window["stride"]
    graph.output(graph.op(
        op, [x], (batch, *window["output"], channels), x.scale, 0, np.int16, padding=window["padding"],
        filter_height=filter_height, filter_width=filter_width, stride_h=stride_h, stride_w=stride_w,
        fused_activation_function=activation))
    return Case(op, graph.finish(), input_cases(rng, x), batch=batch, channels=channels, **window, activation=activation)


CASES = {op: convolutions(op) for op in ("CONV_2D", "DEPTHWISE_CONV_2D")}
CASES["FULLY_CONNECTED"] = fully_connected()
CASES |= {op: pools(op) for op in ("MAX_POOL_2D", "AVERAGE_POOL_2D")}


@pytest.mark.parametrize("op", CASES)
@given(data=st.data())
def test_int16(backend, op, data):
    check(backend, data.draw(CASES[op]))
