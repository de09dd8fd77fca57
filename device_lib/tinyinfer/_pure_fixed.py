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


def saturate(x):
    """x in the range of int32."""
    return INT32_MAX if x > INT32_MAX else INT32_MIN if x < INT32_MIN else x


def int8s(buffer, offset, count):
    """`count` bytes of `buffer` as an array of signed ints: the one portable way that costs no Python code a byte."""
    return array("b", bytes(buffer[offset : offset + count]))


def row_at(tensor, row):
    """Where a row lies in the pool or the blob; `tensor` is (offset, row_bytes, rows, ring, dtype, space)."""
    return tensor[0] + row % tensor[3] * tensor[1]


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
