"""Ops that add elements around a tensor, or cut them off again: PAD and its kin, and what is built on them."""

import numpy as np

from ..program import natural_rows
from .context import CannotLower, lowers, same_quantisation
from .gather import select
from .movement import constant_ints
from .views import DTYPES, blank, copy, place, require_movable, rows_of


def _amounts(op, tensor, rank):
    """([before], [after]) of a constant [rank, 2] tensor of paddings or crops."""
    values = constant_ints(tensor, "paddings")
    if len(values) != 2 * rank or min(values, default=0) < 0:
        raise CannotLower(f"its paddings {values} do not fit {rank} dimensions; convert the model again")
    return values[::2], values[1::2]


@lowers("PAD", "PAD", DTYPES)
def pad(context, op):
    y = op.outputs[0]
    # TFLite Micro pads with the zero point where a byte can be one, else with 0.
    _pad(context, op, y.zero_point if y.is_quantised and y.dtype in ("int8", "uint8") else 0)


@lowers("PADV2", "PAD", DTYPES)
def padv2(context, op):
    value = op.inputs[2]
    require_movable(op.outputs[0], value)
    if not value.is_const or value.elements != 1:
        raise CannotLower("its padding value is not one constant; make it so")
    _pad(context, op, value.data.ravel()[0])


def _pad(context, op, value):
    x, y = op.inputs[0], op.outputs[0]
    require_movable(x, y)
    if y.is_quantised and x.is_quantised:
        same_quantisation(op, x, y)
    before, after = _amounts(op, op.inputs[1], len(x.shape))
    if tuple(b + s + a for b, s, a in zip(before, x.shape, after)) != y.shape:
        raise CannotLower(f"padding {list(x.shape)} by {before} and {after} is not {list(y.shape)}; convert the model again")
    if x.is_const:
        y.data = np.pad(x.data, list(zip(before, after)), constant_values=value)
        return
    if not any(before + after):
        place(context, op, x, y, lambda a: a)
        return
    emit_pad(context, op, context.buffer(x), x.shape, before, after, value, context.buffer(y))


def emit_pad(context, op, source, shape, before, after, value, target):
    """Emit PADs by `before` and `after` along each axis of Buffer `source`, which is of `shape`, into Buffer `target`."""
    element = np.array(value, target.dtype).tobytes()
    if element != element[:1] * len(element):
        raise CannotLower(f"its padding value {value} is not the same in all its {len(element)} bytes; pad with 0")
    while True:
        n, axes = _as_nhwc((*shape, len(element)), (*before, 0), (*after, 0))
        if len(axes) <= 3:
            break
        # The innermost two first, into a temporary.
        now = [i for i, amounts in enumerate(zip(before, after)) if any(amounts)][-2:]
        padded = tuple(size + before[i] + after[i] if i in now else size for i, size in enumerate(shape))
        halfway = context.temporary(op, blank(padded, target.dtype).nbytes, target.dtype)
        only = [[v if i in now else 0 for i, v in enumerate(amounts)] for amounts in (before, after)]
        emit_pad(context, op, source, shape, *only, value, halfway)
        source, shape = halfway, padded
        before, after = ([0 if i in now else v for i, v in enumerate(amounts)] for amounts in (before, after))
    (in_h, pad_top, out_h), (in_w, pad_left, out_w), (in_c, pad_c, out_c) = axes
    params = {
        "in_h": in_h, "out_h": out_h, "pad_top": pad_top, "fill": int(np.frombuffer(element, np.int8)[0]), "in_w": in_w,
        "out_w": out_w, "pad_left": pad_left, "in_c": in_c, "out_c": out_c, "pad_c": pad_c,
    }  # fmt: skip
    if max(n * in_h, n * out_h) > 0xFFFF:
        raise CannotLower("it has more than 65,535 rows; make the tensor smaller")
    context.emit(op, "PAD", [rows_of(source, n * in_h)], rows_of(target, n * out_h), params)


def _as_nhwc(shape, before, after):
    """n and at least three (size, padding before, padded size) such that the padding of `shape` is one of [n, ...]."""
    axes = []
    for size, b, a in zip(shape, before, after):
        # An axis without padding joins the one before it, whose padding grows by that factor.
        if axes and b == a == 0:
            axes[-1] = [v * size for v in axes[-1]]
        else:
            axes.append([size, b, size + b + a])
    n = 1
    if len(axes) > 1 and axes[0][1] == 0 and axes[0][0] == axes[0][2]:
        n = axes.pop(0)[0]
    if len(axes) == 2:
        axes.append([1, 0, 1])  # the outer one counts rows, so that they can be made one at a time
    while len(axes) < 3:
        axes.insert(0, [1, 0, 1])
    return n, axes


@lowers("MIRROR_PAD", "GATHER", DTYPES)
def mirror_pad(context, op):
    x, y = op.inputs[0], op.outputs[0]
    edge = 0 if op.options.get("Mode", 0) else 1  # REFLECT leaves the edge out, SYMMETRIC repeats it
    before, after = _amounts(op, op.inputs[1], len(x.shape))
    if tuple(b + n + a for b, n, a in zip(before, x.shape, after)) != y.shape:
        raise CannotLower(f"padding {list(x.shape)} by {before} and {after} is not {list(y.shape)}; convert the model again")
    if any(max(b, a) > n - edge for b, a, n in zip(before, after, x.shape)):
        raise CannotLower(f"it mirrors more than {list(x.shape)} has; pad less")
    indices = {}
    for axis, (b, a, n) in enumerate(zip(before, after, x.shape)):
        indices[axis] = [*range(b + edge - 1, edge - 1, -1), *range(n), *range(n - 1 - edge, n - 1 - edge - a, -1)]
    select(context, op, x, y, indices)


# ---- space and batch ----


def _block(op, x):
    block = constant_ints(op.inputs[1], "block sizes")
    if not 0 < len(block) < len(x.shape) or min(block) < 1:
        raise CannotLower(f"its blocks {block} do not fit {list(x.shape)}; convert the model again")
    return block


@lowers("SPACE_TO_BATCH_ND", "COPY", DTYPES, "padding is a PAD before it", "TFLM; padding LiteRT")
def space_to_batch(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_movable(x, y)
    block = _block(op, x)
    m = len(block)
    before, after = _amounts(op, op.inputs[2], m)
    rest = [0] * (len(x.shape) - 1 - m)
    before, after = [0, *before, *rest], [0, *after, *rest]
    shape = tuple(b + n + a for b, n, a in zip(before, x.shape, after))
    if any(n % b for n, b in zip(shape[1:], block)):
        raise CannotLower(f"blocks of {block} do not fit {list(shape)}; convert the model again")
    # [N, H / b, b, W / b, b, C] to [b, b, N, H / b, W / b, C]
    parts = [shape[0], *(v for n, b in zip(shape[1:], block) for v in (n // b, b)), *shape[1 + m :]]
    order = [*range(2, 2 * m + 1, 2), 0, *range(1, 2 * m, 2), *range(2 * m + 1, len(parts))]

    def view(a):
        return a.reshape(parts).transpose(order)

    if x.is_const or not any(before + after):
        amounts = list(zip(before, after))
        place(context, op, x, y, lambda a: view(np.pad(a, amounts, constant_values=_zero(y)) if x.is_const else a))
        return
    whole = blank(shape, x.dtype)
    padded = context.temporary(op, whole.nbytes, x.dtype)
    emit_pad(context, op, context.buffer(x), x.shape, before, after, _zero(y), padded)
    copy(context, op, rows_of(padded, natural_rows(shape)[0]), view(whole), whole, context.rows(y))


def _zero(y):
    return y.zero_point if y.is_quantised else 0


@lowers("BATCH_TO_SPACE_ND", "COPY", DTYPES, "crops are another COPY")
def batch_to_space(context, op):
    x, y = op.inputs[0], op.outputs[0]
    require_movable(x, y)
    block = _block(op, x)
    m = len(block)
    before, after = _amounts(op, op.inputs[2], m)
    if x.shape[0] % int(np.prod(block)):
        raise CannotLower(f"blocks of {block} do not fit {list(x.shape)}; convert the model again")
    # [b, b, N, H, W, C] to [N, H, b, W, b, C]
    n = x.shape[0] // int(np.prod(block))
    order = [m, *(v for i in range(m) for v in (m + 1 + i, i)), *range(2 * m + 1, m + len(x.shape))]

    def view(a):
        return a.reshape(*block, n, *x.shape[1:]).transpose(order)

    shape = (n, *(size * b for size, b in zip(x.shape[1:], block)), *x.shape[1 + m :])
    crop = (slice(None), *(slice(b, size - a) for b, a, size in zip(before, after, shape[1:])))
    if x.is_const:
        place(context, op, x, y, lambda a: view(a).reshape(shape)[crop])
        return
    if not any(before + after):
        place(context, op, x, y, view)
        return
    source, seen = blank(x.shape, x.dtype), blank(shape, x.dtype)
    together = rows_of(context.temporary(op, seen.nbytes, x.dtype), natural_rows(shape)[0])
    copy(context, op, context.rows(x), view(source), source, together)
    if seen[crop].size != y.elements:
        raise CannotLower(f"crops {before} and {after} of {list(shape)} are not {list(y.shape)}; convert the model again")
    copy(context, op, together, seen[crop], seen, context.rows(y))
