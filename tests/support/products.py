"""Models of many small layers that multiply: what the forms of the inner loops have to agree on."""

import numpy as np

from .quantisation import bias_like, output_scale, scale_and_zero_point, weight_scales
from .tflite_builder import Graph
from .windows import output_size


def weights(rng, shape):
    """int8 weights: from tiny, many to a chunk, to extremes, of which two may not fit; most with a few large ones."""
    kind = rng.integers(6)
    if kind == 0:
        return rng.choice(np.array([-128, -127, 127], np.int8), shape)
    spread = (2, 10, 30, 60, 127)[kind - 1]
    values = np.clip(np.rint(rng.normal(0, spread, shape)), -127, 127)
    large = rng.random(shape) < rng.choice([0, 0.01, 0.1])
    return np.where(large, rng.choice([-128, -127, 127], shape), values).astype(np.int8)


def _kernel(rng):
    sides = ((3, 3), (3, 3), (1, 1), (1, 3), (5, 1), (2, 2), tuple(map(int, rng.integers(1, 6, 2))))
    return sides[rng.integers(len(sides))]


OPS = ("CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def add_layer(graph, rng, ops=OPS, weights=weights):
    """One of `ops` with an input and an output of its own; weights: (rng, shape) -> int8."""
    op = rng.choice(ops)
    zero_point = scale_and_zero_point(rng)[1]
    if op == "FULLY_CONNECTED":
        rows, in_c, out_c = (int(rng.integers(1, n)) for n in (4, 300, 40))
        shape, w_shape, terms, output = (rows, in_c), (out_c, in_c), in_c, (rows, out_c)
        options, axis = {}, 0
    else:
        kernel, stride = _kernel(rng), int(rng.integers(1, 4)) if rng.integers(3) == 0 else int(rng.integers(1, 3))
        dilation = int(rng.integers(1, 3)) if rng.integers(4) == 0 else 1
        padding = str(rng.choice(["SAME", "VALID"]))
        least = [1 if padding == "SAME" else (k - 1) * dilation + 1 for k in kernel]
        size = [n + int(rng.integers(0, 9)) for n in least]
        in_c = int(rng.integers(1, 71))
        sides = tuple(output_size(n, k, stride, dilation, padding) for n, k in zip(size, kernel))
        depthwise = op == "DEPTHWISE_CONV_2D"
        multiplier = int(rng.choice([1, 1, 1, 2, 3])) if depthwise else 1
        out_c = in_c * multiplier if depthwise else int(rng.integers(1, 24))
        shape, output = (1, *size, in_c), (1, *sides, out_c)
        w_shape, axis = ((1, *kernel, out_c), 3) if depthwise else ((out_c, *kernel, in_c), 0)
        terms = kernel[0] * kernel[1] * (1 if depthwise else in_c)
        options = {"padding": padding, "stride_h": stride, "stride_w": stride, "dilation_h_factor": dilation,
                   "dilation_w_factor": dilation, "fused_activation_function": str(rng.choice(["NONE", "RELU"]))}
        options |= {"depth_multiplier": multiplier} if depthwise else {}
    x = graph.input(shape, *scale_and_zero_point(rng))
    scales = weight_scales(rng, out_c, per_channel=op != "FULLY_CONNECTED" and bool(rng.integers(3)))
    values = weights(rng, w_shape)
    usual = np.sqrt(np.mean(values.astype(float) ** 2) + 1) / 74  # 74: what bias_like() and output_scale() expect
    w = graph.const(values, scales, axis=axis)
    bias = bias_like(rng, out_c, terms, extreme=rng.integers(8) == 0)
    b = graph.const(np.rint(bias * min(usual, 1)).astype(np.int32), x.scale * scales)
    gain = str(rng.choice(["fitting", "fitting", "fitting", "tiny", "above one"]))
    scale = output_scale(rng, x.scale * scales.max() * usual, terms, gain, "NONE")
    graph.output(graph.op(str(op), [x, w, b], output, scale, zero_point, **options))


def model(seed, layers=8, **kinds):
    """A `.tflite` of `layers` layers beside one another; `kinds` as of add_layer()."""
    rng, graph = np.random.default_rng(seed), Graph()
    for _ in range(layers):
        add_layer(graph, rng, **kinds)
    return graph.finish()


# ---- weights that codings are for ----


def few(rng, shape):
    """2 to 16 different values, of the layer or of each output channel."""
    count = int(rng.choice([2, 3, 4, 9, 16]))
    if rng.integers(2):
        return rng.choice(rng.integers(-128, 128, count), shape).astype(np.int8)
    return np.array([rng.choice(rng.integers(-128, 128, count), shape[1:]) for _ in range(shape[0])], np.int8)


def narrow(rng, shape):
    """-8 … 7, or for each output channel of these times a step of its own."""
    steps = rng.integers(1, 17, (shape[0],) + (1,) * (len(shape) - 1)) if rng.integers(2) else 1
    return (rng.integers(-8, 8, shape) * steps).astype(np.int8)


def bell(rng, shape):
    """As training leaves them, with zeros among them or without."""
    values = np.clip(np.rint(rng.normal(0, rng.choice([0.3, 3, 12, 25]), shape)), -128, 127)
    return np.where(rng.random(shape) < rng.choice([0, 0, 0.6]), 0, values).astype(np.int8)


def mostly_zero(rng, shape):
    """Few weights, anywhere, or at the same taps of four output channels each; channels and all of them may have none."""
    share = rng.choice([0, 0.01, 0.1, 0.3])
    if rng.integers(2):
        used = rng.random(shape) < share
    else:
        used = np.repeat(rng.random((-(-shape[0] // 4), *shape[1:])) < share, 4, axis=0)[: shape[0]]
    return np.where(used, rng.integers(-128, 128, shape), 0).astype(np.int8)


CODED = {"palette": few, "int4": narrow, "entropy": bell, "sparse": mostly_zero}  # {coding: weights that it suits}
CODED_OPS = ("CONV_2D", "CONV_2D", "FULLY_CONNECTED")
