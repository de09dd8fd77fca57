"""Ops on constants: computed by the packer, or copied to RAM where the op has another input, and the oracle's bytes in
either case."""

import numpy as np
import pytest
from packer import PackerError, build

from support.compare import Case, check
from support.tflite_builder import Graph

SHAPE = (1, 4, 4, 2)
RNG = np.random.default_rng(5)


def data(shape=SHAPE):
    return RNG.integers(-128, 128, shape).astype(np.int8)


def conv(graph, x, kernel=1):
    weights = graph.const(data((2, kernel, kernel, 2)), 0.02, 0)
    return graph.op("CONV_2D", [x, weights], SHAPE, 0.5, 3, padding="SAME", stride_h=1, stride_w=1,
                    dilation_h_factor=1, dilation_w_factor=1)


def pool(graph, x, kind="MAX_POOL_2D"):
    return graph.op(kind, [x], SHAPE, x.scale, x.zero_point, padding="SAME", filter_height=2, filter_width=2, stride_h=1,
                    stride_w=1)


OPS = {
    "FULLY_CONNECTED": conv,
    "CONV2D": lambda graph, x: conv(graph, x, 3),
    "MAX_POOL": pool,
    "AVERAGE_POOL": lambda graph, x: pool(graph, x, "AVERAGE_POOL_2D"),
    "TABLE": lambda graph, x: graph.op("TANH", [x], SHAPE, 1 / 128, 0),
    "SOFTMAX": lambda graph, x: graph.op("SOFTMAX", [x], SHAPE, 1 / 256, -128, beta=1.0),
    "CONVERT": lambda graph, x: graph.op("QUANTIZE", [x], SHAPE, 0.3, -5),
    "two": lambda graph, x: pool(graph, conv(graph, x, 3)),
    "ADD": lambda graph, x: graph.op("ADD", [x, graph.const(data(), 0.1, 4)], SHAPE, 0.4, 1, fused_activation_function="NONE"),
}


@pytest.mark.parametrize("name", OPS)
def test_ops_on_constants_are_computed_by_the_packer(backend, name):
    graph = Graph()
    x = graph.input(SHAPE, 0.2, 1)
    made = OPS[name](graph, graph.const(data(), 0.1, -2))
    graph.output(graph.op("ADD", [x, made], SHAPE, 0.7, 2, fused_activation_function="NONE"))
    model = graph.finish()
    assert [op.kernel for op in build(model).program.ops] == ["ADD"]
    check(backend, Case("constant", model, [[data()] for _ in range(3)]))


def test_a_constant_beside_state_is_copied_to_ram(backend):
    """SVDF changes its state with every inference, whatever its input."""
    graph = Graph()
    x = graph.input((1, 3), 0.2, 1)
    weights, time = graph.const(data((3, 5)), 0.01, 0), graph.const(data((3, 4)), 0.01, 0)
    state = graph.tensor((1, 12), 0.05, 0, variable=True)
    bias = graph.const(np.zeros(3, np.int32), 0.0005, 0)
    y = graph.op("SVDF", [graph.const(data((1, 5)), 0.1, 3), weights, time, bias, state], (1, 3), 0.1, 0, rank=1,
                 fused_activation_function="NONE")
    graph.output(graph.op("ADD", [x, y], (1, 3), 0.3, 0, fused_activation_function="NONE"))
    model = graph.finish()
    assert [op.kernel for op in build(model).program.ops] == ["COPY", "SVDF", "ADD"]
    check(backend, Case("constant", model, [[data((1, 3))] for _ in range(4)]))


def test_an_output_that_is_a_constant_is_refused():
    graph = Graph()
    graph.output(graph.op("RELU", [graph.input(SHAPE, 0.2, 1)], SHAPE, 0.2, 1))
    graph.output(pool(graph, graph.const(data(), 0.1, -2)))
    with pytest.raises(PackerError, match='output "t.*" is a constant; take it out of the model'):
        build(graph.finish())
