"""Channels inside a network are put into an order that costs less, and no output tells."""

import numpy as np
import packer
import pytest
from packer.coding import sparse_blocks
from packer.compress import matrix_of
from packer.fold import fold
from packer.lower import lower
from packer.lower.pairs import exceptions
from packer.read import read
from packer.verify import verify

from support.tflite_builder import Graph

WINDOW = {"padding": "SAME", "dilation_h_factor": 1, "dilation_w_factor": 1}


class Net:
    """A network with heavy weights, so that order matters."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.graph = Graph()

    def weights(self, shape):
        return (np.clip(self.rng.standard_normal(shape) * 60, -127, 127)).astype(np.int8)

    def conv(self, x, channels, kernel=1):
        scales = np.exp(self.rng.uniform(-8, -6, channels)).astype(np.float32)
        weights = self.graph.const(self.weights((channels, kernel, kernel, x.shape[3])), scales)
        shape = (*x.shape[:3], channels)
        return self.graph.op("CONV_2D", [x, weights], shape, 0.05, -3, **WINDOW, stride_h=1, stride_w=1,
                             fused_activation_function="RELU")

    def depthwise(self, x):
        scales = np.exp(self.rng.uniform(-7, -5, x.shape[3])).astype(np.float32)
        weights = self.graph.const(self.weights((1, 3, 3, x.shape[3])), scales, axis=3)
        return self.graph.op("DEPTHWISE_CONV_2D", [x, weights], x.shape, 0.05, 4, **WINDOW, stride_h=1, stride_w=1,
                             depth_multiplier=1, fused_activation_function="NONE")

    def add(self, x, y):
        return self.graph.op("ADD", [x, y], x.shape, 0.05, 2, fused_activation_function="NONE")

    def logistic(self, x):
        return self.graph.op("LOGISTIC", [x], x.shape, 1 / 256, -128)

    def pool(self, x):
        shape = (x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3])
        return self.graph.op("MAX_POOL_2D", [x], shape, x.scale, x.zero_point, padding="VALID", stride_h=2, stride_w=2,
                             filter_height=2, filter_width=2, fused_activation_function="NONE")

    def dense(self, x, units):
        inputs = int(np.prod(x.shape[1:]))
        weights = self.graph.const(self.weights((units, inputs)), np.float32(0.001))
        return self.graph.op("FULLY_CONNECTED", [x, weights], (1, units), 0.05, 0, fused_activation_function="NONE")

    def finish(self, *outputs):
        for output in outputs:
            self.graph.output(output)
        return self.graph.finish()


def residual(seed):
    """Branches that meet in an ADD, a table, a pool, and a layer that reads all of it flat."""
    net = Net(seed)
    x = net.conv(net.graph.input((1, 6, 6, 3), 0.05, 0), 16, 3)
    y = net.conv(net.depthwise(x), 16)
    x = net.add(net.logistic(x), y)
    x = net.conv(x, 24)
    x = net.pool(net.conv(x, 16, 3))
    return net.finish(net.dense(x, 10))


def seen_inside(seed):
    """The channels between the two layers are an output, too."""
    net = Net(seed)
    x = net.conv(net.graph.input((1, 5, 5, 4), 0.05, 0), 16)
    return net.finish(x, net.conv(x, 8))


def read_as_other_channels(seed):
    """16 channels of one pixel, read as 2 x 2 pixels of 4 channels."""
    net = Net(seed)
    x = net.conv(net.graph.input((1, 4, 4, 8), 0.05, 0), 16)
    y = net.graph.op("RESHAPE", [x, net.graph.const(np.array([1, 8, 8, 4], np.int32))], (1, 8, 8, 4), x.scale, x.zero_point)
    weights = net.graph.const(net.weights((8, 2, 2, 4)), np.full(8, 0.001, np.float32))
    return net.finish(net.graph.op("CONV_2D", [y, weights], (1, 4, 4, 8), 0.05, 0, **{**WINDOW, "padding": "VALID"}, stride_h=2,
                                   stride_w=2, fused_activation_function="NONE"))


def program_of(model):
    return lower(fold(read(model, "model")))


def interruptions(program):
    found = 0
    for op in program.ops:
        if op.params.get("pairs"):
            found += int(exceptions(op.params["weights"].reshape(len(op.params["weights"]), -1), 4).sum())
    return found


@pytest.mark.parametrize("seed", range(4))
def test_no_output_tells(seed):
    model = residual(seed)
    assert any(op.output.buffer.order is not None for op in program_of(model).ops)
    verdict = verify(model, "residual", [], 5, ("core",))
    assert verdict.first_difference is None


def test_fewer_exceptions(monkeypatch):
    model = residual(1)
    reordered = interruptions(program_of(model))
    monkeypatch.setattr("packer.lower.reorder_channels", lambda program, blocks: None)
    assert reordered < 0.8 * interruptions(program_of(model))


def test_channels_that_are_read_as_others_stay():
    model = read_as_other_channels(5)
    assert all(op.output.buffer.order is None for op in program_of(model).ops)
    assert verify(model, "reshaped", [], 5, ("core",)).first_difference is None


def test_channels_that_are_an_output_stay():
    assert all(op.output.buffer.order is None for op in program_of(seen_inside(2)).ops)


def test_a_layer_of_other_order_is_compared_channel_by_channel(monkeypatch):
    """`packer verify` finds the first layer that differs, wherever its channels are."""
    model = residual(3)
    build = packer.build

    def damaged(*args, **kwargs):
        result = build(*args, **kwargs)
        blob = bytearray(result.blob)
        first = next(op for op in result.program.ops if op.output.buffer.order is not None)
        at = bytes(blob).index(first.params["weights"].tobytes())
        blob[at] ^= 0x40
        object.__setattr__(result, "blob", bytes(blob[:-4]) + packer.format.checksum(bytes(blob[:-4])).to_bytes(4, "little"))
        damaged.layer = first.name
        return result

    monkeypatch.setattr("packer.verify.build", damaged)
    difference = verify(model, "residual", [], 5, ("core",)).first_difference
    assert difference is not None and difference["layer"].endswith(damaged.layer)


def test_the_same_model_gives_the_same_blob():
    assert packer.build(residual(0)).blob == packer.build(residual(0)).blob


def in_blocks(seed):
    """A network of heavy weights, 60% of them zeros in blocks of four channels."""
    net = Net(seed)
    weights = net.weights

    def pruned(shape):
        made = weights(shape)
        gone = net.rng.random((-(-shape[0] // 4), *shape[1:])) < 0.6
        return np.where(np.repeat(gone, 4, axis=0)[: shape[0]], 0, made).astype(np.int8)

    net.weights = pruned
    x = net.conv(net.graph.input((1, 6, 6, 8), 0.05, 0), 16)
    x = net.conv(net.conv(net.conv(x, 16), 32), 16)
    return net.finish(net.dense(x, 10))


@pytest.mark.parametrize("seed", range(3))
def test_blocks_that_are_left_out_are_not_torn_apart(seed):
    model = in_blocks(seed)
    graph = fold(read(model, "model"))
    kept, free = (lower(graph, blocks).ops for blocks in (True, False))
    stored = [sum(sparse_blocks(matrix_of(op), 4).stored for op in ops) for ops in (kept, free)]
    assert any(op.output.buffer.order is not None for op in free) and stored[0] < stored[1]
    assert all(op.output.buffer.order is None for op in kept)
    for coding in ("sparse", "auto", None):
        assert verify(model, "blocks", [], 5, ("core",), coding=coding).first_difference is None
    sizes = [len(packer.build(model, coding=coding).blob) for coding in ("sparse", None)]
    assert sizes[0] < 0.8 * sizes[1]
