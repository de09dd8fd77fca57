"""The pure-Python kernels against formulas written here from TFLite Micro's, a whole tensor at a time."""

import random
import struct

import numpy as np
import pytest
from support import blobs
from support.blobs import Builder, Stage, Window
from tinyinfer import _pure

SEEDS = range(12)


# TFLite Micro's arithmetic, as gemmlowp and common.h write it: C's truncating division, saturation, masks.


def c_divide(a, b):
    q = abs(a) // abs(b)
    return q if (a < 0) == (b < 0) else -q


def int32(x):
    return int(np.uint32(x & 0xFFFFFFFF).astype(np.int32))


def doubling_high(a, b):
    if a == b == -(2**31):
        return 2**31 - 1
    return c_divide(a * b + (2**30 if a * b >= 0 else 1 - 2**30), 2**31)


def divide_by_pot(x, exponent):
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def multiply(x, multiplier, shift):
    return divide_by_pot(doubling_high(int32(x << max(shift, 0)), multiplier), max(-shift, 0))


def saturating_multiply_by_pot(x, exponent):
    return max(-(2**31), min(2**31 - 1, x << exponent))


def staged(stage, accumulators):
    """int8 of int accumulators [..., channels]."""
    out = np.empty(accumulators.shape, np.int8)
    for index in np.ndindex(accumulators.shape):
        c = index[-1]
        k = c if stage.per_channel else 0
        q = multiply(int32(int(accumulators[index]) + stage.bias[c]), stage.multiplier[k], stage.shift[k])
        out[index] = min(max(q + stage.zero_point, stage.low), stage.high)
    return out


def run(builder, inputs, out_tensor, shape, step=None):
    """What the builder's model, run on int8 arrays, leaves in a tensor; `step` rows at a time if given."""
    blob = builder.build()
    pool = bytearray(_pure.check(blob))
    engine = _pure.Engine(blob, pool)
    for (record, _), values in zip(builder.io[0], inputs, strict=True):
        offset = struct.unpack_from("<I", builder.tensors[struct.unpack_from("<H", record)[0]])[0]
        pool[offset : offset + values.size] = values.astype(np.int8).tobytes()
    if step:
        while engine.step(step):
            pass
    else:
        engine.run()
    offset = struct.unpack_from("<I", builder.tensors[out_tensor])[0]
    size = int(np.prod(shape))
    return np.frombuffer(bytes(pool[offset : offset + size]), np.int8).reshape(shape)


def model(rows, row_bytes, shape):
    builder = Builder()
    x = builder.tensor(rows, row_bytes)
    builder.input(x, shape)
    return builder, x


def randoms(rng, *shape):
    return np.array(blobs.int8s(rng, int(np.prod(shape)))).reshape(shape)


@pytest.mark.parametrize("seed", SEEDS)
def test_fully_connected(seed):
    rng = random.Random(seed)
    rows, pixels, in_c, out_c = rng.randint(1, 3), rng.randint(1, 4), rng.randint(1, 40), rng.randint(1, 9)
    x, weights = randoms(rng, rows, pixels, in_c), randoms(rng, out_c, in_c)
    stage = Stage(
        rng, out_c, per_channel=seed % 2 == 0, low=rng.randint(-128, -60), high=rng.randint(50, 127), fan_in=in_c
    )
    b, tensor = model(rows, pixels * in_c, x.shape)
    out = b.fully_connected(tensor, rows, pixels, in_c, [int(w) for w in weights.flat], stage)
    assert np.array_equal(run(b, [x], out, (rows, pixels, out_c)), staged(stage, np.einsum("rpi,ci->rpc", x, weights)))


def test_accumulators_wrap_and_shifts_saturate_nothing():
    rng = random.Random(0)
    x = np.array([[127, -128, 5]])
    stage = Stage(rng, 2)
    stage.bias, stage.multiplier, stage.shift = [2**31 - 1, -(2**31)], [2**31 - 1, 1 << 30], [30, -31]
    weights = [127, -128, 1, -128, 127, 1]
    b, tensor = model(1, 3, [1, 3])
    out = b.fully_connected(tensor, 1, 1, 3, weights, stage)
    expected = staged(stage, x @ np.array(weights).reshape(2, 3).T)
    assert np.array_equal(run(b, [x], out, (1, 2)), expected)


def random_window(rng, in_c, out_c, dilated=True):
    """A window with at least one input element under each output, as convolutions and pools both have."""
    k = rng.randint(1, 4), rng.randint(1, 3)
    stride = rng.randint(1, 3), rng.randint(1, 2)
    dilation = (rng.randint(1, 2), rng.randint(1, 3)) if dilated else (1, 1)
    pad = rng.randint(0, k[0] - 1), rng.randint(0, k[1] - 1)
    in_h, in_w = [rng.randint((n - 1) * d + 1, 9) for n, d in zip(k, dilation)]
    return Window(in_h, in_w, in_c, out_c, k, stride, dilation, pad)


def windows_of(x, window, outside):
    """x [n, h, w, c] as [n, out_h, out_w, k_h, k_w, c], `outside` where the window is beyond the edge."""
    far = 64
    padded = np.pad(x, ((0, 0), (far, far), (far, far), (0, 0)), constant_values=outside)
    (k_h, k_w), (pad_top, pad_left) = window.k, window.pad
    ys = far - pad_top + np.arange(window.out_h)[:, None] * window.stride[0] + np.arange(k_h) * window.dilation[0]
    xs = far - pad_left + np.arange(window.out_w)[:, None] * window.stride[1] + np.arange(k_w) * window.dilation[1]
    return padded[:, ys[:, None, :, None], xs[None, :, None, :], :]


@pytest.mark.parametrize("seed", SEEDS)
def test_conv2d(seed):
    rng = random.Random(seed)
    images, in_c, out_c, zero_point = rng.randint(1, 2), rng.randint(1, 5), rng.randint(1, 5), rng.randint(-128, 127)
    window = random_window(rng, in_c, out_c)
    x, weights = randoms(rng, images, window.in_h, window.in_w, in_c), randoms(rng, out_c, *window.k, in_c)
    stage = Stage(rng, out_c, fan_in=weights[0].size)
    b, tensor = model(images * window.in_h, window.in_w * in_c, x.shape)
    out = b.conv(blobs.CONV2D, tensor, images, window, zero_point, [int(w) for w in weights.flat], stage)
    expected = staged(stage, np.einsum("nyxhwi,chwi->nyxc", windows_of(x, window, zero_point), weights))
    assert np.array_equal(run(b, [x], out, expected.shape), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_depthwise_conv2d(seed):
    rng = random.Random(seed)
    images, in_c, multiplier, zero_point = (
        rng.randint(1, 2),
        rng.randint(1, 5),
        rng.randint(1, 3),
        rng.randint(-128, 127),
    )
    window = random_window(rng, in_c, in_c * multiplier)
    x, weights = randoms(rng, images, window.in_h, window.in_w, in_c), randoms(rng, *window.k, in_c, multiplier)
    stage = Stage(rng, in_c * multiplier, per_channel=seed % 2 == 0, fan_in=window.k[0] * window.k[1])
    b, tensor = model(images * window.in_h, window.in_w * in_c, x.shape)
    out = b.conv(blobs.DEPTHWISE_CONV2D, tensor, images, window, zero_point, [int(w) for w in weights.flat], stage)
    sums = np.einsum("nyxhwi,hwim->nyxim", windows_of(x, window, zero_point), weights)
    expected = staged(stage, sums.reshape(*sums.shape[:3], -1))
    assert np.array_equal(run(b, [x], out, expected.shape), expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kernel", [blobs.MAX_POOL, blobs.AVERAGE_POOL])
def test_pools(kernel, seed):
    rng = random.Random(seed)
    images, channels = rng.randint(1, 2), rng.randint(1, 5)
    window = random_window(rng, channels, channels, dilated=False)
    low, high = rng.randint(-128, -30), rng.randint(20, 127)
    x = randoms(rng, images, window.in_h, window.in_w, channels)
    b, tensor = model(images * window.in_h, window.in_w * channels, x.shape)
    out = b.pool2d(kernel, tensor, images, window, low, high)
    seen = windows_of(x, window, 1000)
    inside = seen != 1000
    if kernel == blobs.MAX_POOL:
        expected = np.where(inside, seen, -128).max((3, 4))
    else:
        sums, counts = np.where(inside, seen, 0).sum((3, 4)), inside.sum((3, 4))
        halves = [(int(s), int(n)) for s, n in zip(sums.flat, counts.flat)]
        expected = np.array([c_divide(s + n // 2 if s > 0 else s - n // 2, n) for s, n in halves]).reshape(sums.shape)
    expected = expected.clip(low, high)
    assert np.array_equal(run(b, [x], out, expected.shape), expected)


def softmax_of(x, exps):
    """gemmlowp's fixed-point softmax of one vector, as TFLite Micro's reference_ops::Softmax does it."""
    top = max(x)
    known = [exps[top - v] if top - v < len(exps) else None for v in x]
    total = sum(divide_by_pot(e, 12) for e in known if e is not None)
    leading_zeros = 32 - total.bit_length()
    minus_one = (total << leading_zeros) - 2**31
    one = 2**31 - 1
    half_denominator = c_divide(minus_one + one + (1 if minus_one + one >= 0 else -1), 2)
    y = 1515870810 + doubling_high(half_denominator, -1010580540)
    for _ in range(3):
        error = 2**29 - doubling_high(half_denominator, y)
        y = int32(y + saturating_multiply_by_pot(doubling_high(y, error), 2))
    scale = saturating_multiply_by_pot(y, 1)
    out = []
    for e in known:
        if e is None:
            out.append(-128)
        else:
            shift = 12 - leading_zeros + 23
            q = divide_by_pot(doubling_high(scale, e), shift) if shift <= 31 else 0
            out.append(min(max(q - 128, -128), 127))
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_softmax(seed):
    rng = random.Random(seed)
    rows, count, depth = rng.randint(1, 3), rng.randint(1, 3), [1, 2, 10, 300][seed % 4]
    exps = blobs.exps(rng.choice([0.003, 0.02, 0.1, 1.5]), rng.choice([1, 40, 256]))
    x = randoms(rng, rows, count, depth)
    b, tensor = model(rows, count * depth, x.shape)
    out = b.softmax(tensor, rows, count, depth, exps)
    expected = np.apply_along_axis(lambda v: softmax_of([int(q) for q in v], exps), 2, x)
    assert np.array_equal(run(b, [x], out, x.shape), expected)


def test_softmax_is_near_the_real_one():
    rng = random.Random(5)
    x = randoms(rng, 1, 20)
    b, tensor = model(1, 20, x.shape)
    out = b.softmax(tensor, 1, 1, 20, blobs.exps(0.05, 256))
    e = np.exp(x * 0.05)
    assert np.abs(run(b, [x], out, x.shape) - (e / e.sum() * 256 - 128)).max() <= 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("constant", [None, 0, 1])
def test_add(constant, seed):
    rng = random.Random(seed)
    rows, count = rng.randint(1, 3), rng.randint(1, 20)
    values = [randoms(rng, rows, count), randoms(rng, rows, count)]
    multipliers = [rng.randint(1 << 30, (1 << 31) - 1) for _ in range(3)]
    zero_points = [rng.randint(-128, 127) for _ in range(3)]
    shifts = [rng.randint(-4, 0), rng.randint(-4, 0), rng.randint(-21, -17) if seed else 3]
    low, high = rng.randint(-128, -30), rng.randint(20, 127)
    b = Builder()
    tensors, inputs = [], []
    for i, value in enumerate(values):
        if i == constant:
            tensors.append(b.constant(rows, [int(v) for v in value.flat]))
        else:
            tensors.append(b.tensor(rows, count))
            b.input(tensors[-1], [rows, count])
            inputs.append(value)
    out = b.add(*tensors, rows, count, multipliers, zero_points, low, high, shifts, 20)
    expected = np.empty((rows, count), np.int64)
    for index in np.ndindex(rows, count):
        total = sum(multiply((int(values[i][index]) - zero_points[i]) << 20, multipliers[i], shifts[i]) for i in (0, 1))
        expected[index] = min(max(multiply(total, multipliers[2], shifts[2]) + zero_points[2], low), high)
    assert np.array_equal(run(b, inputs, out, expected.shape), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_pad(seed):
    rng = random.Random(seed)
    images, fill = rng.randint(1, 3), rng.randint(-128, 127)
    before, after = [rng.randint(0, 2) for _ in range(3)], [rng.randint(0, 2) for _ in range(3)]
    shape = [rng.randint(1, 5) for _ in range(3)]
    x = randoms(rng, images, *shape)
    expected = np.pad(x, [(0, 0)] + list(zip(before, after)), constant_values=fill)
    b, tensor = model(images * shape[0], shape[1] * shape[2], x.shape)
    out = b.pad(tensor, images, shape, expected.shape[1:], before, fill)
    assert np.array_equal(run(b, [x], out, expected.shape), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_reduce_mean(seed):
    rng = random.Random(seed)
    out_rows, outer, width, inner, rows = [rng.randint(1, 4) for _ in range(5)]
    zero_point = rng.randint(-128, 127)
    multiplier, shift, bias = rng.randint(1 << 30, (1 << 31) - 1), rng.randint(-3, 1), rng.randint(-1000, 1000)
    x = randoms(rng, out_rows, rows, outer, width, inner)
    sums = x.sum((1, 3))
    b, tensor = model(out_rows * rows, outer * width * inner, [out_rows * rows, outer * width * inner])
    out = b.reduce_mean(tensor, out_rows, outer, width, inner, rows, shift, multiplier, bias, zero_point)

    def mean(total):
        return min(max(multiply(total + bias, multiplier, shift) + zero_point, -128), 127)

    expected = np.array([mean(int(s)) for s in sums.flat]).reshape(sums.shape)
    assert np.array_equal(run(b, [x], out, expected.shape), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_table(seed):
    rng = random.Random(seed)
    values = randoms(rng, 256)
    x = np.arange(-128, 128).reshape(4, 64)
    b, tensor = model(4, 64, x.shape)
    out = b.table(tensor, 4, 64, [int(v) for v in values])
    assert np.array_equal(run(b, [x], out, x.shape, step=1), values[x & 0xFF])


def test_rings_and_steps_by_hand():
    """Two tables through a ring of two rows, and a pool over it: rows are made just before they are needed."""
    rng = random.Random(3)
    x = randoms(rng, 6, 5)
    b, tensor = model(6, 5, x.shape)
    table = [int(v) for v in randoms(rng, 256)]
    at = b.data(bytes(v & 0xFF for v in table))
    ring = b.tensor(6, 5, ring=2)
    b.op(blobs.TABLE, ring, [tensor], struct.pack("<II", 5, at))
    out = b.pool2d(blobs.MAX_POOL, ring, 1, Window(6, 5, 1, 1, k=(2, 1)))
    b.steps = [(0, 0, 2)]
    for row in range(5):
        b.steps += [(1, row, 1)] + ([(0, row + 2, 1)] if row < 4 else [])
    mapped = np.array(table)[x & 0xFF]
    assert np.array_equal(run(b, [x], out, (5, 5), step=3), np.maximum(mapped[:-1], mapped[1:]))
