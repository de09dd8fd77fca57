"""CONV_2D and DEPTHWISE_CONV_2D: kernels, strides, dilations, paddings, channels, multipliers, scales, activations."""

from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import (ACTIVATIONS, GAINS, bias_like, generators, input_cases, output_scale,
                                  scale_and_zero_point, weight_scales, weights_like)
from support.tflite_builder import Graph
from support.windows import windows


@st.composite
def convolutions(draw, op):
    depthwise = op == "DEPTHWISE_CONV_2D"
    window, batch = draw(windows()), draw(st.integers(1, 2))
    in_c = draw(st.integers(1, 20))
    multiplier = draw(st.integers(1, 4)) if depthwise else 1
    out_c = in_c * multiplier if depthwise else draw(st.integers(1, 20))
    per_channel, extreme = draw(st.booleans()), draw(st.booleans())
    bias = draw(st.sampled_from(("given", "given", "absent", "extreme")))
    activation, gain = draw(st.sampled_from(ACTIVATIONS)), draw(st.sampled_from(GAINS))
    rng = draw(generators())

    graph = Graph()
    x = graph.input((batch, *window["size"], in_c), *scale_and_zero_point(rng, extreme))
    scales = weight_scales(rng, out_c, per_channel)
    shape = (1, *window["kernel"], out_c) if depthwise else (out_c, *window["kernel"], in_c)
    w = graph.const(weights_like(rng, shape, extreme), scales, axis=3 if depthwise else 0)
    terms = window["kernel"][0] * window["kernel"][1] * (1 if depthwise else in_c)
    inputs = [x, w]
    if bias != "absent":
        inputs.append(graph.const(bias_like(rng, out_c, terms, bias == "extreme"), x.scale * scales))
    scale = output_scale(rng, x.scale * scales.max(), terms, gain, activation)
    options = {"depth_multiplier": multiplier} if depthwise else {}
    (stride_h, stride_w), (dilation_h, dilation_w) = window["stride"], window["dilation"]
    graph.output(graph.op(
        op, inputs, (batch, *window["output"], out_c), scale, scale_and_zero_point(rng, extreme)[1],
        padding=window["padding"], stride_h=stride_h, stride_w=stride_w, dilation_h_factor=dilation_h,
        dilation_w_factor=dilation_w, fused_activation_function=activation, **options))
    return Case(op, graph.finish(), input_cases(rng, x), batch=batch, **window, in_c=in_c, out_c=out_c, bias=bias,
                per_channel=per_channel, extreme=extreme, activation=activation, gain=gain)


@given(convolutions("CONV_2D"))
def test_conv2d(backend, case):
    check(backend, case)


@given(convolutions("DEPTHWISE_CONV_2D"))
def test_depthwise_conv2d(backend, case):
    check(backend, case)


CASES = {op: convolutions(op) for op in ("CONV_2D", "DEPTHWISE_CONV_2D")}
