"""TRANSPOSE_CONV, int8 and int16: kernels smaller and larger than the stride, paddings, output sizes, activations."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from test_ops_int16 import layer

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, GAINS, bias_like, generators, input_cases, output_scale,
                                  scale_and_zero_point, weight_scales, weights_like)
from support.tflite_builder import Graph


@st.composite
def geometry(draw):
    """Input and output size, kernel, stride, as (height, width), and the padding. Several outputs fit one input."""
    padding = draw(st.sampled_from(("SAME", "VALID")))
    size, kernel, stride = (draw(st.tuples(st.integers(1, n), st.integers(1, n))) for n in (6, 5, 4))
    more = draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    output = []
    for n, k, s, m in zip(size, kernel, stride, more):
        output.append(n * s - m % s if padding == "SAME" else (n - 1) * s + k + m % s)
    return {"padding": padding, "size": size, "kernel": kernel, "stride": stride, "output": tuple(output)}


@st.composite
def transposed(draw):
    window, batch, is_int16 = draw(geometry()), draw(st.integers(1, 2)), draw(st.booleans())
    in_c, out_c = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    shape, output_shape = (batch, *window["size"], in_c), (batch, *window["output"], out_c)
    weights_shape, terms = (out_c, *window["kernel"], in_c), in_c * window["kernel"][0] * window["kernel"][1]
    options = {"padding": window["padding"], "stride_h": window["stride"][0], "stride_w": window["stride"][1]}
    graph = Graph()
    sizes = graph.const(np.array(output_shape, np.int32))
    if is_int16:
        inputs, details = layer(draw, "TRANSPOSE_CONV", graph, shape, weights_shape, terms, out_c, output_shape,
                                before=[sizes], **options)
        return Case("TRANSPOSE_CONV", graph.finish(), inputs, **window, in_c=in_c, out_c=out_c, dtype="int16", **details)

    per_channel, extreme = draw(st.booleans()), draw(st.booleans())
    bias = draw(st.sampled_from(("given", "given", "absent", "extreme")))
    activation, gain, rng = draw(st.sampled_from(ACTIVATIONS)), draw(st.sampled_from(GAINS)), draw(generators())
    x = graph.input(shape, *scale_and_zero_point(rng, extreme))
    scales = weight_scales(rng, out_c, per_channel)
    tensors = [sizes, graph.const(weights_like(rng, weights_shape, extreme), scales), x]
    if bias != "absent":
        tensors.append(graph.const(bias_like(rng, out_c, terms, bias == "extreme"), x.scale * scales))
    scale = output_scale(rng, x.scale * scales.max(), terms, gain, activation)
    graph.output(graph.op("TRANSPOSE_CONV", tensors, output_shape, scale, scale_and_zero_point(rng, extreme)[1],
                          fused_activation_function=activation, **options))
    return Case("TRANSPOSE_CONV", graph.finish(), input_cases(rng, x), **window, in_c=in_c, out_c=out_c, dtype="int8",
                bias=bias, per_channel=per_channel, extreme=extreme, activation=activation, gain=gain)


@given(transposed())
def test_transpose_conv(backend, case):
    check(backend, case)


CASES = {"TRANSPOSE_CONV": transposed()}
