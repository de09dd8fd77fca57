"""SOFTMAX: the exponentials of the 256 possible differences are a table made here."""

import math

import numpy as np

from ..fixedpoint import exp_on_negative_values, high, quantise_multiplier
from ..program import natural_rows
from .context import CannotLower, lowers, require_int8

_INTEGER_BITS = 5  # differences are scaled to Q5.26


def exp_table(beta, scale):
    """int32 [n]: exp(-i * beta * scale) as Q0.31 for i below n <= 256, after which TFLite counts 0.

    TFLite's PreprocessSoftmaxScaling and CalculateInputRadius.
    """
    real = min(beta * scale * (1 << (31 - _INTEGER_BITS)), float((1 << 31) - 1))
    if real <= 1:
        raise CannotLower(f"its input scale {scale:g} is too small for softmax; convert the model again")
    multiplier, shift = quantise_multiplier(real)
    radius = math.floor(1.0 * ((1 << _INTEGER_BITS) - 1) * (1 << (31 - _INTEGER_BITS)) / (1 << shift))
    count = min(radius + 1, 256)
    return np.array([exp_on_negative_values(high(-i << shift, multiplier), _INTEGER_BITS) for i in range(count)], "<i4")


@lowers("SOFTMAX", "SOFTMAX")
def softmax(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    if y.scale != 1 / 256 or y.zero_point != -128:
        raise CannotLower(f"its output has scale {y.scale:g}, zero point {y.zero_point}, not 1/256 and -128; convert again")
    if x.shape != y.shape or not x.shape or x.shape[-1] > 4095:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)}: one shape with a last dimension up to 4,095 is needed")
    depth = x.shape[-1]
    rows, row_bytes = natural_rows(x.shape)
    table = exp_table(op.options.get("Beta", 1.0), x.scale)
    params = {"count": row_bytes // depth, "depth": depth, "exp_table": table, "exp_count": len(table)}
    context.emit(op, "SOFTMAX", [context.rows(x, rows)], context.rows(y, rows), params)
