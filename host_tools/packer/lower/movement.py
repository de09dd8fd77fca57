"""Ops that move bytes: RESHAPE and its kin cost nothing, PAD is a kernel."""

from .context import CannotLower, lowers, require_int8, same_quantisation


def _reshape(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if x.elements != y.elements or x.dtype != y.dtype:
        raise CannotLower(f"{x.dtype} {list(x.shape)} cannot become {y.dtype} {list(y.shape)}; convert the model again")
    context.bind(y, context.buffer(x))


for _kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
    lowers(_kind, "(none)", note="another view of the same bytes")(_reshape)


@lowers("PAD", "PAD")
def pad(context, op):
    _pad(context, op, op.outputs[0].zero_point)


@lowers("PADV2", "PAD")
def padv2(context, op):
    value = op.inputs[2]
    require_int8(op, value)
    if not value.is_const or value.elements != 1:
        raise CannotLower("its padding value is not one constant; make it so")
    _pad(context, op, int(value.data.ravel()[0]))


def _pad(context, op, fill):
    x, amounts, y = op.inputs[0], op.inputs[1], op.outputs[0]
    require_int8(op, x, y)
    same_quantisation(op, x, y)
    if not amounts.is_const or amounts.data.shape != (len(x.shape), 2):
        raise CannotLower("its paddings are not a constant [rank, 2] tensor; make them so")
    before, after = amounts.data[:, 0].tolist(), amounts.data[:, 1].tolist()
    if min(before + after) < 0 or tuple(b + s + a for b, s, a in zip(before, x.shape, after)) != y.shape:
        raise CannotLower(f"padding {list(x.shape)} by {amounts.data.tolist()} does not give {list(y.shape)}; convert again")
    n, (h, w, c) = _as_nhwc(x.shape, before, after)
    (in_h, pad_top, out_h), (in_w, pad_left, out_w), (in_c, pad_c, out_c) = h, w, c
    params = {
        "in_h": in_h, "out_h": out_h, "pad_top": pad_top, "fill": fill, "in_w": in_w, "out_w": out_w,
        "pad_left": pad_left, "in_c": in_c, "out_c": out_c, "pad_c": pad_c,
    }  # fmt: skip
    if max(n * in_h, n * out_h) > 0xFFFF:
        raise CannotLower("it has more than 65,535 rows; make the tensor smaller")
    context.emit(op, "PAD", [context.rows(x, n * in_h)], context.rows(y, n * out_h), params)


def _as_nhwc(shape, before, after):
    """n and three (size, padding before, padded size) such that the padding of `shape` is one of [n, h, w, c]."""
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
    if len(axes) > 3:
        raise CannotLower("it pads more than three separate axes; pad in two layers")
    while len(axes) < 3:
        axes.insert(0, [1, 0, 1])
    if axes[0][0] > 0xFFFF or axes[0][2] > 0xFFFF:
        raise CannotLower("its outermost padded axis is over 65,535; make the tensor smaller")
    return n, axes
