"""CONV_2D whose input channels are a multiple of its weights': groups, down to one channel a group."""

from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, GAINS, bias_like, generators, input_cases, output_scale,
                                  scale_and_zero_point, weight_scales, weights_like)
from support.tflite_builder import Graph
from support.windows import windows


@st.composite
def grouped(draw):
    window, batch = draw(windows()), draw(st.integers(1, 2))
    groups, group_c, per_group = draw(st.integers(2, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    per_channel, extreme, bias = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    activation, gain, rng = draw(st.sampled_from(ACTIVATIONS)), draw(st.sampled_from(GAINS)), draw(generators())
    in_c, out_c = groups * group_c, groups * per_group
    terms = window["kernel"][0] * window["kernel"][1] * group_c
    graph = Graph()
    x = graph.input((batch, *window["size"], in_c), *scale_and_zero_point(rng, extreme))
    scales = weight_scales(rng, out_c, per_channel)
    inputs = [x, graph.const(weights_like(rng, (out_c, *window["kernel"], group_c), extreme), scales)]
    if bias:
        inputs.append(graph.const(bias_like(rng, out_c, terms, extreme), x.scale * scales))
    scale = output_scale(rng, x.scale * scales.max(), terms, gain, activation)
    (stride_h, stride_w), (dilation_h, dilation_w) = window["stride"], window["dilation"]
    graph.output(graph.op(
        "CONV_2D", inputs, (batch, *window["output"], out_c), scale, scale_and_zero_point(rng, extreme)[1],
        padding=window["padding"], stride_h=stride_h, stride_w=stride_w, dilation_h_factor=dilation_h,
        dilation_w_factor=dilation_w, fused_activation_function=activation))
    return Case("CONV_2D", graph.finish(), input_cases(rng, x), batch=batch, **window, groups=groups, group_c=group_c,
                out_c=out_c, bias=bias, per_channel=per_channel, extreme=extreme, activation=activation, gain=gain)


@given(grouped())
def test_grouped_conv(backend, case):
    check(backend, case)


CASES = {"CONV_2D": grouped()}
