"""Random graphs: branches that part and meet again, residual sums, concatenations, several inputs and outputs, state.

A graph is grown op by op. Hypothesis draws a list of kinds and, for each, the tensors it takes and its sizes, so a graph
that fails shrinks to few ops on small tensors; weights, scales and inputs come from a numpy generator. Tensors that no op
takes become the outputs: whatever is wrong anywhere reaches one.
"""

import numpy as np
from hypothesis import strategies as st

from support.compare import Case
from support.quantisation import (ACTIVATIONS, bias_like, generators, input_cases, int8_like, log_uniform, output_scale,
                                  scale_and_zero_point, scale_near, weight_scales, weights_like)
from support.tflite_builder import Graph
from support.windows import output_size

ELEMENTS_MAX = 2048  # of one tensor: thousands of graphs have to run in pure Python, too
OPS_MIN, OPS_MAX = 5, 30
SCALES = np.float32(2**-16), np.float32(2**6)  # least and greatest
OPS_AT_ONCE_MAX = 4  # a CONCATENATION of four tensors brings three QUANTIZE
RANKS = range(1, 6)
KINDS = {}  # {TFLite op: (the ranks it takes, grow(g, x, op) -> output tensors, or None where x does not suit it)}


def grows(*ops, ranks=RANKS):
    """Register the decorated `grow` for some TFLite ops."""

    def register(grow):
        KINDS.update((op, (ranks, grow)) for op in ops)
        return grow

    return register


class Growth:
    """A graph as far as it has grown: `tensors`, all int8, `leaves` of other types, and the ops' names."""

    def __init__(self, draw, rng):
        self.draw, self.rng, self.graph = draw, rng, Graph()
        self.inputs, self.tensors, self.leaves, self.taken, self.ops = [], [], [], set(), []
        self.initialiser, self.variables = None, 0

    def number(self, low, high):
        return self.draw(st.integers(low, high))

    def one_of(self, *values):
        return self.draw(st.sampled_from(values))

    def input(self, shape):
        tensor = self.graph.input(shape, *scale_and_zero_point(self.rng))
        self.inputs.append(tensor)
        self.tensors.append(tensor)
        return tensor

    def pick(self, suits=lambda tensor: True):
        """One of the tensors that suit, or None: half the time the latest, otherwise any."""
        suitable = [t for t in reversed(self.tensors) if suits(t)]
        if not suitable:
            return None
        return suitable[self.one_of(0, self.number(0, len(suitable) - 1))]

    def near(self, scale, spread=1):
        """(scale, zero point) of an output whose values are of the size of `scale`'s."""
        return np.clip(scale_near(self.rng, scale, spread), *SCALES), int(self.rng.integers(-128, 128))

    def fitting(self, product_scale, terms, activation="NONE"):
        """(scale, zero point) of sums of `terms` products."""
        scale = output_scale(self.rng, product_scale, terms, "fitting", activation)
        return np.clip(scale, *SCALES), int(self.rng.integers(-128, 128))

    def op(self, kind, inputs, shape, scale, zero_point, **options):
        """Append an op with one output, and give that; `inputs` may hold constants and None."""
        output = self.graph.op(kind, inputs, shape, scale, zero_point, **options)
        self.record(kind, inputs, [output])
        return [output]

    def record(self, kind, inputs, outputs):
        self.ops.append(kind)
        self.taken.update(t.index for t in inputs if t is not None)

    def activation(self):
        return self.rng.choice(ACTIVATIONS, p=[0.7, 0.1, 0.1, 0.1])


def elements(shape):
    return int(np.prod(shape, dtype=np.int64))


# ---- sums of products ----


@grows("CONV_2D", "DEPTHWISE_CONV_2D", ranks=[4])
def convolution(g, x, op):
    n, in_h, in_w, in_c = x.shape
    padding, depthwise = g.one_of("SAME", "VALID"), op == "DEPTHWISE_CONV_2D"
    kernel = [g.number(1, min(3, size) if padding == "VALID" else 3) for size in (in_h, in_w)]
    stride = [g.one_of(1, 1, 2), g.one_of(1, 1, 2)]
    multiplier = g.number(1, 2) if depthwise else 1
    out_c = in_c * multiplier if depthwise else g.number(1, 8)
    shape = (n, *(output_size(size, k, s, 1, padding) for size, k, s in zip((in_h, in_w), kernel, stride)), out_c)
    if elements(shape) > ELEMENTS_MAX:
        return None
    terms = kernel[0] * kernel[1] * (1 if depthwise else in_c)
    weights_shape = (1, *kernel, out_c) if depthwise else (out_c, *kernel, in_c)
    options = {"depth_multiplier": multiplier} if depthwise else {}
    return sum_of_products(g, op, x, weights_shape, 3 if depthwise else 0, out_c, terms, shape, padding=padding,
                           stride_h=stride[0], stride_w=stride[1], dilation_h_factor=1, dilation_w_factor=1, **options)


@grows("FULLY_CONNECTED")
def fully_connected(g, x, op):
    depth, channels = x.shape[-1], g.number(1, 12)
    keep = len(x.shape) > 1
    shape = x.shape[:-1] + (channels,) if keep else (1, channels)
    if elements(shape) > ELEMENTS_MAX:
        return None
    return sum_of_products(g, op, x, (channels, depth), 0, channels, depth, shape, keep_num_dims=keep)


def sum_of_products(g, op, x, weights_shape, axis, channels, terms, shape, **options):
    """An op of weights and bias, its output scaled to what the sums are like."""
    scales = weight_scales(g.rng, channels, bool(g.rng.integers(2)))
    inputs = [x, g.graph.const(weights_like(g.rng, weights_shape), scales, axis=axis)]
    if g.rng.integers(4):
        inputs.append(g.graph.const(bias_like(g.rng, channels, terms), x.scale * scales))
    activation = g.activation()
    output = g.fitting(x.scale * scales.max(), terms, activation)
    return g.op(op, inputs, shape, *output, fused_activation_function=activation, **options)


@grows("TRANSPOSE_CONV", ranks=[4])
def transpose_conv(g, x, op):
    n, in_h, in_w, in_c = x.shape
    kernel, stride, out_c = (g.number(1, 3), g.number(1, 3)), (g.number(1, 2), g.number(1, 2)), g.number(1, 6)
    shape = (n, *(size * s for size, s in zip((in_h, in_w), stride)), out_c)
    if elements(shape) > ELEMENTS_MAX:
        return None
    scales = weight_scales(g.rng, out_c, True)
    weights = weights_like(g.rng, (out_c, *kernel, in_c))
    inputs = [ints(g, shape), g.graph.const(weights, scales), x]
    output = g.fitting(x.scale * scales.max(), kernel[0] * kernel[1] * in_c)
    return g.op(op, inputs, shape, *output, padding="SAME", stride_h=stride[0], stride_w=stride[1])


@grows("BATCH_MATMUL", ranks=range(2, 5))
def batch_matmul(g, x, op):
    y = g.pick(lambda t: len(t.shape) == len(x.shape) and t.shape[:-2] == x.shape[:-2] and t.shape[-1] == x.shape[-1])
    shape = x.shape[:-1] + (y.shape[-2],)
    if elements(shape) > ELEMENTS_MAX:
        return None
    return g.op(op, [x, y], shape, *g.fitting(x.scale * y.scale, x.shape[-1]), adj_y=True)


# ---- pools and reductions ----


@grows("MAX_POOL_2D", "AVERAGE_POOL_2D", ranks=[4])
def pool(g, x, op):
    n, in_h, in_w, channels = x.shape
    padding = g.one_of("SAME", "VALID")
    kernel, stride = [g.number(1, min(3, size)) for size in (in_h, in_w)], [g.number(1, 2), g.number(1, 2)]
    out = (output_size(size, k, s, 1, padding) for size, k, s in zip((in_h, in_w), kernel, stride))
    return g.op(op, [x], (n, *out, channels), x.scale, x.zero_point, padding=padding, filter_height=kernel[0],
                filter_width=kernel[1], stride_h=stride[0], stride_w=stride[1], fused_activation_function=g.activation())


@grows("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", ranks=range(1, 5))
def reduction(g, x, op):
    rank = len(x.shape)
    first = g.number(0, rank - 1)
    axes = range(first, g.number(first, rank - 1) + 1)
    keep = len(axes) == rank or g.one_of(True, False)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keep or i not in axes)
    output = g.near(x.scale * {"SUM": elements(x.shape) // elements(shape)}.get(op, 1))
    if op in ("REDUCE_MAX", "REDUCE_MIN"):
        output = x.scale, x.zero_point
    return g.op(op, [x, ints(g, axes)], shape, *output, keep_dims=keep)


# ---- elementwise ----


@grows("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM")
def binary(g, x, op):
    y = g.pick(lambda t: broadcast(x.shape, t.shape))
    if g.rng.integers(4) == 0:
        y = g.graph.const(int8_like(g.rng, x.shape), x.scale, x.zero_point)
    options = {"fused_activation_function": g.activation()} if op in ("ADD", "SUB", "MUL") else {}
    scale = max(x.scale, y.scale)
    if op in ("MUL", "SQUARED_DIFFERENCE"):
        scale = x.scale * y.scale * 64 if op == "MUL" else scale**2 * 64
    if op in ("MAXIMUM", "MINIMUM"):
        y = alike(g, y, x)
        return g.op(op, [x, y], broadcast(x.shape, y.shape), x.scale, x.zero_point)
    return g.op(op, [x, y], broadcast(x.shape, y.shape), *g.near(scale), **options)


def broadcast(shape1, shape2):
    """What two shapes broadcast to; None where they do not, or to something large."""
    try:
        shape = np.broadcast_shapes(shape1, shape2)
    except ValueError:
        return None
    return shape if elements(shape) <= ELEMENTS_MAX and len(shape) in RANKS else None


def alike(g, tensor, other):
    """The tensor with the scale and zero point of another: through a QUANTIZE where they differ."""
    if (tensor.scale, tensor.zero_point) == (other.scale, other.zero_point):
        return tensor
    return g.op("QUANTIZE", [tensor], tensor.shape, other.scale, other.zero_point)[0]


@grows("QUANTIZE")
def quantize(g, x, op):
    """To another scale and zero point; or to int16 and back, with an op of int16 between."""
    if g.one_of(False, True):
        return g.op(op, [x], x.shape, *g.near(x.scale))
    (wide,) = g.op(op, [x], x.shape, np.float32(x.scale / 128), 0, dtype=np.int16)
    kind = g.one_of("ADD", "MUL", "LOGISTIC", "TANH", "RESHAPE")
    if kind in ("ADD", "MUL"):
        scale = wide.scale * g.one_of(1, 2) if kind == "ADD" else wide.scale**2 * 2**14
        (wide,) = g.op(kind, [wide, wide], x.shape, scale, 0, dtype=np.int16, fused_activation_function="NONE")
    elif kind == "RESHAPE":
        shape = (elements(x.shape),)
        (wide,) = g.op(kind, [wide, ints(g, shape)], shape, wide.scale, 0, dtype=np.int16)
    else:
        (wide,) = g.op(kind, [wide], x.shape, 2.0**-15, 0, dtype=np.int16)
    return g.op(op, [wide], wide.shape, *g.near(wide.scale * 128))


@grows("LOGISTIC", "TANH", "RELU", "LEAKY_RELU", "HARD_SWISH", "ELU")
def unary(g, x, op):
    output = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}.get(op) or g.near(x.scale)
    return g.op(op, [x], x.shape, *output, **({"alpha": 0.2} if op == "LEAKY_RELU" else {}))


@grows("RELU6")
def relu6(g, x, op):
    return g.op(op, [x], x.shape, x.scale, x.zero_point)


@grows("SOFTMAX", "LOG_SOFTMAX", "L2_NORMALIZATION", ranks=range(1, 5))
def normalisation(g, x, op):
    if x.shape[-1] > 400:
        return None
    scale, zero_point = {"SOFTMAX": (1 / 256, -128), "LOG_SOFTMAX": (16 / 256, 127)}.get(op, (1 / 128, 0))
    return g.op(op, [x], x.shape, scale, zero_point, **({"beta": 1.0} if op == "SOFTMAX" else {}))


# ---- comparisons and choices ----

SCALE_TO_COMPARE_MAX = 0.99  # TFLite Micro aborts where it compares a scale of 1 or more


@grows("SELECT_V2")
def select(g, x, op):
    """Elements of two tensors, as a comparison with a third decides."""
    y, z = g.pick(lambda t: t.shape == x.shape), g.pick(lambda t: t.shape == x.shape)
    if max(x.scale, z.scale) > SCALE_TO_COMPARE_MAX:
        return None
    kind = g.one_of("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "EQUAL", "NOT_EQUAL")
    (condition,) = g.op(kind, [x, z], x.shape, None, 0, dtype=np.bool_)
    return g.op(op, [condition, x, alike(g, y, x)], x.shape, x.scale, x.zero_point)


@grows("ARG_MAX", "ARG_MIN")
def arg_max(g, x, op):
    axis = len(x.shape) - 1
    shape = x.shape[:-1]
    if not shape:
        return None
    g.leaves += g.op(op, [x, ints(g, axis)], shape, None, 0, dtype=np.int32, output_type="INT32")
    return [x]


# ---- state ----


@grows("READ_VARIABLE")
def variable(g, x, op):
    """A sum over all inferences, or what came in the last one."""
    name, graph = f"variable {g.variables}", g.graph
    g.variables += 1
    if g.initialiser and g.one_of(False, True):
        value = g.initialiser.const(int8_like(g.rng, x.shape), x.scale, x.zero_point)
        g.initialiser.node("ASSIGN_VARIABLE", [handle(g.initialiser, name), value], [])
    resource, old = handle(graph, name), graph.tensor(x.shape, x.scale, x.zero_point)
    graph.node("READ_VARIABLE", [resource], [old])
    new = x
    if g.one_of(False, True):
        (new,) = g.op("ADD", [old, x], x.shape, x.scale, x.zero_point)
    graph.node("ASSIGN_VARIABLE", [resource, new], [])
    g.ops += ["VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"]
    return [old] if new is x else [old, new]


def handle(graph, name):
    resource = graph.tensor((), dtype="resource")
    graph.node("VAR_HANDLE", [], [resource], container="", shared_name=name)
    return resource


@grows("SVDF", ranks=[2])
def svdf(g, x, op):
    (batch, in_c), units, memory = x.shape, g.number(1, 4), g.number(1, 5)
    weights = g.graph.const(weights_like(g.rng, (units, in_c)), log_uniform(g.rng, -10, -5))
    time = g.graph.const(weights_like(g.rng, (units, memory)), log_uniform(g.rng, -9, -5))
    state_scale, _ = g.fitting(x.scale * weights.scale, in_c)
    state = g.graph.tensor((batch, memory * units), state_scale, 0, variable=True)
    bias = g.graph.const(bias_like(g.rng, units, memory), np.float32(state_scale * time.scale))
    output = g.fitting(state_scale * time.scale, memory)
    return g.op(op, [x, weights, time, bias, state], (batch, units), *output, rank=1, fused_activation_function="NONE")


# ---- other places for the same bytes ----


def ints(g, values):
    """A constant of int32."""
    return g.graph.const(np.asarray(values).astype(np.int32))


def moved(g, x, op, shape, inputs=(), **options):
    """An op whose output has the scale and zero point of its input; None where it would be large."""
    if elements(shape) > ELEMENTS_MAX:
        return None
    return g.op(op, [x, *inputs], shape, x.scale, x.zero_point, **options)


@grows("RESHAPE")
def reshape(g, x, op):
    count, shape = elements(x.shape), []
    while len(shape) < 3 and count > 1:
        size = g.one_of(*(n for n in range(1, count + 1) if count % n == 0))
        shape.append(size)
        count //= size
    shape = g.draw(st.permutations([*shape, count]))
    return moved(g, x, op, shape, [ints(g, shape)])


@grows("EXPAND_DIMS", ranks=range(1, 5))
def expand_dims(g, x, op):
    axis = g.number(0, len(x.shape))
    return moved(g, x, op, x.shape[:axis] + (1,) + x.shape[axis:], [ints(g, axis)])


@grows("SQUEEZE")
def squeeze(g, x, op):
    axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    if not axes or len(axes) == len(x.shape):
        return None
    return moved(g, x, op, tuple(size for size in x.shape if size != 1), squeeze_dims=axes)


@grows("TRANSPOSE")
def transpose(g, x, op):
    order = g.draw(st.permutations(range(len(x.shape))))
    return moved(g, x, op, tuple(x.shape[axis] for axis in order), [ints(g, order)])


@grows("PAD", "MIRROR_PAD", ranks=range(1, 5))
def pad(g, x, op):
    # None before or after the first of four dimensions: three are what the PAD kernel pads.
    most = [0 if len(x.shape) == 4 and axis == 0 else 2 if op == "PAD" else min(2, n - 1) for axis, n in enumerate(x.shape)]
    amounts = [(g.number(0, n), g.number(0, n)) for n in most]
    shape = tuple(n + sum(pair) for n, pair in zip(x.shape, amounts))
    return moved(g, x, op, shape, [ints(g, amounts)], **({"mode": "REFLECT"} if op == "MIRROR_PAD" else {}))


@grows("SLICE")
def slice_(g, x, op):
    begin = [g.number(0, n - 1) for n in x.shape]
    size = [g.number(1, n - first) for n, first in zip(x.shape, begin)]
    return moved(g, x, op, size, [ints(g, begin), ints(g, size)])


@grows("STRIDED_SLICE", ranks=range(1, 5))
def strided_slice(g, x, op):
    begin = [g.number(0, n - 1) for n in x.shape]
    stride = [g.number(1, 3) for _ in x.shape]
    shape = [-(-(n - first) // s) for n, first, s in zip(x.shape, begin, stride)]
    return moved(g, x, op, shape, [ints(g, begin), ints(g, x.shape), ints(g, stride)])


@grows("CONCATENATION")
def concatenation(g, x, op):
    axis = g.number(0, len(x.shape) - 1)

    def joins(t):
        return len(t.shape) == len(x.shape) and all(a == b for i, (a, b) in enumerate(zip(t.shape, x.shape)) if i != axis)

    parts = [x] + [alike(g, g.pick(joins), x) for _ in range(g.number(1, 3))]
    shape = x.shape[:axis] + (sum(t.shape[axis] for t in parts),) + x.shape[axis + 1 :]
    return moved(g, parts[0], op, shape, parts[1:], axis=axis)


@grows("PACK", ranks=range(1, 5))
def pack(g, x, op):
    axis, parts = g.number(0, len(x.shape)), [alike(g, g.pick(lambda t: t.shape == x.shape), x) for _ in range(g.number(1, 2))]
    return moved(g, x, op, x.shape[:axis] + (1 + len(parts),) + x.shape[axis:], parts, axis=axis, values_count=1 + len(parts))


@grows("SPLIT", "SPLIT_V", "UNPACK")
def parting(g, x, op):
    axis = g.number(0, len(x.shape) - 1)
    size = x.shape[axis]
    if op == "UNPACK":
        if size > 6 or len(x.shape) == 1:
            return None
        inputs, sizes, options = [x], [None] * size, {"axis": axis, "num": size}
    elif op == "SPLIT":
        count = g.one_of(*(n for n in range(1, min(size, 6) + 1) if size % n == 0))
        inputs, sizes, options = [ints(g, axis), x], [size // count] * count, {"num_splits": count}
    else:
        cuts = sorted({g.number(0, size - 1) for _ in range(2)} | {0, size})
        sizes = [end - start for start, end in zip(cuts, cuts[1:])]
        inputs, options = [x, ints(g, sizes), ints(g, axis)], {"num_splits": len(sizes)}
    shapes = [x.shape[:axis] + (() if n is None else (n,)) + x.shape[axis + 1 :] for n in sizes]
    outputs = [g.graph.tensor(shape, x.scale, x.zero_point) for shape in shapes]
    g.graph.node(op, inputs, outputs, **options)
    g.record(op, inputs, outputs)
    return outputs


@grows("GATHER")
def gather(g, x, op):
    axis = g.number(0, len(x.shape) - 1)
    indices = [g.number(0, x.shape[axis] - 1) for _ in range(g.number(1, 5))]
    return moved(g, x, op, x.shape[:axis] + (len(indices),) + x.shape[axis + 1 :], [ints(g, indices)], axis=axis)


@grows("BROADCAST_TO", ranks=range(1, 5))
def broadcast_to(g, x, op):
    shape = [g.number(1, 3)] * g.number(0, 1) + [g.number(1, 4) if n == 1 else n for n in x.shape]
    return moved(g, x, op, shape, [ints(g, shape)])


@grows("REVERSE_V2")
def reverse(g, x, op):
    return moved(g, x, op, x.shape, [ints(g, [g.number(0, len(x.shape) - 1)])])


@grows("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", ranks=[4])
def space_and_depth(g, x, op):
    n, h, w, c = x.shape
    block = g.number(1, 3)
    if op == "SPACE_TO_DEPTH":
        fits, shape = h % block == w % block == 0, (n, h // block, w // block, c * block**2)
    else:
        fits, shape = c % block**2 == 0, (n, h * block, w * block, c // block**2)
    return moved(g, x, op, shape, block_size=block) if fits else None


@grows("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", ranks=[4])
def space_and_batch(g, x, op):
    n, h, w, c = x.shape
    block = g.number(1, 3), g.number(1, 3)
    if op == "BATCH_TO_SPACE_ND":
        fits, shape = n % (block[0] * block[1]) == 0, (n // (block[0] * block[1]), h * block[0], w * block[1], c)
    else:  # TFLite Micro's pads with whatever lies in its memory: no padding here
        fits, shape = h % block[0] == w % block[1] == 0, (n * block[0] * block[1], h // block[0], w // block[1], c)
    return moved(g, x, op, shape, [ints(g, block), ints(g, np.zeros((2, 2)))]) if fits else None


@grows("RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", ranks=[4])
def resize(g, x, op):
    n, h, w, c = x.shape
    size, half = (g.number(1, 2 * h), g.number(1, 2 * w)), g.one_of(False, True)
    return moved(g, x, op, (n, *size, c), [ints(g, size)], align_corners=False, half_pixel_centers=half)


# ---- the whole ----

SHAPES = (
    st.tuples(st.just(1), st.integers(1, 10), st.integers(1, 10), st.integers(1, 6))
    | st.lists(st.integers(1, 10), min_size=1, max_size=3).map(tuple)
)


def grow_one(g, kind, kinds):
    """Append an op of a kind; where it suits no tensor, of the next of `kinds` that does."""
    start = 0 if kind == "nothing" else kinds.index(kind)
    for name in kinds[start:] + kinds[:start]:
        ranks, grow = KINDS[name]
        x = g.pick(lambda t: len(t.shape) in ranks)
        made = x and grow(g, x, name)
        if made:
            g.tensors += [t for t in made if t is not x]
            return


@st.composite
def random_graphs(draw, ops):
    """Case of a graph of OPS_MIN to OPS_MAX ops, of the kinds named by `ops`."""
    g = Growth(draw, draw(generators()))
    if draw(st.booleans()) and "CALL_ONCE" in ops:
        g.initialiser = g.graph.subgraph("initialise")
        g.graph.node("CALL_ONCE", [], [], init_subgraph_index=g.initialiser.index)
    g.input(draw(SHAPES))
    kinds = sorted(KINDS.keys() & set(ops))
    # What comes first is what hypothesis shrinks to: a graph that fails becomes one that may lack ops, then lacks them.
    may_lack = draw(st.sampled_from([True] + [False] * 63))
    count = draw(st.integers(OPS_MIN, OPS_MAX))
    for kind in draw(st.lists(st.sampled_from(["nothing", *kinds]), min_size=count, max_size=count)):
        if g.number(0, 15) == 15:
            g.input(draw(SHAPES))
        if not (kind == "nothing" and may_lack) and len(g.ops) <= OPS_MAX - OPS_AT_ONCE_MAX:
            grow_one(g, kind, kinds)
    if not g.ops:
        grow_one(g, "nothing", kinds)
    outputs = g.leaves + [t for t in g.tensors if t.index not in g.taken and t not in g.inputs]
    # One that others take as well may be an output, too.
    both = g.pick(lambda t: t.index in g.taken and t not in g.inputs)
    if both is not None and g.one_of(False, True):
        outputs.append(both)
    g.graph.output(*outputs)
    return Case("RANDOM_GRAPH", g.graph.finish(), input_cases(g.rng, *g.inputs), ops=g.ops)
