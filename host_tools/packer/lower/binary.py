"""Elementwise ops of two tensors."""

from ..fixedpoint import quantise_multiplier
from ..program import natural_rows
from .context import CannotLower, activation_range, lowers, require_int8

_LEFT_SHIFT = 20  # headroom that TFLite gives both inputs before they are rescaled


@lowers("ADD", "ADD", note="shapes equal, no broadcasting")
def add(context, op):
    a, b, y = op.inputs[0], op.inputs[1], op.outputs[0]
    require_int8(op, a, b, y)
    if not a.shape == b.shape == y.shape:
        raise CannotLower(f"shapes {list(a.shape)} + {list(b.shape)}: broadcasting is not supported; make the shapes equal")
    twice_max = 2 * max(a.scale, b.scale)
    multiplier1, shift1 = quantise_multiplier(a.scale / twice_max)
    multiplier2, shift2 = quantise_multiplier(b.scale / twice_max)
    real_out = twice_max / ((1 << _LEFT_SHIFT) * y.scale)
    if real_out >= 1:
        raise CannotLower("its output scale is far too small for its inputs; convert the model again")
    multiplier_out, shift_out = quantise_multiplier(real_out)
    low, high = activation_range(op, y)
    rows, row_bytes = natural_rows(y.shape)
    params = {
        "count": row_bytes,
        "multiplier1": multiplier1,
        "multiplier2": multiplier2,
        "multiplier_out": multiplier_out,
        "zero_point1": a.zero_point,
        "zero_point2": b.zero_point,
        "zero_point_out": y.zero_point,
        "min": low,
        "max": high,
        "shift1": shift1,
        "shift2": shift2,
        "shift_out": shift_out,
        "left_shift": _LEFT_SHIFT,
    }
    context.emit(op, "ADD", [context.rows(a, rows), context.rows(b, rows)], context.rows(y, rows), params)
