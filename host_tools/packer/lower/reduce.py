"""MEAN."""

import numpy as np

from ..fixedpoint import quantise_multiplier
from .context import CannotLower, lowers, require_int8


def split_axes(shape, axes):
    """(before, reduced, after): `shape` as three sizes with the adjacent `axes` in the middle; axes of size 1 do not count."""
    real = sorted(a for a in axes if shape[a] > 1)
    if real and any(shape[a] > 1 and a not in real for a in range(real[0], real[-1] + 1)):
        raise CannotLower(f"it reduces axes {sorted(axes)} of {list(shape)}, which are not next to each other; transpose first")
    first, last = (real[0], real[-1] + 1) if real else (len(shape), len(shape))
    return tuple(int(np.prod(part, dtype=np.int64)) for part in (shape[:first], shape[first:last], shape[last:]))


def rows_of_reduction(shape, before, reduced, after):
    """(input rows an output row, width) with rows * width == reduced: image rows where the input has them."""
    if len(shape) == 4 and before == shape[0] and reduced == shape[1] * shape[2] and shape[0] * shape[1] <= 0xFFFF:
        return shape[1], shape[2]
    if after > 1 and before * reduced <= 0xFFFF:
        return reduced, 1
    return 1, reduced


@lowers("MEAN", "REDUCE_MEAN", note="axes next to each other")
def mean(context, op):
    x, axes_tensor, y = op.inputs[0], op.inputs[1], op.outputs[0]
    require_int8(op, x, y)
    if not axes_tensor.is_const:
        raise CannotLower("its axes are not constant; make them so")
    axes = {int(a) + (len(x.shape) if a < 0 else 0) for a in axes_tensor.data.ravel()}
    if any(not 0 <= a < len(x.shape) for a in axes):
        raise CannotLower(f"its axes {sorted(axes)} are outside shape {list(x.shape)}; convert the model again")
    before, reduced, after = split_axes(x.shape, axes)
    if y.elements != before * after:
        raise CannotLower(f"shape {list(y.shape)} is not the mean of {list(x.shape)} over {sorted(axes)}; convert again")
    multiplier, shift = quantise_multiplier(x.scale / y.scale)
    # 1/n goes into the multiplier, limited so that the shift stays in range (TFLite's QuantizedMeanOrSum).
    extra = min(reduced.bit_length() - 1, 32, 31 + shift)
    multiplier, shift = (multiplier << extra) // reduced, shift - extra
    if not -31 <= shift <= 30:
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    rows, width = rows_of_reduction(x.shape, before, reduced, after)
    out_rows = before if before <= 0xFFFF and before * rows <= 0xFFFF else 1
    params = {
        "outer": before // out_rows,
        "width": width,
        "inner": after,
        "rows": rows,
        "shift": shift,
        "multiplier": multiplier,
        "bias": -x.zero_point * reduced,
        "zero_point": y.zero_point,
    }
    context.emit(op, "REDUCE_MEAN", [context.rows(x, out_rows * rows)], context.rows(y, out_rows), params)
