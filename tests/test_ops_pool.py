"""MAX_POOL_2D and AVERAGE_POOL_2D: windows that reach over the edge, strides, activations."""

from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import ACTIVATIONS, generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph
from support.windows import windows


@st.composite
def pools(draw, op):
    window, batch, channels = draw(windows(dilations=False)), draw(st.integers(1, 2)), draw(st.integers(1, 20))
    activation, extreme, rng = draw(st.sampled_from(ACTIVATIONS)), draw(st.booleans()), draw(generators())
    graph = Graph()
    x = graph.input((batch, *window["size"], channels), *scale_and_zero_point(rng, extreme))
    (filter_height, filter_width), (stride_h, stride_w) = window["kernel"], window["stride"]
    graph.output(graph.op(
        op, [x], (batch, *window["output"], channels), x.scale, x.zero_point, padding=window["padding"],
        filter_height=filter_height, filter_width=filter_width, stride_h=stride_h, stride_w=stride_w,
        fused_activation_function=activation))
    return Case(op, graph.finish(), input_cases(rng, x), batch=batch, channels=channels, **window, extreme=extreme,
                activation=activation)


@given(pools("MAX_POOL_2D"))
def test_max_pool(backend, case):
    check(backend, case)


@given(pools("AVERAGE_POOL_2D"))
def test_average_pool(backend, case):
    check(backend, case)


CASES = {op: pools(op) for op in ("MAX_POOL_2D", "AVERAGE_POOL_2D")}
