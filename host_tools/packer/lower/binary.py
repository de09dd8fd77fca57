"""Elementwise ops of two or three tensors, which broadcast: arithmetic, comparisons, logic, selection."""

import math

import numpy as np

from .. import format as f
from ..fixedpoint import quantise_multiplier
from ..graph import Tensor, short_name
from ..program import natural_rows
from .context import CannotLower, activation_range, lowers, require_int8, require_int16

_ADD_SHIFT = {"int8": 20, "int16": 15}  # headroom that TFLite gives both inputs before it brings them to one scale
_SQUARED_DIFFERENCE_SHIFT = {"int8": 7, "int16": 0}
_COMPARE_SHIFT = 8
_DIMENSIONS = 6  # of ti_broadcast: four of rows, outer, inner


# ---- broadcasting ----


def broadcast(context, inputs, output):
    """(ti_broadcast, [Rows of each input], Rows of the output) of an op whose `inputs` broadcast to `output`."""
    shapes = [t.shape for t in inputs]
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        listed = " and ".join(str(list(s)) for s in shapes)
        raise CannotLower(f"shapes {listed} do not broadcast; convert the model again") from None
    if expected != output.shape:
        raise CannotLower(f"its output is {list(output.shape)} where its inputs make {list(expected)}; convert again")
    rank = len(output.shape)
    axes = list(zip(output.shape, *((1,) * (rank - len(s)) + s for s in shapes)))
    of_rows = 0 if natural_rows(output.shape)[0] == 1 else rank - (2 if rank >= 4 else 1)  # the split of natural_rows()
    row_axes, axes = _merge(axes[:of_rows]), _merge(axes[of_rows:])
    # What does not fit into two dimensions of a row becomes rows.
    while len(axes) > 2:
        row_axes.append(axes.pop(0))
    if len(row_axes) > _DIMENSIONS - 2:
        count = len(row_axes) + len(axes)
        raise CannotLower(f"it broadcasts over {count} separate axes, 6 are possible; merge axes with a RESHAPE")
    nothing = (1,) * (1 + len(inputs))
    axes = [nothing] * (4 - len(row_axes)) + row_axes + [nothing] * (2 - len(axes)) + axes
    sizes = [axis[0] for axis in axes]
    if math.prod(sizes[:4]) > 0xFFFF:
        raise CannotLower("it has more than 65,535 rows; make the tensor smaller")
    single = [sum(1 << i for i, axis in enumerate(axes) if axis[k] != axis[0]) for k in range(1, 1 + len(inputs))]
    rows = [context.rows(t, math.prod(axis[k] for axis in axes[:4])) for k, t in enumerate([output, *inputs])]
    params = {"rows": sizes[:4], "outer": sizes[4], "inner": sizes[5], "single": (single + [0])[:3]}
    return params, rows[1:], rows[0]


def _merge(axes):
    """Axes (size of the output, of each input …) with neighbours joined where the same inputs have size 1."""
    merged = []
    for axis in axes:
        if axis[0] == 1:
            continue
        which = [size == 1 for size in axis]
        if merged and [size == 1 for size in merged[-1]] == which:
            merged[-1] = tuple(a * b for a, b in zip(merged[-1], axis))
        else:
            merged.append(axis)
    return merged


# ---- numbers ----


def rescale(real, zero_point=0, left_shift=0):
    """ti_rescale that multiplies by `real`."""
    multiplier, shift = quantise_multiplier(real)
    if shift > 30:
        raise CannotLower("its output scale is far too small for its inputs; convert the model again")
    if multiplier == 0:
        multiplier, shift = 1, -31  # gives 0 for whatever there is to rescale, as TFLite's multiplier 0 does
    return {"multiplier": multiplier, "shift": shift, "zero_point": zero_point, "left_shift": left_shift}


def _as_it_is(zero_point=0):
    return {"multiplier": 0, "shift": 0, "zero_point": zero_point, "left_shift": 0}


def _below_one(real):
    if real >= 1:
        raise CannotLower("its output scale is far too small for its inputs; convert the model again")
    return real


def _emit_binary(context, op, in1, in2, out, low, high, positive=None):
    sizes, rows, y_rows = broadcast(context, op.inputs, op.outputs[0])
    kind = {"LOGICAL_AND": "MINIMUM", "LOGICAL_OR": "MAXIMUM"}.get(op.kind, op.kind)
    params = {
        "broadcast": sizes, "in1": in1, "in2": in2, "out": out, "positive": positive or _as_it_is(), "min": low,
        "max": high, "op": f.BINARY_OPS[kind],
    }  # fmt: skip
    context.emit(op, "BINARY", rows, y_rows, params)


def _inputs(op, count):
    """The op's inputs, all there."""
    if len(op.inputs) != count or None in op.inputs:
        raise CannotLower(f"it needs {count} inputs; convert the model again")
    return op.inputs


def _require(dtypes, *tensors):
    """CannotLower unless all tensors are of one dtype, which is one of `dtypes`."""
    for t in tensors:
        if t.dtype not in dtypes or t.dtype != tensors[0].dtype:
            raise CannotLower(f'"{short_name(t.name)}" is {t.dtype} where all must be alike, {" or ".join(dtypes)}')


def _operands(op, dtypes=("int8", "int16")):
    """The op's two inputs and its output, all of one of `dtypes`."""
    tensors = [*_inputs(op, 2), op.outputs[0]]
    if tensors[0].dtype == "int16" and "int16" in dtypes:
        require_int16(op, *tensors)
    else:
        require_int8(op, *tensors)
    return tensors


# ---- arithmetic ----


@lowers("ADD", "ADD", "int8, int16", "BINARY where it broadcasts or is int16")
def add(context, op):
    a, b, y = _operands(op)
    in1, in2, twice_max = _on_one_scale(a, b, _ADD_SHIFT[y.dtype])
    out = rescale(_below_one(twice_max / ((1 << _ADD_SHIFT[y.dtype]) * y.scale)), y.zero_point)
    low, high = activation_range(op, y)
    if y.dtype == "int16" or not a.shape == b.shape == y.shape:
        _emit_binary(context, op, in1, in2, out, low, high)
        return
    rows, row_bytes = natural_rows(y.shape)
    params = {
        "count": row_bytes,
        "multiplier1": in1["multiplier"],
        "multiplier2": in2["multiplier"],
        "multiplier_out": out["multiplier"],
        "zero_point1": a.zero_point,
        "zero_point2": b.zero_point,
        "zero_point_out": y.zero_point,
        "min": low,
        "max": high,
        "shift1": in1["shift"],
        "shift2": in2["shift"],
        "shift_out": out["shift"],
        "left_shift": in1["left_shift"],
    }
    context.emit(op, "ADD", [context.rows(a, rows), context.rows(b, rows)], context.rows(y, rows), params)


def _on_one_scale(a, b, left_shift):
    """(ti_rescale of `a`, of `b`, twice the larger scale): both on a scale of that."""
    twice_max = 2 * max(a.scale, b.scale)
    in1, in2 = (rescale(t.scale / twice_max, t.zero_point, left_shift) for t in (a, b))
    return in1, in2, twice_max


@lowers("SUB", "BINARY", "int8, int16")
def sub(context, op):
    a, b, y = _operands(op)
    left_shift = _ADD_SHIFT[y.dtype]
    in1, in2, twice_max = _on_one_scale(a, b, left_shift)
    out = rescale(_below_one(twice_max / ((1 << left_shift) * y.scale)), y.zero_point)
    _emit_binary(context, op, in1, in2, out, *activation_range(op, y))


@lowers("SQUARED_DIFFERENCE", "BINARY", "int8, int16")
def squared_difference(context, op):
    a, b, y = _operands(op)
    left_shift = _SQUARED_DIFFERENCE_SHIFT[y.dtype]
    in1, in2, twice_max = _on_one_scale(a, b, left_shift)
    out = rescale(twice_max * twice_max / ((1 << 2 * left_shift) * y.scale), y.zero_point)
    _emit_binary(context, op, in1, in2, out, *activation_range(op, y))


@lowers("MUL", "BINARY", "int8, int16")
def mul(context, op):
    a, b, y = _operands(op)
    out = rescale(a.scale * b.scale / y.scale, y.zero_point)
    _emit_binary(context, op, _as_it_is(a.zero_point), _as_it_is(b.zero_point), out, *activation_range(op, y))


@lowers("DIV", "BINARY")
def div(context, op):
    a, b, y = _operands(op, ("int8",))
    multiplier, shift = quantise_multiplier(a.scale / (b.scale * y.scale))
    if shift > 30:
        raise CannotLower("its output scale is far too small for its inputs; convert the model again")
    out = {"multiplier": multiplier, "shift": shift, "zero_point": y.zero_point, "left_shift": 0}
    _emit_binary(context, op, _as_it_is(a.zero_point), _as_it_is(b.zero_point), out, *activation_range(op, y))


@lowers("PRELU", "BINARY")
def prelu(context, op):
    a, alpha, y = _operands(op, ("int8",))
    out = rescale(a.scale * alpha.scale / y.scale, y.zero_point)
    positive = rescale(a.scale / y.scale)
    _emit_binary(context, op, _as_it_is(a.zero_point), _as_it_is(alpha.zero_point), out, -128, 127, positive)


def _extremum(context, op):
    """MAXIMUM and MINIMUM, which TFLite takes of the integers, however they are quantised."""
    _require(("int8", "int16"), *_inputs(op, 2), op.outputs[0])
    limits = np.iinfo(op.outputs[0].dtype)
    _emit_binary(context, op, _as_it_is(), _as_it_is(), _as_it_is(), int(limits.min), int(limits.max))


for _kind in ("MAXIMUM", "MINIMUM"):
    lowers(_kind, "BINARY", "int8, int16")(_extremum)


# ---- comparisons, logic, selection ----

_HOLDS = {"LESS": 1, "EQUAL": 2, "LESS_EQUAL": 3, "GREATER": 4, "NOT_EQUAL": 5, "GREATER_EQUAL": 6}  # ti_compare.holds


def _compare(context, op, dtypes):
    a, b = _inputs(op, 2)
    _require(dtypes, a, b)
    _require(("bool",), op.outputs[0])
    if a.dtype == "int8":
        require_int8(op, a, b)
        largest = max(a.scale, b.scale)
        if largest >= 1:
            raise CannotLower(f"TFLite cannot compare tensors whose scale is 1 or more ({largest:g}); convert again")
        in1, in2 = (rescale(t.scale, t.zero_point, _COMPARE_SHIFT) for t in (a, b))
    else:
        in1 = in2 = _as_it_is()
    _emit_compare(context, op, [a, b], in1, in2, _HOLDS[op.kind])


def _emit_compare(context, op, inputs, in1, in2, holds):
    sizes, rows, y_rows = broadcast(context, inputs, op.outputs[0])
    context.emit(op, "COMPARE", rows, y_rows, {"broadcast": sizes, "in1": in1, "in2": in2, "holds": holds})


def _comparison(kind, dtypes):
    lowers(kind, "COMPARE", f"{', '.join(dtypes)} -> bool")(lambda context, op: _compare(context, op, dtypes))


for _kind in ("EQUAL", "NOT_EQUAL"):
    _comparison(_kind, ("int8", "int32", "bool"))
for _kind in ("GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL"):
    _comparison(_kind, ("int8", "int32"))


def _logical(context, op):
    """LOGICAL_AND is the minimum of two bools, LOGICAL_OR the maximum."""
    _require(("bool",), *_inputs(op, 2), op.outputs[0])
    _emit_binary(context, op, _as_it_is(), _as_it_is(), _as_it_is(), 0, 1)


for _kind in ("LOGICAL_AND", "LOGICAL_OR"):
    lowers(_kind, "BINARY", "bool")(_logical)


@lowers("LOGICAL_NOT", "COMPARE", "bool")
def logical_not(context, op):
    (x,) = _inputs(op, 1)
    _require(("bool",), x, op.outputs[0])
    false = Tensor(-1, "false", (), "bool", np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros((), bool))
    _emit_compare(context, op, [x, false], _as_it_is(), _as_it_is(), _HOLDS["EQUAL"])


@lowers("SELECT_V2", "SELECT", "int8, int16, int32", oracle="TFLM; int32 LiteRT")
def select_v2(context, op):
    condition, a, b = _inputs(op, 3)
    _require(("bool",), condition)
    _require(("int8", "int16", "int32"), a, b, op.outputs[0])
    sizes, rows, y_rows = broadcast(context, [condition, a, b], op.outputs[0])
    context.emit(op, "SELECT", rows, y_rows, sizes)
