"""Movements of bytes as pairs of numpy views: of what is read, and of where it goes.

A movement that keeps every element as it is, is described by what numpy makes of an array of the input's shape by
slicing, transposing, flipping and broadcasting: its start and strides are what the COPY kernel needs. Nothing is ever in
those arrays.
"""

from dataclasses import replace

import numpy as np

from ..format import COPY_DIMS
from ..program import Rows, natural_rows
from .context import CannotLower

DTYPES = "int8, uint8, int16, int32, bool"
_MOVABLE = DTYPES.split(", ")
_MOST_ELEMENTS = 1 << 28
_MOST_DIMENSIONS = 8  # TFLite's own limit


class TooManyDimensions(CannotLower):
    """A movement of more dimensions than COPY has, once those that go together are one."""

    def __init__(self):
        super().__init__(f"it moves more than {COPY_DIMS} dimensions at once; split it into two layers")


def require_movable(*tensors):
    """CannotLower unless all tensors are of one dtype that can be moved, and none is empty."""
    for t in tensors:
        if t.dtype != tensors[0].dtype or t.dtype not in _MOVABLE:
            raise CannotLower(f"{tensors[0].dtype} to {t.dtype}: one of {DTYPES} is needed; quantise the model")
        if not 1 <= t.elements <= _MOST_ELEMENTS or len(t.shape) > _MOST_DIMENSIONS:
            raise CannotLower(f"shape {list(t.shape)} is empty, or larger than any device; convert the model again")


def blank(shape, dtype):
    """An array to take views of."""
    return np.empty(shape, dtype)


def place(context, op, x, y, view):
    """Let `y` be `view(x)`, a function on arrays, in C order: a constant, another name for `x`, or a COPY."""
    require_movable(x, y)
    if x.is_const:
        y.data = np.ascontiguousarray(view(x.data)).reshape(y.shape)
        return
    whole = blank(x.shape, x.dtype)
    seen = view(whole)
    if seen.size != y.elements:
        raise CannotLower(f"{list(x.shape)} gives {seen.size} elements, {list(y.shape)} has {y.elements}; convert again")
    dims = joined(seen, blank(seen.shape, seen.dtype))
    if start_of(seen, whole) == 0 and dims == [(whole.nbytes, 1, 1)]:
        context.bind(y, context.buffer(x))
        return
    copy(context, op, context.rows(x), seen, whole, context.rows(y))


def copy(context, op, source, seen, whole, target, goes=None, into=None, partial=False):
    """Emit a COPY from Rows `source` to Rows `target`.

    `seen`: a view of `whole`, an array of the source's size. `goes`: a view of `into`, an array of the target's size; all
    of it in C order by default. TooManyDimensions where COPY cannot do it.
    """
    if goes is None:
        goes = into = blank(seen.shape, seen.dtype)
    row_dims, inner = by_rows(joined(seen, goes), target.rows, target.row_bytes)
    dims = row_dims + [(1, 0, 0)] * (COPY_DIMS - len(row_dims) - len(inner)) + inner
    if len(dims) > COPY_DIMS:
        if target.rows == 1:
            raise TooManyDimensions()
        # Rows may have cut a dimension in two.
        copy(context, op, source, seen, whole, replace(target, rows=1, row_bytes=target.nbytes), goes, into, partial)
        return
    size, in_stride, out_stride = zip(*dims)
    params = {
        "in_start": start_of(seen, whole),
        "out_start": start_of(goes, into),
        "row_dims": len(row_dims),
        "size": size,
        "in_stride": in_stride,
        "out_stride": [0] * len(row_dims) + list(out_stride[len(row_dims) :]),
    }
    context.emit(op, "COPY", [source], target, params, partial=partial)


def start_of(view, whole):
    """The byte of `whole` at which its view `view` starts."""
    start = view.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    assert 0 <= start < whole.nbytes, "a copy was made where a view was meant"
    return start


def joined(seen, goes):
    """[(size, stride in, stride out)] in bytes of two views of one shape, dimensions that go together made one."""
    dims = []
    for dim in [*zip(seen.shape, seen.strides, goes.strides), (seen.itemsize, 1, 1)]:
        size, stride_in, stride_out = dim
        if size == 1:
            continue
        if dims and dims[-1][1:] == (size * stride_in, size * stride_out):
            dims[-1] = (dims[-1][0] * size, stride_in, stride_out)
        else:
            dims.append(dim)
    return dims or [(1, 1, 1)]


def by_rows(dims, rows, row_bytes):
    """(dimensions that count the output's `rows` rows, the others); a dimension may be cut in two."""
    counting, counted = [], 1
    rest = list(dims)
    while counted < rows:
        size, stride_in, stride_out = rest.pop(0)
        part = min(size, rows // counted)
        if size % part:
            raise CannotLower("its output has no rows of equal parts; convert the model again")
        if part < size:
            rest.insert(0, (size // part, stride_in, stride_out))
        counting.append((part, stride_in * (size // part), stride_out * (size // part)))
        counted *= part
    return counting, rest or [(1, 1, 1)]


def rows_before(tensor, axis):
    """Rows of `tensor` of which each has all of the axes from `axis` on: its natural ones, or fewer and longer ones."""
    return min(natural_rows(tensor.shape)[0], int(np.prod(tensor.shape[:axis], dtype=np.int64)))


def rows_of(buffer, rows):
    """All of a buffer as that many Rows."""
    return Rows(buffer, rows, buffer.nbytes // rows)
