"""LOGISTIC and TANH of int16, by TFLite's table of 256 values of the logistic function."""

import math

import numpy as np

from ..fixedpoint import sigmoid_table
from ..program import natural_rows
from .context import CannotLower, require_int16

_STEPS = 3 * 4096  # of the argument in one; 512 of them lie between two values of the table, for tanh 256


def argument_scale(scale, is_tanh):
    """(multiplier, shift) that bring an element to 1/12288: * multiplier / 2^shift; TFLite's TanhPrepare."""
    log2 = np.float32(np.log(np.float32(scale))) * np.float32(1 / np.log(np.float32(2)))
    rounded = int(math.copysign(math.floor(abs(float(log2)) + 0.5), log2))
    left = 12 + rounded
    if abs(float(log2) - rounded) < 1e-3 and left in ((0, 1) if is_tanh else (0,)):
        return 3 << left, 0
    multiplier, shift = scale * _STEPS, 0
    while multiplier <= 32767 / 2 and shift <= 30:
        multiplier, shift = multiplier * 2, shift + 1
    return int(multiplier), shift


def squash16(context, op, is_tanh):
    x, y = op.inputs[0], op.outputs[0]
    require_int16(op, x, y)
    if x.elements != y.elements:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} differ; convert the model again")
    if abs(math.log2(y.scale) + 15) > 1e-3:
        raise CannotLower(f"its output scale {y.scale:g} must be 1/32768; convert the model again")
    multiplier, shift = argument_scale(x.scale, is_tanh)
    if multiplier > 0xFFFF:
        raise CannotLower(f"its input scale {x.scale:g} is too large; convert the model again")
    rows, count = natural_rows(x.shape)
    params = {
        "count": count,
        "table": np.array(sigmoid_table(), "<u2"),
        "multiplier": multiplier,
        "shift": shift,
        "is_tanh": int(is_tanh),
    }
    context.emit(op, "TABLE16", [context.rows(x, rows)], context.rows(y, rows), params)
