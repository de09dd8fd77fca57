"""The kernels over a dimension that are not in _pure_kernels: greatest elements, norms and other softmaxes."""

from array import array
from struct import unpack_from

from ._pure_fixed import (
    INT32_MAX, INT32_MIN, high, int8s, int16s, reciprocal, requantise, row_at, rshift, saturate, store, wrap,
)  # fmt: skip


def reduce_max(blob, pool, params, inputs, output, row):
    """The first of the greatest (or least) elements, or its index, over `rows` input rows and over the width."""
    outer, width, inner, rows, minimum = unpack_from("<3I2H", blob, params)
    lines = [int8s(pool, row_at(inputs[0], row * rows + i), inputs[0][1]) for i in range(rows)]
    block = width * inner
    indexes = output[4] == 4
    out = array("i" if indexes else "b")
    for o in range(outer):
        for i in range(inner):
            values = []
            for line in lines:
                values += [line[j] for j in range(o * block + i, (o + 1) * block, inner)]
            best = min(values) if minimum else max(values)
            out.append(values.index(best) if indexes else best)
    store(pool, output, row, out)


def _zeros(x):
    """Leading zeros of 32 bits."""
    n = 0
    while not (x << n) & 0x80000000:
        n += 1
    return n


def _inverse_sqrt(x):
    """(multiplier, shift) of 1 / sqrt(x), as SPEC.md has it."""
    if x <= 1:
        return INT32_MAX, 0
    right = 11
    while x >= 1 << 29:
        x //= 4
        right += 1
    pairs = (_zeros(x) - 1) // 2 - 1
    right -= pairs
    half = rshift(x << 2 * pairs >> 1, 1)
    y = 1 << 28
    for _ in range(5):
        y = (high(3 << 27, y) - high(half, high(high(y, y), y) << 6)) << 3
    y = high(y, 1518500250)
    return (y << -right, 0) if right < 0 else (y, -right)


def l2_norm(blob, pool, params, inputs, output, row):
    """out = x / sqrt(sum of x * x), on a scale of 1/128."""
    count, depth, zero_point = unpack_from("<2Ii", blob, params)
    x = int8s(pool, row_at(inputs[0], row), count * depth)
    out = array("b")
    for at in range(0, count * depth, depth):
        centred = [v - zero_point for v in x[at : at + depth]]
        multiplier, shift = _inverse_sqrt(sum([v * v for v in centred]))
        for v in centred:
            q = requantise(v, multiplier, shift + 7)
            out.append(127 if q > 127 else -128 if q < -128 else q)
    store(pool, output, row, out)


def _logarithm(z):
    """Logarithm of z in Q12.19, at least 1/4, as Q5.26; as SPEC.md has it."""
    root = 1805811301
    zeros_a = _zeros(z)
    r_a = saturate(2 * high(z << (zeros_a - 1), 1518500250))
    zeros_b = _zeros(high(z, 1518500250)) - 1
    r_b = saturate(z << zeros_b)
    power = max(((12 - zeros_a) << 25) + (1 << 23), ((12 - zeros_b) << 25) - (1 << 23))
    r = min(r_a, r_b)
    p = (r + root + 1) >> 1
    q = 2 * (r - root)
    square = high(q, q)
    numerator = high(q, r) + high(high(q, square), 117049297)
    denominator = high(p, 1057819769 + q + high(square, 127690142)) + high(q, 638450708)
    y = high(power, 1488522236) + high(rshift(numerator, 6), reciprocal(denominator + 0x80000000)[0])
    return 2 * y


def log_softmax(blob, pool, params, inputs, output, row):
    """out = log(exp(x) / sum of exp(x)), on a scale of 1/16 with zero point 127."""
    (count, depth, table, table_count, _, multiplier, multiplier_back, shift,
     shift_back) = unpack_from("<3I2H2i2b", blob, params)  # fmt: skip
    exps = unpack_from("<%di" % table_count, blob, table)
    x = int8s(pool, row_at(inputs[0], row), count * depth)
    out = array("b")
    for at in range(0, count * depth, depth):
        vector = x[at : at + depth]
        top = max(vector)
        log_sum = _logarithm(sum([rshift(exps[top - v], 12) for v in vector if top - v < table_count]))
        beyond = max(requantise(wrap(log_sum + INT32_MIN), multiplier_back, shift_back), -table_count)
        for v in vector:
            q = -128
            if v - top > beyond:
                q = rshift(wrap(requantise(v - top, multiplier, shift) - log_sum), 22) + 127
            out.append(127 if q > 127 else -128 if q < -128 else q)
    store(pool, output, row, out)


def _look_up(table, x):
    """The value at x between two of 513 entries, which lie 128 apart."""
    x = (32767 if x > 32767 else -32768 if x < -32768 else x) + 32768
    i = x >> 7
    y = table[i] + (((table[i + 1] - table[i]) * (x & 127) + 64) >> 7)
    return (y + 0x8000 & 0xFFFF) - 0x8000


def softmax16(blob, pool, params, inputs, output, row):
    """out = exp(x) / sum of exp(x), on a scale of 1/32768."""
    count, depth, exps, reciprocals, multiplier, shift = unpack_from("<4Iib", blob, params)
    exps = unpack_from("<513h", blob, exps)
    reciprocals = unpack_from("<513h", blob, reciprocals)
    x = int16s(pool, row_at(inputs[0], row), count * depth)
    out = array("h")
    for at in range(0, count * depth, depth):
        vector = x[at : at + depth]
        top = max(vector)
        e = [_look_up(exps, wrap(requantise(v - top, multiplier, shift) + 32767)) for v in vector]
        total = sum(e)
        zeros = _zeros(total)
        above_one = (((total << (zeros - 1)) + 0x2000) >> 14) - 0x18000
        r = _look_up(reciprocals, above_one)
        for v in e:
            q = (v * r + (1 << (30 - zeros))) >> (31 - zeros)
            out.append(32767 if q > 32767 else 0 if q < 0 else q)
    store(pool, output, row, out)


KERNELS = {16: reduce_max, 17: reduce_max, 21: l2_norm, 22: log_softmax, 25: softmax16}
