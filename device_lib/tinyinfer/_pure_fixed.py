"""Fixed-point arithmetic of TFLite Micro's reference kernels (gemmlowp's), on Python integers, as SPEC.md has it.

Values of 32 bits are plain ints in -2^31 .. 2^31 - 1. Also what every kernel reads memory with: signed bytes and rows.
"""

from array import array
from struct import unpack_from

INT32_MIN = -0x80000000
INT32_MAX = 0x7FFFFFFF


def wrap(x):
    """x modulo 2^32, as int32."""
    if INT32_MIN <= x <= INT32_MAX:
        return x
    return ((x + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def high(a, b):
    """Upper 32 bits of 2 * a * b, rounded (gemmlowp's SaturatingRoundingDoublingHighMul).

    gemmlowp's nudge and truncating division come to floor(a * b / 2^31 + 1/2) for either sign. No caller multiplies
    -2^31 by itself, the one product that would saturate: multipliers are at least 0.
    """
    return (a * b + 0x40000000) >> 31


def rshift(x, n):
    """x / 2^n to nearest, ties away from zero (gemmlowp's RoundingDivideByPOT); 0 where n is more than 31."""
    if n == 0:
        return x
    if n > 31:
        return 0
    half = 1 << (n - 1)
    return (x + half) >> n if x >= 0 else (x + half - 1) >> n


def requantise(x, multiplier, shift):
    """x * multiplier * 2^(shift - 31), rounded twice as TFLite Micro's MultiplyByQuantizedMultiplier does."""
    if shift > 0:
        return (wrap(x << shift) * multiplier + 0x40000000) >> 31
    return rshift((x * multiplier + 0x40000000) >> 31, -shift)


def scale_sum(x, multiplier, shift, wide):
    """requantise(), and where `wide` TFLite Micro's MultiplyByQuantizedMultiplier of 64 bits: rounded once."""
    if not wide:
        return requantise(wrap(x), multiplier, shift)
    product = x * multiplier
    if not -0x8000000000000000 <= product <= 0x7FFFFFFFFFFFFFFF:
        product = ((product + 0x8000000000000000) & 0xFFFFFFFFFFFFFFFF) - 0x8000000000000000
    product >>= 14 - shift
    return wrap((product >> 1) + (product & 1))


def saturate(x):
    """x in the range of int32."""
    return INT32_MAX if x > INT32_MAX else INT32_MIN if x < INT32_MIN else x


def reciprocal(x):
    """(r, zeros): 1 / (x / 2^31 * 2^zeros) in Q0.31, halved, and the leading zeros of x > 0 (SPEC.md, "Reciprocal")."""
    zeros = 0
    while not (x << zeros) & 0x80000000:
        zeros += 1
    half = (x << zeros) >> 1
    y = 1515870810 + high(half, -1010580540)
    for _ in range(3):
        y = wrap(y + saturate(4 * high(y, 0x20000000 - high(half, y))))
    return saturate(2 * y), zeros


def squash(table, x, is_tanh):
    """The logistic function or tanh of x / 2^24, as int16 in Q0.15."""
    bits = 8 if is_tanh else 9
    size = -x if x < 0 else x
    i = size >> bits
    if i >= 255:
        y = 0xFFFF << 8 if is_tanh else 0x7FFF << 10
    else:
        y = (table[i] << bits) + (size & ((1 << bits) - 1)) * (table[i + 1] - table[i])
    y -= 1 << (15 + bits)  # the value at 0, about which both are symmetric
    if x < 0:
        y = ~y
    y = wrap(y + 0x80) >> 8 if is_tanh else wrap(y + 0x1000200) >> 10
    return (y + 0x8000 & 0xFFFF) - 0x8000


def int8s(buffer, offset, count):
    """`count` bytes of `buffer` as an array of signed ints: the one portable way that costs no Python code a byte."""
    return array("b", bytes(buffer[offset : offset + count]))


def int16s(buffer, offset, count):
    """`count` little-endian int16 from byte `offset` of `buffer`."""
    return array("h", bytes(buffer[offset : offset + 2 * count]))


def row_at(tensor, row):
    """Where a row lies in the pool or the blob; `tensor` is (offset, row_bytes, rows, ring, dtype, is it constant)."""
    return tensor[0] + row % tensor[3] * tensor[1]


def store(pool, tensor, row, values):
    """Write `values`, an array of the tensor's dtype, as a row of it."""
    at = row_at(tensor, row)
    pool[at : at + tensor[1]] = bytes(values)


class OutputStage:
    """ti_output_stage at `offset`: int32 accumulators to int8."""

    def __init__(self, blob, offset, channels):
        (bias, multiplier, shift, self.zero_point, self.min, self.max,
         per_channel) = unpack_from("<IIIhhhB", blob, offset)  # fmt: skip
        n = channels if per_channel else 1
        self.bias = array("i", bytes(blob[bias : bias + 4 * channels]))
        self.multiplier = array("i", bytes(blob[multiplier : multiplier + 4 * n]))
        self.shift = int8s(blob, shift, n)
        self.per_channel = per_channel

    def byte(self, accumulator, channel):
        """The output of a channel, as the byte that goes to memory."""
        k = channel if self.per_channel else 0
        q = requantise(wrap(accumulator + self.bias[channel]), self.multiplier[k], self.shift[k]) + self.zero_point
        return (self.min if q < self.min else self.max if q > self.max else q) & 0xFF
