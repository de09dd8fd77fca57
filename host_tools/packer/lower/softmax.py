"""SOFTMAX and LOG_SOFTMAX: exponentials are tables made here."""

import math

import numpy as np

from ..fixedpoint import exp_on_negative_values, high, quantise_multiplier
from ..program import natural_rows
from .context import CannotLower, lowers, require_int8, require_int16

_INTEGER_BITS = 5  # differences are scaled to Q5.26
_MAX_SHIFT = 30  # that a blob can hold


def difference_scaling(beta, scale):
    """(multiplier, shift) from a difference of int8 elements to Q5.26; TFLite's PreprocessSoftmaxScaling."""
    real = min(beta * scale * (1 << (31 - _INTEGER_BITS)), float((1 << 31) - 1))
    if real <= 1:
        raise CannotLower(f"its input scale {scale:g} is too small for softmax; convert the model again")
    return quantise_multiplier(real)


def exp_table(multiplier, shift):
    """int32 [n]: exp(-i * beta * scale) as Q0.31 for i below n <= 256, after which TFLite counts 0.

    TFLite's CalculateInputRadius.
    """
    radius = math.floor(1.0 * ((1 << _INTEGER_BITS) - 1) * (1 << (31 - _INTEGER_BITS)) / (1 << shift))
    count = min(radius + 1, 256)
    return np.array([exp_on_negative_values(high(-i << shift, multiplier), _INTEGER_BITS) for i in range(count)], "<i4")


def vectors(op, longest):
    """(rows, vectors in a row, depth) of an op over the last dimension."""
    x, y = op.inputs[0], op.outputs[0]
    if x.shape != y.shape or not x.shape or x.shape[-1] > longest:
        raise CannotLower(
            f"shapes {list(x.shape)} -> {list(y.shape)}: one shape with a last dimension up to {longest:,} is needed"
        )
    rows, elements = natural_rows(x.shape)
    return rows, elements // x.shape[-1], x.shape[-1]


def require_output(y, scale, zero_point, tolerance=0.0):
    if abs(y.scale - scale) > tolerance * scale or y.zero_point != zero_point:
        raise CannotLower(
            f"its output has scale {y.scale:g}, zero point {y.zero_point}, "
            f"not {scale:g} and {zero_point}; convert the model again"
        )


@lowers("SOFTMAX", "SOFTMAX", "int8, int16, int8 -> int16", "int16 becomes SOFTMAX16")
def softmax(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if x.dtype == "int16":
        _softmax16(context, op)
        return
    if y.dtype == "int16":
        require_int8(op, x)
        require_output(y, 2.0**-16, -32768, 0.001)
    else:
        require_int8(op, x, y)
        require_output(y, 2.0**-8, -128)
    rows, count, depth = vectors(op, 4095)
    table = exp_table(*difference_scaling(op.options.get("Beta", 1.0), x.scale))
    params = {"count": count, "depth": depth, "exp_table": table, "exp_count": len(table)}
    context.emit(op, "SOFTMAX", [context.rows(x, rows)], context.rows(y, rows), params)


@lowers("LOG_SOFTMAX", "LOG_SOFTMAX")
def log_softmax(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    require_output(y, 16 / 256, 127)
    rows, count, depth = vectors(op, 4095)
    multiplier, shift = difference_scaling(1.0, x.scale)
    table = exp_table(multiplier, shift)
    # TFLite's PreprocessLogSoftmaxScalingExp: back from Q5.26 to a difference.
    back, back_shift = quantise_multiplier((1 << (31 - shift)) / multiplier)
    params = {
        "softmax": {"count": count, "depth": depth, "exp_table": table, "exp_count": len(table)},
        "multiplier": [multiplier, back],
        "shift": [min(shift, _MAX_SHIFT), back_shift],  # beyond it only a difference of 0 counts
    }
    context.emit(op, "LOG_SOFTMAX", [context.rows(x, rows)], context.rows(y, rows), params)


def _softmax16(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_int16(op, x, y)
    require_output(y, 2.0**-15, 0, 0.001)
    rows, count, depth = vectors(op, 65536)
    beta = float(np.float32(op.options.get("Beta", 1.0)))
    multiplier, shift = quantise_multiplier(x.scale * beta / (10.0 / 65535.0))
    if shift > _MAX_SHIFT:
        raise CannotLower(f"its input scale {x.scale:g} is too large; convert the model again")
    params = {
        "count": count,
        "depth": depth,
        "exp_table": table16(10.0, 32767, lambda v: np.float32(math.exp(v))),
        "reciprocal_table": table16(1.0, -32768, lambda v: np.float32(1) / (np.float32(1) + v)),
        "multiplier": multiplier,
        "shift": shift,
    }
    context.emit(op, "SOFTMAX16", [context.rows(x, rows)], context.rows(y, rows), params)


def table16(reach, zero_point, function):
    """int16 [513] of `function`, float32 -> float32, over int16 elements that cover `reach`; TFLite's LUTPopulate.

    The output covers -1 to 1. Each entry but the last makes up for half of the chord's error beside it.
    """
    f32 = np.float32
    scale, out_scale = f32(reach) / f32(65535), f32(2) / f32(65535)
    first, last = scale * f32(-32768 - zero_point), scale * f32(32767 - zero_point)
    step = (last - first) / f32(512)
    per_unit = f32(65536) / (out_scale * f32(32767) - out_scale * f32(-32768))

    def rounded(v):
        return f32(math.copysign(math.floor(abs(float(v)) + 0.5), v))

    entries = []
    for i in range(512):
        at = first + f32(i) * step
        value = rounded(function(at) * per_unit)
        middle = rounded(function(at + step / f32(2)) * per_unit)
        chord = rounded((function(first + f32(i + 1) * step) * per_unit + value) / f32(2))
        entries.append(value - rounded((chord - middle) / f32(2)))
    entries.append(rounded(function(last) * per_unit))
    return np.clip(entries, -32768, 32767).astype("<i2")
