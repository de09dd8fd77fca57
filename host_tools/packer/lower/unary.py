"""Functions of one element: int8 ones are a table of 256 bytes, computed as TFLite's kernel computes every element."""

import math

import numpy as np

from ..fixedpoint import high, inverse_sqrt, logistic, quantise_multiplier, requantise, rshift, tanh
from .context import CannotLower, lowers, require_int8, require_int16
from .convert import NEGATE_FIRST, NEGATE_LAST, convert, emit_table, scaling
from .table16 import squash16


def _elements(op):
    """(x, y) of an op with one input, both int8 with one scale."""
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    return x, y


def _same_dtype(op):
    """(x, y) of an op with one input, both int8 or both int16 with one scale."""
    x, y = op.inputs[0], op.outputs[0]
    (require_int16 if x.dtype == "int16" else require_int8)(op, x, y)
    return x, y


def _sigmoid_like(context, op, function, integer_bits, output_scale, zero_point, unit_shift, offset):
    """LOGISTIC and TANH: `function` of Q(integer_bits) input, saturated outside the radius that those bits hold."""
    x, y = _elements(op)
    if y.zero_point != zero_point or y.scale != output_scale:
        raise CannotLower(f"its output must have scale {output_scale:g} and zero point {zero_point}; convert it again")
    fraction_bits = 31 - integer_bits
    multiplier, shift = quantise_multiplier(x.scale * (1 << fraction_bits))
    if shift < 0:
        raise CannotLower(f"its input scale {x.scale:g} is too small; convert the model again")
    radius = math.floor(((1 << integer_bits) - 1) * (1 << fraction_bits) / (1 << shift))

    def element(q):
        centred = q - x.zero_point
        if centred <= -radius:
            return -128
        if centred >= radius:
            return 127
        return rshift(function(high(centred << shift, multiplier), integer_bits), unit_shift) + offset

    emit_table(context, op, element)


@lowers("LOGISTIC", "TABLE", "int8, int16", "int16 becomes TABLE16")
def lower_logistic(context, op):
    if op.inputs[0].dtype == "int16":
        squash16(context, op, is_tanh=False)
    else:
        _sigmoid_like(context, op, logistic, 4, 1 / 256, -128, 23, -128)


@lowers("TANH", "TABLE", "int8, int16", "int16 becomes TABLE16")
def lower_tanh(context, op):
    if op.inputs[0].dtype == "int16":
        squash16(context, op, is_tanh=True)
    else:
        _sigmoid_like(context, op, tanh, 4, 1 / 128, 0, 24, 0)


def _relu(context, op, low, top, rescale=True):
    """Rescale, then clamp to the reals [low, top] of the output; TFLite's quantised ReluX."""
    x, y = _same_dtype(op)
    to = y if rescale else x

    def quantised(real):
        return to.zero_point + math.floor(float(np.float32(real) / np.float32(to.scale)) + 0.5)

    floor = quantised(low) if low else to.zero_point
    ceiling = None if top is None else quantised(top)
    convert(context, op, low=floor, top=ceiling, to=to)


@lowers("RELU", "TABLE", "int8, int16", "int16 becomes CONVERT")
def relu(context, op):
    _relu(context, op, 0, None)


@lowers("RELU6", "TABLE", "int8, int16", "int16 becomes CONVERT")
def relu6(context, op):
    _relu(context, op, 0, 6, rescale=False)  # as in TFLite Micro, whose RELU6 leaves the output's quantisation aside


@lowers("RELU_N1_TO_1", "TABLE", oracle="LiteRT")
def relu_n1_to_1(context, op):
    _elements(op)
    _relu(context, op, -1, 1)


@lowers("RELU_0_TO_1", "TABLE", oracle="LiteRT")
def relu_0_to_1(context, op):
    _elements(op)
    _relu(context, op, 0, 1)


@lowers("LEAKY_RELU", "TABLE", "int8, int16", "int16 becomes CONVERT")
def leaky_relu(context, op):
    x, y = _same_dtype(op)
    alpha = float(np.float32(op.options.get("Alpha", 0.0)))
    # TFLite forms the slope's multiplier in double from the float32 alpha.
    convert(context, op, slope=x.scale * abs(alpha) / y.scale, negate=NEGATE_LAST if alpha < 0 else 0)


@lowers("ABS", "TABLE", "int8, int16", "int16 becomes CONVERT")
def lower_abs(context, op):
    x, y = _same_dtype(op)
    convert(context, op, slope=x.scale / y.scale, negate=NEGATE_FIRST)


@lowers("NEG", "TABLE", oracle="LiteRT")
def neg(context, op):
    x, y = _elements(op)
    if x.scale != y.scale or x.zero_point != 0 or y.zero_point != 0:
        raise CannotLower("TFLite negates the bytes as they are: it needs one scale and zero point 0; use a SUB from 0")
    emit_table(context, op, lambda q: q if q == -128 else -q)


@lowers("RSQRT", "TABLE")
def rsqrt(context, op):
    x, y = _elements(op)
    multiplier, shift = scaling(1.0 / float(np.sqrt(np.float32(x.scale)) * np.float32(y.scale)))

    def element(q):
        if q <= x.zero_point:
            return 127  # TFLite's answer for 0; it refuses what is below
        inverse, inverse_shift = inverse_sqrt(q - x.zero_point)
        return requantise(requantise(1, inverse, inverse_shift + 20), multiplier, shift - 20) + y.zero_point

    emit_table(context, op, element)


def _int16(x):
    """Saturated."""
    return min(max(x, -0x8000), 0x7FFF)


def _high16(a, b):
    """gemmlowp's SaturatingRoundingDoublingHighMul of int16."""
    product = a * b
    nudged = product + ((1 << 14) if product >= 0 else 1 - (1 << 14))
    return _int16(nudged >> 15 if nudged >= 0 else -(-nudged >> 15))


def _rshift16(x, n):
    """gemmlowp's RoundingDivideByPOT of int16, whose mask of more than 15 bits is -1."""
    return rshift(x, n) if n <= 15 else 1 if x >= 0 else -1


def _multiplier16(real):
    """(multiplier, shift) as TFLite's DownScaleInt32ToInt16Multiplier gives it, of a float32."""
    multiplier, shift = quantise_multiplier(float(real))
    return min((multiplier + (1 << 15)) >> 16, 0x7FFF), shift


@lowers("HARD_SWISH", "TABLE")
def hard_swish(context, op):
    """x * relu6(x + 3) / 6 in int16 arithmetic; TFLite's HardSwish."""
    x, y = _elements(op)
    hires = np.float32(1 / 128) * np.float32(x.scale)
    out_multiplier, out_shift = _multiplier16(hires / np.float32(y.scale))
    multiplier, shift = _multiplier16(hires / (np.float32(3) / np.float32(32768)))
    if out_shift > 0:
        raise CannotLower("its output scale is far too small for its input; convert the model again")

    def element(q):
        value = (q - x.zero_point) * 128
        part = value  # x / 3 in [-1, 1]
        if shift > 0:
            part = _int16(part << (shift - 1))
        part = _high16(part, multiplier)
        if shift > 0:
            part = _int16(part << 1)
        part = _rshift16(part, max(-shift, 0))
        part = (part + (1 << 15)) >> 1
        product = part * _high16(value, out_multiplier)
        product = product >> 15 if product >= 0 else -(-product >> 15)
        return _rshift16(product, -out_shift) + y.zero_point

    emit_table(context, op, element)


def _float_table(context, op, function):
    """`function` of the reals, float32 -> float, in float32 arithmetic as TFLite's LUTPopulate does it."""
    x, y = _elements(op)
    inverse = np.float32(1) / np.float32(y.scale)

    def element(q):
        real = np.float32(function(float(np.float32(x.scale) * np.float32(q - x.zero_point))))
        steps = float(real * inverse)
        return int(math.copysign(math.floor(min(abs(steps), 1e9) + 0.5), steps)) + y.zero_point

    emit_table(context, op, element)


@lowers("ELU", "TABLE")
def elu(context, op):
    _float_table(context, op, lambda x: np.float32(math.exp(x)) - np.float32(1) if x < 0 else x)


@lowers("EXP", "TABLE", oracle="LiteRT")
def exp(context, op):
    _float_table(context, op, lambda x: math.exp(min(x, 88.0)))


@lowers("LOG", "TABLE", oracle="LiteRT")
def log(context, op):
    y = op.outputs[0]
    least = float(np.float32(-128 - y.zero_point) * np.float32(y.scale))  # of what has no logarithm
    _float_table(context, op, lambda x: math.log(x) if x > 0 else least)


@lowers("SQRT", "TABLE", oracle="LiteRT")
def sqrt(context, op):
    x, y = _elements(op)

    def element(q):
        real = np.sqrt(np.float32(x.scale) * np.float32(max(q - x.zero_point, 0)))
        return int(real / np.float32(y.scale)) + y.zero_point  # TFLite cuts off, and refuses what is below 0

    emit_table(context, op, element)
