"""BATCH_MATMUL, int8 and int16: ranks, broadcasting of batches, transposed and constant operands; and its rounding."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import GAINS, generators, input_cases, int8_like, log_uniform, output_scale, scale_and_zero_point
from support.tflite_builder import Graph


@st.composite
def shapes(draw):
    """(shape of the left matrix, of the right, of the product), batches included, neither transposed."""
    rows, depth, columns = draw(st.integers(1, 6)), draw(st.integers(1, 20)), draw(st.integers(1, 6))
    ranks = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    batches = []
    for _ in range(max(ranks)):
        n, single = draw(st.integers(1, 4)), draw(st.integers(0, 3))
        batches.append((1 if single == 1 else n, 1 if single == 2 else n))
    left = [a for a, _ in batches[max(ranks) - ranks[0] :]]
    right = [b for _, b in batches[max(ranks) - ranks[1] :]]
    # Where one side is shorter the other alone says the size.
    out = [max(a if i >= max(ranks) - ranks[0] else 1, b if i >= max(ranks) - ranks[1] else 1)
           for i, (a, b) in enumerate(batches)]
    return (*left, rows, depth), (*right, depth, columns), (*out, rows, columns)


def swapped(shape, swap):
    return (*shape[:-2], shape[-1], shape[-2]) if swap else shape


@st.composite
def products(draw):
    left, right, out = draw(shapes())
    adj_x, adj_y = draw(st.booleans()), draw(st.booleans())
    constant = draw(st.sampled_from(("neither", "neither", "left", "right", "right, zero point 0")))
    is_int16, extreme, gain = draw(st.booleans()), draw(st.booleans()), draw(st.sampled_from(GAINS))
    rng = draw(generators())
    dtype = np.int16 if is_int16 else np.int8
    if is_int16 and gain == "huge":
        gain = "above one"

    def quantisation():
        return (log_uniform(rng, -16, -4), 0) if is_int16 else scale_and_zero_point(rng, extreme)

    graph, operands = Graph(), []
    for side, shape in ("left", swapped(left, adj_x)), ("right", swapped(right, adj_y)):
        scale, zero_point = quantisation()
        if constant.startswith(side):
            values = rng.integers(-2**15, 2**15, shape).astype(np.int16) if is_int16 else int8_like(rng, shape)
            operands.append(graph.const(values, scale, 0 if "zero" in constant else zero_point))
        else:
            operands.append(graph.input(shape, scale, zero_point, dtype))
    x, y = operands
    # A product of two int16 is 256 times as large, beside the output, as one of int16 and int8.
    product_scale = np.float32(x.scale) * np.float32(y.scale) * np.float32(256 if is_int16 else 1)
    scale = output_scale(rng, product_scale, left[-1], gain, "NONE")
    graph.output(graph.op("BATCH_MATMUL", [x, y], out, scale, quantisation()[1], dtype, adj_x=adj_x, adj_y=adj_y))
    inputs = [t for t in operands if not constant.startswith(("left", "right")[operands.index(t)])]
    return Case("BATCH_MATMUL", graph.finish(), input_cases(rng, *inputs), left=left, right=right, adj_x=adj_x,
                adj_y=adj_y, constant=constant, dtype=np.dtype(dtype).name, extreme=extreme, gain=gain)


@given(products())
def test_batch_matmul(backend, case):
    check(backend, case)


@st.composite
def on_the_edge(draw):
    """Sums next to every value where the output goes from one int8 to the next: a multiplier's last bits show."""
    rng, depth = draw(generators()), 131
    x_scale, y_scale = log_uniform(rng, -9, 0), log_uniform(rng, -9, 0)
    scale = np.float32(float(x_scale) * float(y_scale) * 2.0 ** rng.uniform(13.2, 14))
    zero_point = int(rng.integers(-128, 128))
    edges = (np.arange(-128, 127) + 0.5 - zero_point) * float(scale) / (float(x_scale) * float(y_scale))
    sums = (np.floor(edges)[:, None] + [-1, 0, 1, 2]).ravel().astype(np.int64)
    sums = sums[np.abs(sums) < (depth - 1) * 127 * 127]
    quotients, remainders = np.divmod(sums + 63, 127)
    left = (quotients[:, None] + np.arange(depth - 1)) // (depth - 1)
    left = np.concatenate([left, remainders[:, None] - 63], axis=1).astype(np.int8)
    right = np.full((depth, 1), 127, np.int8)
    right[-1] = 1
    graph = Graph()
    x, y = graph.input(left.shape, x_scale), graph.input(right.shape, y_scale)
    graph.output(graph.op("BATCH_MATMUL", [x, y], (len(sums), 1), scale, zero_point, adj_x=False, adj_y=False))
    return Case("BATCH_MATMUL", graph.finish(), [[left, right]], scales=(x_scale, y_scale, scale), zero_point=zero_point)


@given(on_the_edge())
def test_rounding(backend, case):
    check(backend, case)


CASES = {"BATCH_MATMUL": products()}
