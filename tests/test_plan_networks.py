"""Plans of whole networks: a hundred ops in time, residual branches, joins and reshapes in cascades, quick forms and
what they cost."""

import time

import numpy as np
import pytest
from conftest import ROOT
from packer import PackerError, build
from packer.core import CoreModel
from packer.fold import fold
from packer.lower import lower
from packer.plan import plan
from packer.plan.proof import prove
from packer.read import read

from support.compare import Case, check
from support.tflite_builder import Graph

SECONDS = 120  # of processor time: ten to thirty, by the machine, and hours if the search is not bounded
RNG = np.random.default_rng(3)
DIGITS = (ROOT / "examples/digits/digits_int8.tflite").read_bytes()
WINDOW = {"padding": "SAME", "dilation_h_factor": 1, "dilation_w_factor": 1}


def conv(graph, x, channels, kernel=1, stride=1, activation="RELU6"):
    weights = RNG.integers(-127, 128, (channels, kernel, kernel, x.shape[3])).astype(np.int8)
    shape = (1, -(-x.shape[1] // stride), -(-x.shape[2] // stride), channels)
    return graph.op("CONV_2D", [x, graph.const(weights, np.full(channels, 0.002, np.float32))], shape, 0.05, 0, **WINDOW,
                    stride_h=stride, stride_w=stride, fused_activation_function=activation)


def depthwise(graph, x, stride=1):
    channels = x.shape[3]
    weights = graph.const(RNG.integers(-127, 128, (1, 3, 3, channels)).astype(np.int8), np.full(channels, 0.01, np.float32), axis=3)
    shape = (1, -(-x.shape[1] // stride), -(-x.shape[2] // stride), channels)
    return graph.op("DEPTHWISE_CONV_2D", [x, weights], shape, 0.05, 0, **WINDOW, stride_h=stride, stride_w=stride,
                    depth_multiplier=1, fused_activation_function="RELU6")


def add(graph, x, y):
    return graph.op("ADD", [x, y], x.shape, 0.05, 0, fused_activation_function="NONE")


def mobilenet(blocks, size, width):
    """A MobileNetV2 of so many inverted residual blocks, three of them of stride 2."""
    graph = Graph()
    x = conv(graph, graph.input((1, size, size, 3), 0.05, 0), width, 3, 2)
    for block in range(blocks):
        channels = width if block < 3 else width * 2 if block < 8 else width * 4
        y = depthwise(graph, conv(graph, x, x.shape[3] * 6), 2 if block in (2, 6, 12) else 1)
        y = conv(graph, y, channels, activation="NONE")
        x = add(graph, x, y) if x.shape == y.shape else y
    graph.output(conv(graph, x, 10, activation="NONE"))
    return graph.finish()


def program_of(model):
    return lower(fold(read(model, "model")))


def test_a_hundred_ops_are_planned_in_time():
    program = program_of(mobilenet(26, 96, 8))
    assert len(program.ops) > 100
    began = time.process_time()
    found = plan(program)
    assert time.process_time() - began < SECONDS
    assert found.pool_bytes < 96 * 96 * 3 * 1.05  # the input, and little more


def input_of(model, runs=2):
    shape = model_input(model)
    return [[RNG.integers(-128, 128, shape).astype(np.int8)] for _ in range(runs)]


def model_input(model):
    (edge,) = program_of(model).inputs
    return edge.shape


def cascades(built):
    """[[kernels]] of the groups of several ops."""
    ops = built.program.ops
    return [[op.kernel for op in ops[g.first : g.past]] for g in built.plan.groups if g.past - g.first > 1]


def test_residual_network(backend):
    check(backend, Case("RESIDUAL", model := mobilenet(4, 24, 4), input_of(model)))


def test_in_place_output_never_overtakes_other_readers(backend):
    """x + REVERSE(x): the sum's first row lies where the reversal's last row comes from."""
    graph = Graph()
    x = graph.input((1, 4, 8, 2), 0.05, 0)
    y = add(graph, x, x)
    turned = graph.op("REVERSE_V2", [y, graph.const(np.array([1], np.int32))], y.shape, 0.05, 0)
    graph.output(add(graph, y, graph.op("TANH", [turned], y.shape, 1 / 128, 0)))
    model = graph.finish()
    check(backend, Case("REVERSED", model, input_of(model)))


def pyramid():
    """Two scales joined along the channels, after wide layers."""
    graph = Graph()
    x = graph.input((1, 24, 24, 1), 0.05, 0)
    fine = conv(graph, x, 16, 3)
    coarse = graph.op("MAX_POOL_2D", [fine], (1, 12, 12, 16), 0.05, 0, padding="SAME", filter_height=2, filter_width=2, stride_h=2,
                      stride_w=2)
    coarse = conv(graph, coarse, 16, 3)
    size = graph.const(np.array([24, 24], np.int32))
    coarse = graph.op("RESIZE_NEAREST_NEIGHBOR", [coarse, size], (1, 24, 24, 16), 0.05, 0)
    joined = graph.op("CONCATENATION", [fine, coarse], (1, 24, 24, 32), 0.05, 0, axis=3)
    graph.output(conv(graph, joined, 2))
    return graph.finish()


def test_joined_channels_are_part_of_a_cascade(backend):
    built = build(model := pyramid())
    assert any(kernels.count("COPY") >= 2 for kernels in cascades(built))
    assert built.pool_bytes < 24 * 24 * 16  # neither scale is there as a whole
    check(backend, Case("PYRAMID", model, input_of(model)))


def test_reshapes_are_part_of_a_cascade(backend):
    """Rows of 8 x 4 that become rows of 4 x 8, between two convolutions that make more than they take."""
    graph = Graph()
    x = conv(graph, graph.input((1, 32, 8, 1), 0.05, 0), 8, 3)
    shape = (1, 64, 4, 8)
    x = graph.op("RESHAPE", [x, graph.const(np.array(shape, np.int32))], shape, 0.05, 0)
    graph.output(conv(graph, x, 1, 3))
    built = build(model := graph.finish())
    assert cascades(built) and built.pool_bytes < 32 * 8 * 8
    check(backend, Case("RESHAPED", model, input_of(model)))


# ---- quick and slow forms ----


def quick(program):
    return [bool(op.params["pairs"]) for op in program.ops if "pairs" in op.params]


def test_quick_forms_where_they_cost_little():
    assert all(quick(build(DIGITS).program))


def one_conv(size, channels, kernel):
    graph = Graph()
    graph.output(conv(graph, graph.input((1, size, size, channels), 0.05, 0), 2, kernel, activation="NONE"))
    return graph.finish()


def test_budget_decides_the_form(backend):
    """The quick form has 4,608 bytes of scratch, the slow one 1,152."""
    model = one_conv(24, 128, 3)
    free = build(model)
    assert quick(free.program) == [True]
    tight = build(model, ram=free.pool_bytes - 1)
    assert quick(tight.program) == [False] and tight.pool_bytes < free.pool_bytes
    inputs = input_of(model)
    outputs = [CoreModel(built.blob).run(inputs[0])[0].tobytes() for built in (free, tight)]
    assert outputs[0] == outputs[1]
    check(backend, Case("FORMS", model, inputs))


def test_bad_bargains_are_not_made():
    """1,600 bytes of scratch for a pool of 1,100."""
    assert quick(build(one_conv(6, 16, 5)).program) == [False]


def test_budget_that_cannot_be_met_names_the_least():
    model = one_conv(6, 16, 5)
    with pytest.raises(PackerError, match=r"model: ([\d,]+) B of RAM is the least it needs, 500 B were allowed") as error:
        build(model, ram=500)
    least = int(str(error.value).split(": ")[1].split(" B")[0].replace(",", ""))
    assert build(model, ram=least).pool_bytes == least


# ---- the proof ----


def test_proof_finds_an_order_of_ops_that_is_not_the_models():
    """Two ops that write one buffer in turn may not change places."""
    graph = Graph()
    x = graph.input((4, 4), 0.1, 3)
    parts = [graph.op("TANH", [x], (4, 4), 1 / 128, 0), graph.op("TANH", [add(graph, x, x)], (4, 4), 1 / 128, 0)]
    graph.output(graph.op("CONCATENATION", parts, (4, 8), 1 / 128, 0, axis=1))
    program = program_of(graph.finish())
    found = plan(program)
    given = list(program.ops)
    prove(program, found.pool_bytes, given)
    joins = [i for i, op in enumerate(given) if op.kernel == "COPY"]
    other = list(given)
    other[joins[0]], other[joins[1]] = given[joins[1]], given[joins[0]]
    other[joins[1]].partial, other[joins[0]].partial = False, True
    with pytest.raises(PackerError, match="is lost"):
        prove(program, found.pool_bytes, other)
