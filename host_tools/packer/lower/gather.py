"""Ops that pick elements along an axis by their index: indices of a pattern are a view, others are GATHER's."""

from math import prod

import numpy as np

from ..program import Buffer, Rows, natural_rows
from .context import CannotLower, lowers
from .movement import along, axis_of
from .views import DTYPES, TooManyDimensions, blank, place, require_movable, rows_of


@lowers("GATHER", "GATHER", DTYPES, "COPY or nothing where the indices have a pattern; others are clamped at run time")
def gather(context, op):
    x, indices, y = op.inputs[0], op.inputs[1], op.outputs[0]
    axis = axis_of(op.options.get("Axis", 0), len(x.shape))
    batch_dims = op.options.get("BatchDims", 0)
    batch_dims += len(indices.shape) if batch_dims < 0 else 0
    if not 0 <= batch_dims <= min(axis, len(indices.shape)) or x.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise CannotLower(f"{batch_dims} batch dimensions of {list(x.shape)} and {list(indices.shape)}; convert again")
    _gather(context, op, x, indices, y, axis, batch_dims)


@lowers("EMBEDDING_LOOKUP", "GATHER", DTYPES)
def embedding_lookup(context, op):
    indices, table, y = op.inputs[0], op.inputs[1], op.outputs[0]
    _gather(context, op, table, indices, y, axis_of(0, len(table.shape)), 0)


def _gather(context, op, x, indices, y, axis, batch_dims):
    require_movable(x, y)
    if y.shape != x.shape[:axis] + indices.shape[batch_dims:] + x.shape[axis + 1 :]:
        raise CannotLower(f"{list(indices.shape)} of {list(x.shape)} on axis {axis} is not {list(y.shape)}; convert again")
    depth = x.shape[axis]
    if indices.is_const:
        values = np.asarray(indices.data)
        if values.min() < 0 or values.max() >= depth:
            raise CannotLower(f"an index is outside 0 to {depth - 1}; convert the model again")
        if batch_dims == 0:
            select(context, op, x, y, {axis: values.ravel().tolist()})
            return
        chosen = _constant(values)
    else:
        if indices.dtype != "int32":
            raise CannotLower(f"its indices are {indices.dtype}; make them int32")
        chosen = context.buffer(indices)
    batch = prod(x.shape[:batch_dims])
    _emit(context, op, context.buffer(x), x.shape, axis, chosen, batch, context.buffer(y), y.shape)


def _constant(values):
    """A constant Buffer of indices."""
    data = np.ascontiguousarray(values, "<i4")
    return Buffer("indices", data.nbytes, "int32", data)


def select(context, op, x, y, indices):
    """Let `y` be `x` with only the `indices` along each axis: {axis: [index]} by axis; all are inside, and `y` fits."""
    require_movable(x, y)
    indices = {axis: values for axis, values in indices.items() if values != list(range(x.shape[axis]))}
    if x.is_const:
        place(context, op, x, y, lambda a: _take(a, indices))
        return
    try:
        views = [_pattern(values) for values in indices.values()]
        if None not in views:
            place(context, op, x, y, lambda a: _view(a, dict(zip(indices, views))))
            return
    except TooManyDimensions:
        pass
    source, shape = context.buffer(x), x.shape
    # What makes the tensor smaller comes first, what makes it larger last.
    for axis in sorted(indices, key=lambda axis: len(indices[axis]) / shape[axis]):
        values = indices.pop(axis)
        shaped = (*shape[:axis], len(values), *shape[axis + 1 :])
        target = context.temporary(op, blank(shaped, x.dtype).nbytes, x.dtype) if indices else context.buffer(y)
        _emit(context, op, source, shape, axis, _constant(values), 1, target, shaped)
        source, shape = target, shaped


def _take(a, indices):
    for axis, values in indices.items():
        a = a.take(values, axis)
    return a


def _pattern(values):
    """(start, step, number, times) where index i is `start + step * (i // times)`, or None."""
    times = next((i for i, v in enumerate(values) if v != values[0]), len(values))
    step = values[times] - values[0] if times < len(values) else 1
    number = len(values) // times
    if values != [values[0] + step * (i // times) for i in range(number * times)]:
        return None
    return values[0], step, number, times


def _view(a, patterns):
    """`a` with the pattern of indices along each axis, repetitions as an axis of their own."""
    for axis in sorted(patterns, reverse=True):
        start, step, number, times = patterns[axis]
        end = start + step * number
        a = np.expand_dims(a[along(axis, slice(start, end if end >= 0 else None, step))], axis + 1)
        a = np.broadcast_to(a, (*a.shape[: axis + 1], times, *a.shape[axis + 2 :]))
    return a


def _emit(context, op, source, shape, axis, indices, batch, target, shaped):
    """Emit a GATHER along `axis` of Buffer `source`, which is of `shape`; Buffer `indices` has `batch` rows."""
    outer = prod(shape[:axis])
    inner = source.nbytes // prod(shape[: axis + 1])
    count = indices.nbytes // 4 // batch
    rows = natural_rows(shaped)[0]
    if outer % rows or rows % batch:
        rows = outer if outer <= 0xFFFF else batch
    params = {
        "vectors": outer // rows, "depth": shape[axis], "count": count, "inner": inner, "repeat": rows // batch,
    }  # fmt: skip
    if rows > 0xFFFF:
        raise CannotLower("it has more than 65,535 rows; make the tensor smaller")
    context.emit(op, "GATHER", [rows_of(source, rows), Rows(indices, batch, 4 * count)], rows_of(target, rows), params)


@lowers("RESIZE_NEAREST_NEIGHBOR", "COPY", DTYPES, "GATHER where the sizes are no multiples")
def resize_nearest_neighbor(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if len(x.shape) != 4 or len(y.shape) != 4 or (x.shape[0], x.shape[3]) != (y.shape[0], y.shape[3]):
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} are not [N, H, W, C]; convert the model again")
    require_movable(x, y)
    select(context, op, x, y, {axis: _nearest(op.options, x.shape[axis], y.shape[axis]) for axis in (1, 2)})


def _nearest(options, size, out):
    """For each of `out` elements the index of the one of `size` that it is: TFLite's GetNearestNeighbor, in float32."""
    f32 = np.float32
    align, half_pixel = options.get("AlignCorners"), options.get("HalfPixelCenters")
    scale = f32(size - 1) / f32(out - 1) if align and out > 1 else f32(size) / f32(out)
    at = (np.arange(out, dtype=f32) + f32(0.5 if half_pixel else 0)) * scale
    nearest = np.floor(at.astype(np.float64) + (0.5 if align else 0))
    return np.clip(nearest, 0, size - 1).astype(int).tolist()
