"""BATCH_MATMUL: products of matrices, both of which the model may compute."""

import numpy as np

from ..fixedpoint import quantise_multiplier
from .context import CannotLower, lowers, require_int8, require_int16
from .general_conv import in_15_bits
from .stage import output_stage


@lowers("BATCH_MATMUL", "BATCH_MATMUL", "int8, int16", "int8 by a constant matrix without zero point becomes FULLY_CONNECTED")
def batch_matmul(context, op):
    x1, x2, y = op.inputs[0], op.inputs[1], op.outputs[0]
    wide = x1.dtype == "int16"
    (require_int16 if wide else require_int8)(op, x1, x2, y)
    adj_x, adj_y = bool(op.options.get("AdjX")), bool(op.options.get("AdjY"))
    batches, rows, columns, depth = _sizes(x1, x2, y, adj_x, adj_y)
    macs = y.elements * depth
    if not wide and not adj_x and not x1.is_const and x2.is_const and x2.zero_point == 0 and x2.elements == depth * columns:
        weights = x2.data.reshape((columns, depth) if adj_y else (depth, columns))
        weights = np.ascontiguousarray(weights if adj_y else weights.T)
        stage = output_stage(op, x1, x2, None, y, weights)
        vectors = y.elements // columns
        params = {"pixels": 1, "in_c": depth, "out_c": columns, "weights": weights, "stage": stage}
        context.emit(op, "FULLY_CONNECTED", [context.rows(x1, vectors)], context.rows(y, vectors), params, macs)
        return
    multiplier, shift = quantise_multiplier(x1.scale * x2.scale / y.scale)
    if shift > (14 if wide else 30):
        raise CannotLower("its output scale is far too small for its inputs; convert the model again")
    params = {
        "size": [*batches, rows, columns, depth],
        "step1": [*_batch_steps(x1.shape), 1 if adj_x else depth, 0, rows if adj_x else 1],
        "step2": [*_batch_steps(x2.shape), 0, depth if adj_y else 1, 1 if adj_y else columns],
        "multiplier": in_15_bits(multiplier) if wide else multiplier,
        "shift": shift,
        "zero_point": [x1.zero_point, x2.zero_point, y.zero_point],
    }
    inputs = [context.rows(x1), context.rows(x2)]
    context.emit(op, "BATCH_MATMUL", inputs, context.rows(y, y.elements // columns), params, macs)


def _batches(shape):
    """The sizes of the three dimensions that may stand before a matrix."""
    return (1, 1, 1, *shape)[-5:-2]


def _sizes(x1, x2, y, adj_x, adj_y):
    """(sizes of the three batch dimensions, rows, columns, depth) of a product whose shapes agree."""
    ranks = [len(t.shape) for t in (x1, x2)]
    if min(ranks) < 2 or max(ranks) > 5:
        raise CannotLower(f"inputs of {ranks[0]} and {ranks[1]} dimensions; 2 to 5 are possible")
    rows, depth = x1.shape[-2:][:: -1 if adj_x else 1]
    depth2, columns = x2.shape[-2:][:: -1 if adj_y else 1]
    pairs = list(zip(_batches(x1.shape), _batches(x2.shape)))
    batches = [max(a, b) for a, b in pairs]
    fits = depth == depth2 and all(a == b or 1 in (a, b) for a, b in pairs)
    if not fits or y.elements != int(np.prod(batches)) * rows * columns:
        raise CannotLower(
            f"shapes {list(x1.shape)} and {list(x2.shape)} do not give {list(y.shape)}; convert the model again"
        )
    return batches, rows, columns, depth


def _batch_steps(shape):
    """Elements from one matrix to the next along each of the three batch dimensions, 0 along one of size 1."""
    steps, size = [], shape[-2] * shape[-1]
    for n in reversed(_batches(shape)):
        steps.insert(0, size if n > 1 else 0)
        size *= n
    return steps
