"""Ops that rescale each element, between any integer dtypes: a table of bytes to bytes, or CONVERT."""

import numpy as np

from ..fixedpoint import quantise_multiplier, requantise
from ..graph import short_name
from ..program import natural_rows
from .context import CannotLower, folded_at_output, lowers

_BYTES = ("int8", "uint8", "bool")
_DTYPES = {"int8", "uint8", "int16", "int32", "bool"}

# TFLite Micro's pairs.
_QUANTIZE = {
    "int8": ("int8", "uint8", "int16", "int32"),
    "uint8": ("int8",),
    "int16": ("int8", "int16", "int32"),
    "int32": ("int8", "int16"),
}


def limits(dtype):
    """(least, greatest) of a dtype, bool counted as its byte."""
    info = np.iinfo("uint8" if dtype == "bool" else dtype)
    return int(info.min), int(info.max)


def scaling(real):
    """(multiplier, shift) of `real`; CannotLower where it is too large."""
    multiplier, shift = quantise_multiplier(real)
    if shift > 30:
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    return multiplier, shift


def same_size(op):
    x, y = op.inputs[0], op.outputs[0]
    if x.elements != y.elements:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} differ; convert the model again")


def require_scale(op, *tensors):
    """CannotLower unless each tensor has one scale, and a zero point that its dtype can hold."""
    for t in tensors:
        name = short_name(t.name)
        if len(t.scales) != 1 or t.scale == 0:
            raise CannotLower(f'"{name}" has {len(t.scales)} scales where one is needed; convert it again')
        low, top = limits(t.dtype)
        if not low <= t.zero_point <= top:
            raise CannotLower(f'"{name}" has zero point {t.zero_point}, outside {t.dtype}; convert it again')


def emit_table(context, op, function):
    """A TABLE op with `function`: value -> value, both of a byte; what it gives is clamped here."""
    same_size(op)
    x, y = op.inputs[0], op.outputs[0]
    low, top = limits(y.dtype)
    elements = range(-128, 128) if x.dtype == "int8" else range(256)
    table = np.zeros(256, np.uint8)  # indexed by the byte
    for q in elements:
        table[q] = min(max(function(q), low), top) & 0xFF
    rows, row_bytes = natural_rows(x.shape)
    params = {"count": row_bytes, "table": table.view(np.int8)}
    context.emit(op, "TABLE", [context.rows(x, rows)], context.rows(y, rows), params)


def emit_convert(context, op, params):
    same_size(op)
    x, y = op.inputs[0], op.outputs[0]
    rows, count = natural_rows(x.shape)
    context.emit(op, "CONVERT", [context.rows(x, rows)], context.rows(y, rows), {"count": count, **params})


NEGATE_FIRST, NEGATE_LAST = 1, 2  # ti_convert.negate_below


def convert(context, op, low=None, top=None, slope=None, negate=0, to=None):
    """y = x rescaled, clamped to low..top. Bytes become a table.

    Below its zero point x is multiplied by the real `slope`, and `negate` says when its sign changes. `to`: the tensor whose
    quantisation the output gets, by default its own.
    """
    x, y = op.inputs[0], op.outputs[0]
    if x.dtype not in _DTYPES or y.dtype not in _DTYPES or "bool" in (x.dtype, y.dtype):
        raise CannotLower(f"{x.dtype} -> {y.dtype} is not supported, integers are; quantise the model")
    require_scale(op, x, y)
    least, greatest = limits(y.dtype)
    low = least if low is None else min(max(low, least), greatest)
    top = greatest if top is None else min(max(top, low), greatest)
    to = to or y
    above = scaling(x.scale / to.scale)
    below = above if slope is None else scaling(slope)
    if x.dtype in _BYTES and y.dtype in _BYTES:

        def element(q):
            q -= x.zero_point
            multiplier, shift = above if q >= 0 else below
            turn = negate if q < 0 else 0
            q = requantise(-q if turn == NEGATE_FIRST else q, multiplier, shift)
            return min(max((-q if turn == NEGATE_LAST else q) + to.zero_point, low), top)

        emit_table(context, op, element)
        return
    params = {
        "zero_point": x.zero_point,
        "zero_point_out": to.zero_point,
        "min": low,
        "max": top,
        "multiplier": [above[0], below[0]],
        "shift": [above[1], below[1]],
        "negate_below": negate,
    }
    emit_convert(context, op, params)


@lowers("QUANTIZE", "TABLE", "int8, uint8, int16, int32; float32 at the inputs", "wider than bytes becomes CONVERT")
def quantize(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if x in context.graph.inputs and id(x) not in context.values:
        context.buffer(y)  # made with the inputs: the caller hands over what this op would compute
        return
    if folded_at_output(op) and y in context.graph.outputs and not context.consumers.get(id(y)):
        return
    if y.dtype not in _QUANTIZE.get(x.dtype, ()):
        raise CannotLower(f"TFLite Micro has no {x.dtype} -> {y.dtype}; quantise the model to int8")
    require_scale(op, x, y)
    if (x.dtype, x.scale, x.zero_point) == (y.dtype, y.scale, y.zero_point):
        same_size(op)
        context.bind(y, context.buffer(x))
    else:
        convert(context, op)


@lowers("CAST", "CONVERT", "int8, uint8, int16, int32, bool", "bytes become TABLE", "TFLM; uint8 LiteRT")
def cast(context, op):
    x, y = op.inputs[0], op.outputs[0]
    if x.dtype not in _DTYPES or y.dtype not in _DTYPES:
        raise CannotLower(f"{x.dtype} -> {y.dtype} is not supported, integers and bool are; take it out of the model")
    if x.dtype == y.dtype:
        same_size(op)
        context.bind(y, context.buffer(x))
    elif y.dtype == "bool" and x.dtype in _BYTES:
        emit_table(context, op, bool)
    elif x.dtype in _BYTES and y.dtype in _BYTES:
        signed = y.dtype == "int8"
        emit_table(context, op, lambda q: (q + 128) % 256 - 128 if signed else q % 256)
    else:
        emit_convert(context, op, {"cast": 1, "max": 0})
