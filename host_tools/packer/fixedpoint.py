"""Fixed-point arithmetic on Python integers, as TFLite's kernels and gemmlowp define it (SPEC.md, "Fixed-point arithmetic").

Used to compute multipliers and tables on the host; the C core and the pure-Python engine have their own.
"""

import math

INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1


def saturate(x):
    return min(max(x, INT32_MIN), INT32_MAX)


def high(a, b):
    """Doubling high multiply: a * b / 2^31 rounded to nearest, ties towards plus infinity, saturated."""
    product = a * b
    nudged = product + ((1 << 30) if product >= 0 else 1 - (1 << 30))
    return saturate(nudged >> 31 if nudged >= 0 else -(-nudged >> 31))


def rshift(x, n):
    """x / 2^n rounded half away from zero."""
    if n == 0:
        return x
    return (x + (1 << n >> 1)) >> n if x >= 0 else -((-x + (1 << n >> 1)) >> n)


def wrap32(x):
    """x modulo 2^32 as a signed number."""
    return (x + (1 << 31)) % (1 << 32) - (1 << 31)


def requantise(x, multiplier, shift):
    """x * multiplier / 2^31 * 2^shift, rounded twice as TFLite Micro does."""
    return rshift(high(wrap32(x << max(shift, 0)), multiplier), max(-shift, 0))


def quantise_multiplier(real):
    """(multiplier, shift) with real ~ multiplier / 2^31 * 2^shift and multiplier in [2^30, 2^31), or (0, 0).

    TFLite's QuantizeMultiplier: real is a double; what is below 2^-32 or so becomes 0.
    """
    if real == 0:
        return 0, 0
    q, shift = math.frexp(real)
    multiplier = math.floor(q * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def _rescale(x, from_bits, to_bits):
    """A fixed-point number with `from_bits` integer bits as one with `to_bits`, saturating to the left, rounding to the right."""
    n = from_bits - to_bits
    return saturate(x << n) if n >= 0 else rshift(x, -n)


def exp_on_negative_values(x, integer_bits):
    """exp(x) as Q0.31 for x <= 0 in Q(integer_bits).(31 - integer_bits); gemmlowp's exp_on_negative_values, integer_bits <= 5."""
    if x == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    reduced = (x & (quarter - 1)) - quarter  # in [-1/4, 0)
    result = _exp_between_minus_quarter_and_0(_rescale(reduced, integer_bits, 0))
    remainder = reduced - x
    # exp(-2^k) for k = -2 … 4 as Q0.31
    for k, factor in zip(range(-2, 5), (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)):
        if integer_bits > k and remainder & (1 << (fraction_bits + k)):
            result = high(result, factor)
    return result


def _exp_between_minus_quarter_and_0(a):
    """exp(a) as Q0.31 for a in [-1/4, 0) in Q0.31: a fourth-order Taylor polynomial around -1/8."""
    exp_minus_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = high(x, x)
    x3 = high(x2, x)
    x4_over_4 = rshift(high(x2, x2), 2)
    tail = rshift(high(x4_over_4 + x3, third) + x2, 1)
    return saturate(exp_minus_eighth + high(exp_minus_eighth, x + tail))


def _newton_half_denominator(a):
    """(y, half): y ~ 2 / (1 + a) as Q2.29, from half = (1 + a) / 2; a in [0, 1] as Q0.31."""
    half = (a + INT32_MAX + 1) >> 1
    y = 1515870810 + high(half, -1010580540)  # 48/17 - 32/17 * half
    for _ in range(3):
        y = saturate(y + saturate(high(y, (1 << 29) - high(half, y)) << 2))
    return y


def one_over_one_plus_x(a):
    """1 / (1 + a) as Q0.31 for a in [0, 1] in Q0.31."""
    return saturate(_newton_half_denominator(a) << 1)


def one_minus_x_over_one_plus_x(a):
    """(1 - a) / (1 + a) as Q0.31 for a in [0, 1] in Q0.31."""
    return saturate((_newton_half_denominator(a) - (1 << 29)) << 2)


def logistic(x, integer_bits):
    """1 / (1 + exp(-x)) as Q0.31; gemmlowp's logistic."""
    if x == 0:
        return 1 << 30
    positive = one_over_one_plus_x(exp_on_negative_values(-abs(x), integer_bits))
    return positive if x > 0 else INT32_MAX - positive


def tanh(x, integer_bits):
    """tanh(x) as Q0.31; gemmlowp's tanh, which doubles x by counting one more integer bit."""
    if x == 0:
        return 0
    positive = one_minus_x_over_one_plus_x(exp_on_negative_values(-abs(x), integer_bits + 1))
    return positive if x > 0 else -positive



def inverse_sqrt(x):
    """(multiplier, shift) of 1 / sqrt(x) for an integer x >= 0; TFLite's GetInvSqrtQuantizedMultiplierExp."""
    if x <= 1:
        return INT32_MAX, 0
    right = 11
    while x >= 1 << 29:
        x //= 4
        right += 1
    pairs = (31 - x.bit_length()) // 2 - 1
    right -= pairs
    half = rshift(x << 2 * pairs >> 1, 1)  # of x in [1/4, 1) as Q3.28
    y = 1 << 28
    for _ in range(5):
        cube = high(high(y, y), y) << 6
        y = (high(3 << 27, y) - high(half, cube)) << 3
    y = high(y, 1518500250)
    return y << max(-right, 0), -max(right, 0)

def sigmoid_table():
    """TFLite's table of the logistic function for int16: 256 values at i / 24 as Q0.16, between which it interpolates.

    Each is raised by half of the chord's error beside it, which halves the error of the interpolation; the last is 1.
    """

    def at(i):
        return 1 / (1 + math.exp(-i / 24))

    def sagitta(i):
        return at(i + 0.5) - (at(i) + at(i + 1)) / 2

    raised = [at(i) + (sagitta(i) + sagitta(max(i - 1, 0))) / 4 for i in range(255)]
    return [math.floor(65536 * y + 0.5) for y in raised] + [65535]
