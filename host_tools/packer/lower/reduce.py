"""Reductions: MEAN, SUM, REDUCE_MAX, REDUCE_MIN, ARG_MAX, ARG_MIN, L2_NORMALIZATION."""

import numpy as np

from ..fixedpoint import quantise_multiplier
from .context import CannotLower, lowers, require_int8, require_int16, same_quantisation
from .softmax import require_output, vectors


def constant_axes(op, x):
    """The axes that the op's second input names, from the front."""
    axes_tensor = op.inputs[1]
    if not axes_tensor.is_const:
        raise CannotLower("its axes are not constant; make them so")
    axes = {int(a) + (len(x.shape) if a < 0 else 0) for a in axes_tensor.data.ravel()}
    if any(not 0 <= a < len(x.shape) for a in axes):
        raise CannotLower(f"its axes {sorted(axes)} are outside shape {list(x.shape)}; convert the model again")
    return axes


def merged(shape, axes):
    """[kept, reduced, kept, reduced, …, kept]: `shape` with the axes next to each other of one kind multiplied."""
    sizes = [1]
    for axis, size in enumerate(shape):
        reduced = axis in axes
        if size == 1:
            continue
        if reduced == (len(sizes) % 2 == 0):
            sizes[-1] *= size
        else:
            sizes.append(size)
    return sizes if len(sizes) % 2 else [*sizes, 1]


def layout(shape, axes):
    """(output rows, rows, outer, width, inner) of ti_reduce_mean: what is reduced is `rows` input rows and `width`."""
    sizes = merged(shape, axes)
    if len(sizes) > 5:
        raise CannotLower(f"it reduces axes {sorted(axes)} of {list(shape)}, more than two apart; transpose first")
    if len(sizes) == 5:
        before, rows, outer, width, inner = sizes
        if before * rows > 0xFFFF:
            raise CannotLower(f"it reduces axes {sorted(axes)} of {list(shape)}, too many rows apart; transpose first")
        return before, rows, outer, width, inner
    before, reduced, inner = sizes if len(sizes) == 3 else (sizes[0], 1, 1)
    rows, width = 1, reduced
    if len(shape) == 4 and before == shape[0] and reduced == shape[1] * shape[2] and shape[0] * shape[1] <= 0xFFFF:
        rows, width = shape[1], shape[2]  # image rows where the input has them
    elif inner > 1 and before * reduced <= 0xFFFF:
        rows, width = reduced, 1
    return (before, rows, 1, width, inner) if before * rows <= 0xFFFF else (1, 1, before, reduced, inner)


def _reduce(context, op, kernel, params):
    x, y = op.inputs[0], op.outputs[0]
    axes = constant_axes(op, x)
    out_rows, rows, outer, width, inner = layout(x.shape, axes)
    if y.elements != out_rows * outer * inner:
        raise CannotLower(f"shape {list(y.shape)} is not {list(x.shape)} without axes {sorted(axes)}; convert again")
    params = {"outer": outer, "width": width, "inner": inner, "rows": rows, **params}
    context.emit(op, kernel, [context.rows(x, out_rows * rows)], context.rows(y, out_rows), params)


def _mean_or_sum(context, op, mean):
    x, y = op.inputs[0], op.outputs[0]
    (require_int16 if x.dtype == "int16" else require_int8)(op, x, y)
    count = int(np.prod([x.shape[a] for a in constant_axes(op, x)], dtype=np.int64))
    multiplier, shift = quantise_multiplier(x.scale / y.scale)
    if mean:
        # 1/n goes into the multiplier, limited so that the shift stays in range (TFLite's QuantizedMeanOrSum).
        extra = min(count.bit_length() - 1, 32, 31 + shift)
        multiplier, shift = (multiplier << extra) // count, shift - extra
    if not -31 <= shift <= 30:
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    bias = (-x.zero_point * count + (1 << 31)) % (1 << 32) - (1 << 31)
    params = {"shift": shift, "multiplier": multiplier, "bias": bias, "zero_point": y.zero_point}
    _reduce(context, op, "REDUCE_MEAN", params)


@lowers("MEAN", "REDUCE_MEAN", "int8, int16")
def mean(context, op):
    _mean_or_sum(context, op, mean=True)


@lowers("SUM", "REDUCE_MEAN", "int8, int16")
def reduce_sum(context, op):
    _mean_or_sum(context, op, mean=False)


def _extreme(context, op, minimum):
    require_int8(op, op.inputs[0], op.outputs[0])
    same_quantisation(op, op.inputs[0], op.outputs[0])
    _reduce(context, op, "REDUCE_MAX", {"minimum": minimum})


@lowers("REDUCE_MAX", "REDUCE_MAX")
def reduce_max(context, op):
    _extreme(context, op, 0)


@lowers("REDUCE_MIN", "REDUCE_MAX")
def reduce_min(context, op):
    _extreme(context, op, 1)


def _arg(context, op, minimum):
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x)
    if y.dtype != "int32":
        raise CannotLower(f"its output is {y.dtype}, TFLite Micro gives int32 only; set its output type to int32")
    if op.inputs[1].elements != 1:
        raise CannotLower("it names more than one axis; name one")
    _reduce(context, op, "ARG_MAX", {"minimum": minimum})


@lowers("ARG_MAX", "ARG_MAX", "int8 -> int32")
def arg_max(context, op):
    _arg(context, op, 0)


@lowers("ARG_MIN", "ARG_MAX", "int8 -> int32")
def arg_min(context, op):
    _arg(context, op, 1)


@lowers("L2_NORMALIZATION", "L2_NORM")
def l2_normalization(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_int8(op, x, y)
    require_output(y, 1 / 128, 0)
    if op.options.get("FusedActivationFunction", "NONE") != "NONE":
        raise CannotLower("it has a fused activation, which TFLite Micro does not know here; make it an op of its own")
    rows, count, depth = vectors(op, 33025)
    params = {"count": count, "depth": depth, "zero_point": x.zero_point}
    context.emit(op, "L2_NORM", [context.rows(x, rows)], context.rows(y, rows), params)
