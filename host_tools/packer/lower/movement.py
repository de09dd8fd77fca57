"""Ops that move elements about: each is a view of its input, and costs nothing where the bytes stay as they lie."""

from math import prod

import numpy as np

from ..program import Rows, natural_rows
from .context import CannotLower, lowers
from .views import DTYPES, blank, copy, place, require_movable, rows_before, rows_of, start_of

_FREE = "nothing where the bytes stay as they lie"


def constant_ints(tensor, what):
    """The values of a constant tensor of integers as a list."""
    if tensor is None or not tensor.is_const or tensor.data.dtype.kind not in "iu":
        raise CannotLower(f"its {what} are not constant integers; make them so")
    return [int(v) for v in tensor.data.ravel()]


def constant_int(tensor, what):
    """The one value of a constant tensor."""
    values = constant_ints(tensor, what)
    if len(values) != 1:
        raise CannotLower(f"its {what} has {len(values)} values; convert the model again")
    return values[0]


def axis_of(axis, rank):
    """`axis`, which may count from the end, as 0 .. rank - 1."""
    if not -rank <= axis < rank:
        raise CannotLower(f"its axis {axis} is outside a shape of {rank} dimensions; convert the model again")
    return axis % rank


def along(axis, index):
    """What to index an array with for `index` along `axis` and everything along the others."""
    return (*[slice(None)] * axis, index, Ellipsis)  # the last keeps one element a view


# ---- one input, one output ----


def _reshape(context, op):
    x, y = op.inputs[0], op.outputs[0]
    place(context, op, x, y, lambda a: a)


for _kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
    lowers(_kind, "(none)", DTYPES, "another view of the same bytes")(_reshape)


@lowers("TRANSPOSE", "COPY", DTYPES, _FREE)
def transpose(context, op):
    x, y = op.inputs[0], op.outputs[0]
    order = [axis_of(a, len(x.shape)) for a in constant_ints(op.inputs[1], "axes")]
    if sorted(order) != list(range(len(x.shape))):
        raise CannotLower(f"its axes {order} are no order of {len(x.shape)} axes; convert the model again")
    place(context, op, x, y, lambda a: a.transpose(order))


@lowers("SLICE", "COPY", DTYPES, _FREE)
def slice_(context, op):
    x, y = op.inputs[0], op.outputs[0]
    begin, sizes = constant_ints(op.inputs[1], "starts"), constant_ints(op.inputs[2], "sizes")
    if not len(begin) == len(sizes) == len(x.shape):
        raise CannotLower(f"its starts and sizes do not fit shape {list(x.shape)}; convert the model again")
    ends = [n if size == -1 else b + size for b, size, n in zip(begin, sizes, x.shape)]
    if not all(0 <= b < e <= n for b, e, n in zip(begin, ends, x.shape)):
        raise CannotLower(f"it reads {begin} to {ends} of {list(x.shape)}; convert the model again")
    place(context, op, x, y, lambda a: a[tuple(slice(b, e) for b, e in zip(begin, ends))])


@lowers("STRIDED_SLICE", "COPY", DTYPES, _FREE)
def strided_slice(context, op):
    x, y = op.inputs[0], op.outputs[0]
    index = _strided_index(op.options, *(constant_ints(op.inputs[i], "begin, end and strides") for i in (1, 2, 3)))

    def view(a):
        try:
            return a[index]
        except IndexError as e:
            raise CannotLower(f"it reads outside shape {list(x.shape)} ({e}); convert the model again") from e

    place(context, op, x, y, view)


def _strided_index(options, begin, end, strides):
    """The numpy index of a STRIDED_SLICE: numpy has Python's slices, as TensorFlow does."""
    if options.get("Offset"):
        raise CannotLower("its ends count from its begins; convert the model again")
    if not len(begin) == len(end) == len(strides) or 0 in strides:
        raise CannotLower(f"its begin {begin}, end {end} and strides {strides} do not fit; convert the model again")

    def has(mask, i):
        return options.get(mask, 0) >> i & 1

    index = []
    for i, (b, e, s) in enumerate(zip(begin, end, strides)):
        if has("EllipsisMask", i):
            index.append(Ellipsis)
        elif has("NewAxisMask", i):
            index.append(np.newaxis)
        elif has("ShrinkAxisMask", i):
            index.append(b)
        else:
            index.append(slice(None if has("BeginMask", i) else b, None if has("EndMask", i) else e, s))
    return tuple(index) if Ellipsis in index else (*index, Ellipsis)


@lowers("REVERSE_V2", "COPY", DTYPES, _FREE)
def reverse(context, op):
    x, y = op.inputs[0], op.outputs[0]
    axes = [axis_of(a, len(x.shape)) for a in constant_ints(op.inputs[1], "axes")]
    place(context, op, x, y, lambda a: np.flip(a, axes))


@lowers("BROADCAST_TO", "COPY", DTYPES)
def broadcast_to(context, op):
    x, y = op.inputs[0], op.outputs[0]
    sizes = (1,) * (len(y.shape) - len(x.shape)) + x.shape
    if len(sizes) != len(y.shape) or any(n not in (1, m) for n, m in zip(sizes, y.shape)):
        raise CannotLower(f"{list(x.shape)} does not broadcast to {list(y.shape)}; convert the model again")
    place(context, op, x, y, lambda a: np.broadcast_to(a, y.shape))


@lowers("TILE", "COPY", DTYPES, oracle="LiteRT")
def tile(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_movable(x, y)
    times = constant_ints(op.inputs[1], "multiples")
    if len(times) != len(x.shape) or tuple(n * t for n, t in zip(x.shape, times)) != y.shape:
        raise CannotLower(f"{list(x.shape)} times {times} is not {list(y.shape)}; convert the model again")
    if x.is_const:
        y.data = np.tile(x.data, times)
        return
    axes = [axis for axis, t in enumerate(times) if t > 1]
    if not axes:
        place(context, op, x, y, lambda a: a)
        return
    source, shape = context.rows(x), x.shape
    while axes:  # two at a time are as many dimensions as COPY has
        now, axes = axes[-2:], axes[:-2]
        whole = blank(shape, x.dtype)
        seen = whole
        for axis in reversed(now):
            seen = np.broadcast_to(np.expand_dims(seen, axis), (*seen.shape[:axis], times[axis], *seen.shape[axis:]))
        shape = tuple(n * times[axis] if axis in now else n for axis, n in enumerate(shape))
        target = context.rows(y)
        if axes:
            target = rows_of(context.temporary(op, blank(shape, x.dtype).nbytes, x.dtype), natural_rows(shape)[0])
        copy(context, op, source, seen, whole, target)
        source = target


@lowers("SPACE_TO_DEPTH", "COPY", DTYPES, _FREE)
def space_to_depth(context, op):
    x, y = op.inputs[0], op.outputs[0]
    n, h, w, c, block = _blocks(op, x)
    if h % block or w % block:
        raise CannotLower(f"blocks of {block} do not fit {list(x.shape)}; convert the model again")
    split = (n, h // block, block, w // block, block, c)
    place(context, op, x, y, lambda a: a.reshape(split).transpose(0, 1, 3, 2, 4, 5))


@lowers("DEPTH_TO_SPACE", "COPY", DTYPES, _FREE)
def depth_to_space(context, op):
    x, y = op.inputs[0], op.outputs[0]
    n, h, w, c, block = _blocks(op, x)
    if c % (block * block):
        raise CannotLower(f"blocks of {block} do not fit {list(x.shape)}; convert the model again")
    split = (n, h, w, block, block, c // (block * block))
    place(context, op, x, y, lambda a: a.reshape(split).transpose(0, 1, 3, 2, 4, 5))


def _blocks(op, x):
    block = op.options.get("BlockSize", 0)
    if len(x.shape) != 4 or block < 1:
        raise CannotLower(f"blocks of {block} of {list(x.shape)}, which is not [N, H, W, C]; convert the model again")
    return (*x.shape, block)


# ---- several outputs ----


@lowers("SPLIT", "COPY", DTYPES, _FREE)
def split(context, op):
    x = op.inputs[1]
    axis = axis_of(constant_int(op.inputs[0], "axis"), len(x.shape))
    _split(context, op, x, axis, [y.shape[axis] if len(y.shape) == len(x.shape) else 0 for y in op.outputs])


@lowers("SPLIT_V", "COPY", DTYPES, _FREE)
def split_v(context, op):
    x, sizes = op.inputs[0], constant_ints(op.inputs[1], "sizes")
    axis = axis_of(constant_int(op.inputs[2], "axis"), len(x.shape))
    if sizes.count(-1) == 1:  # what the others leave
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    _split(context, op, x, axis, sizes)


def _split(context, op, x, axis, sizes):
    if len(sizes) != len(op.outputs) or min(sizes) < 1 or sum(sizes) != x.shape[axis]:
        raise CannotLower(f"sizes {sizes} do not make up axis {axis} of {list(x.shape)}; convert the model again")
    start = 0
    for y, size in zip(op.outputs, sizes):
        part = along(axis, slice(start, start + size))
        place(context, op, x, y, lambda a, part=part: a[part])
        start += size


@lowers("UNPACK", "COPY", DTYPES, _FREE)
def unpack(context, op):
    x = op.inputs[0]
    axis = axis_of(op.options.get("Axis", 0), len(x.shape))
    if x.shape[axis] != len(op.outputs):
        raise CannotLower(f"axis {axis} of {list(x.shape)} does not give {len(op.outputs)} outputs; convert the model again")
    for i, y in enumerate(op.outputs):
        place(context, op, x, y, lambda a, i=i: a[along(axis, i)])


# ---- several inputs ----


@lowers("CONCATENATION", "COPY", DTYPES, "inputs of one quantisation; no fused activation")
def concatenation(context, op):
    y = op.outputs[0]
    axis = axis_of(op.options.get("Axis", 0), len(y.shape))
    if op.options.get("FusedActivationFunction", "NONE") != "NONE":
        raise CannotLower("it has a fused activation; make that a layer of its own")
    xs = [x for x in op.inputs if x.elements]
    for x in xs:
        if x.shape[:axis] + x.shape[axis + 1 :] != y.shape[:axis] + y.shape[axis + 1 :]:
            raise CannotLower(f"{list(x.shape)} does not go into {list(y.shape)} along axis {axis}; convert again")
        alike = np.array_equal(x.scales, y.scales) and np.array_equal(x.zero_points, y.zero_points)
        if y.dtype == "int8" and not alike:
            raise CannotLower("its inputs are quantised otherwise than its output; convert the model again")
    _join(context, op, xs, axis, [x.shape[axis] for x in xs])


@lowers("PACK", "COPY", DTYPES)
def pack(context, op):
    y = op.outputs[0]
    axis = axis_of(op.options.get("Axis", 0), len(y.shape))
    if any(x.elements * y.shape[axis] != y.elements for x in op.inputs):
        raise CannotLower(f"its inputs do not make up {list(y.shape)} along axis {axis}; convert the model again")
    _join(context, op, op.inputs, axis, [1] * len(op.inputs))


def _join(context, op, xs, axis, sizes):
    """Copy the inputs `xs`, of those sizes along `axis`, one after the other into the output."""
    y = op.outputs[0]
    require_movable(y, *xs)
    if sum(sizes) != y.shape[axis]:
        raise CannotLower(f"its inputs do not make up {list(y.shape)} along axis {axis}; convert the model again")
    shapes = [(*y.shape[:axis], size, *y.shape[axis + 1 :]) for size in sizes]
    if all(x.is_const for x in xs):
        y.data = np.concatenate([x.data.reshape(shape) for x, shape in zip(xs, shapes)], axis)
        return
    if len(xs) == 1:
        place(context, op, xs[0], y, lambda a: a)
        return
    into = blank(y.shape, y.dtype)
    start = 0
    for i, (x, shape) in enumerate(zip(xs, shapes)):
        whole = blank(shape, x.dtype)
        goes = into[along(axis, slice(start, start + shape[axis]))]
        start += shape[axis]
        if prod(y.shape[:axis]) == 1:
            rows = natural_rows(shape)[0]  # one after the other: each input makes rows of its own
            target = Rows(context.buffer(y), rows, whole.nbytes // rows, start_of(goes, into))
            copy(context, op, context.rows(x), whole, whole, target)
        else:
            target = context.rows(y, rows_before(y, axis))
            copy(context, op, context.rows(x), whole, whole, target, goes, into, partial=i + 1 < len(xs))
