"""Functions of one int8 element: each is a table of 256 bytes, computed as TFLite's kernel computes every element."""

import math

import numpy as np

from ..fixedpoint import high, logistic, quantise_multiplier, requantise, rshift, tanh
from ..program import natural_rows
from .context import CannotLower, folded_at_output, lowers, require_int8


def emit_table(context, op, function):
    """A TABLE op with `function`: int8 value -> int8 value (clamped here)."""
    x, y = op.inputs[0], op.outputs[0]
    if x.elements != y.elements:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} differ; convert the model again")
    values = [min(max(function(q), -128), 127) for q in (*range(128), *range(-128, 0))]  # indexed by the byte
    rows, row_bytes = natural_rows(x.shape)
    params = {"count": row_bytes, "table": np.array(values, np.int8)}
    context.emit(op, "TABLE", [context.rows(x, rows)], context.rows(y, rows), params)


def rescaled(x, y, real=None):
    """q -> q of `y`: TFLite's requantisation of `x` with multiplier `real`, by default the ratio of the scales."""
    multiplier, shift = quantise_multiplier(x.scale / y.scale if real is None else real)
    if shift > 30:
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    return lambda q: requantise(q - x.zero_point, multiplier, shift) + y.zero_point


def _sigmoid_like(context, op, function, integer_bits, output_scale, zero_point, unit_shift, offset):
    """LOGISTIC and TANH: `function` of Q(integer_bits) input, saturated outside the radius where it is representable."""
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    if y.zero_point != zero_point or y.scale != output_scale:
        raise CannotLower(f"its output must have scale {output_scale:g} and zero point {zero_point}; convert the model again")
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


@lowers("LOGISTIC", "TABLE")
def lower_logistic(context, op):
    _sigmoid_like(context, op, logistic, 4, 1 / 256, -128, 23, -128)


@lowers("TANH", "TABLE")
def lower_tanh(context, op):
    _sigmoid_like(context, op, tanh, 4, 1 / 128, 0, 24, 0)


def _relu(context, op, low, high_):
    """Rescale, then clamp to the reals [low, high_] of the output; TFLite's quantised ReluX."""
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)

    def quantised(real):
        return y.zero_point + math.floor(float(np.float32(real) / np.float32(y.scale)) + 0.5)

    function = rescaled(x, y)
    floor = max(-128, quantised(low) if low else y.zero_point)
    ceiling = 127 if high_ is None else min(127, quantised(high_))
    emit_table(context, op, lambda q: min(max(function(q), floor), ceiling))


@lowers("RELU", "TABLE")
def relu(context, op):
    _relu(context, op, 0, None)


@lowers("RELU6", "TABLE")
def relu6(context, op):
    _relu(context, op, 0, 6)


@lowers("LEAKY_RELU", "TABLE")
def leaky_relu(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    alpha = float(np.float32(op.options.get("Alpha", 0.0)))
    identity = rescaled(x, y)
    # TFLite forms the slope's multiplier in double from the float32 alpha.
    slope = rescaled(x, y, x.scale * abs(alpha) / y.scale)
    sign = -1 if alpha < 0 else 1

    def element(q):
        if q >= x.zero_point:
            return identity(q)
        return sign * (slope(q) - y.zero_point) + y.zero_point

    emit_table(context, op, element)


@lowers("QUANTIZE", "TABLE", "int8; float32, uint8 at the edges", "nothing at the model's edges")
def quantize(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if x in context.graph.inputs and x.dtype in ("float32", "uint8"):
        context.buffer(y)  # made with the inputs: the caller hands over what this op would compute
        return
    if folded_at_output(op) and y in context.graph.outputs and not context.consumers.get(id(y)):
        return
    require_int8(op, x, y)
    emit_table(context, op, rescaled(x, y))
