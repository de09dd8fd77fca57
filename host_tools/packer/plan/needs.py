"""Which input rows an op reads for an output row: what the planner, the cascades and the proof build on.

A kernel without a rule here reads every row of its inputs for every output row, which is always safe to assume.
"""

from ..program import INPUT_ROWS


def needs(op, which, row):
    """(first, past) rows of input number `which` that `op` reads to make output row `row`; an empty range where none."""
    if op.kernel == "GATHER" and which == 1:  # the indices
        row //= op.params["repeat"]
    rule = _RULES.get(op.kernel)
    return rule(op, row) if rule else (0, op.inputs[which].rows)


def is_rowwise(op):
    """Does `op` read few rows at a time, so that it can be part of a cascade?"""
    if op.kernel == "COPY":
        return _copies_from_one_row(op)
    return op.kernel in _RULES


def goes_up(op):
    """Must `op` make its rows from the first to the last? The caller hands them over so, or one needs the one before."""
    return op.kernel in (INPUT_ROWS, "LSTM")


def window_rows(op):
    """Rows that the loader wants a ring of the op's input to hold at least."""
    if op.kernel in ("REDUCE_MEAN", "REDUCE_MAX", "ARG_MAX"):
        return op.params["rows"]
    window = op.params.get("window")
    return (window["k_h"] - 1) * window["dilation_h"] + 1 if window else 1


def works_in_place(op, which):
    """May the output lie exactly over input number `which`? Only where each element is read before its place is written."""
    given, made = op.inputs[which], op.output
    same = (given.rows, given.row_bytes) == (made.rows, made.row_bytes)
    return op.kernel in _ELEMENTWISE and same and given.is_whole and made.is_whole


def _same(op, row):
    return row, row + 1


def _window(op, row):
    w = op.params["window"]
    image, y = divmod(row, w["out_h"])
    first = y * w["stride_h"] - w["pad_top"]
    past = first + (w["k_h"] - 1) * w["dilation_h"] + 1
    if w["dilation_h"] > 1 and first < 0:  # the first tap inside
        first += -(first // w["dilation_h"]) * w["dilation_h"]
    start = image * w["in_h"]
    first, past = max(first, 0), min(past, w["in_h"])
    return (start + first, start + past) if first < past else (start, start)


def _pad(op, row):
    p = op.params
    image, y = divmod(row, p["out_h"])
    y -= p["pad_top"]
    start = image * p["in_h"]
    return (start + y, start + y + 1) if 0 <= y < p["in_h"] else (start, start)


def _mean(op, row):
    n = op.params["rows"]
    return row * n, row * n + n


def _copy(op, row):
    p, row_bytes = op.params, op.inputs[0].row_bytes
    strides = list(zip(p["size"], p["in_stride"]))
    first = p["in_start"]
    for size, stride in reversed(strides[: p["row_dims"]]):
        first += row % size * stride
        row //= size
    last = first
    for size, stride in strides[p["row_dims"] :]:
        first += min((size - 1) * stride, 0)
        last += max((size - 1) * stride, 0)
    return first // row_bytes, last // row_bytes + 1


def _copies_from_one_row(op):
    """Does each output row of a COPY come from one input row? The loader wants that of one that reads a ring."""
    first, past = _copy(op, 0)
    strides = op.params["in_stride"][: op.params["row_dims"]]
    return past - first == 1 and not any(s % op.inputs[0].row_bytes for s in strides)


def _nothing(op, row):
    return 0, 0


_ELEMENTWISE = {"ADD", "TABLE", "CONVERT", "TABLE16"}
_RULES = {
    INPUT_ROWS: _nothing,
    "FULLY_CONNECTED": _same,
    "CONV2D": _window,
    "DEPTHWISE_CONV2D": _window,
    "MAX_POOL": _window,
    "AVERAGE_POOL": _window,
    "SOFTMAX": _same,
    "ADD": _same,
    "TABLE": _same,
    "CONVERT": _same,
    "TABLE16": _same,
    "SOFTMAX16": _same,
    "LOG_SOFTMAX": _same,
    "L2_NORM": _same,
    "REDUCE_MAX": _mean,
    "ARG_MAX": _mean,
    "PAD": _pad,
    "COPY": _copy,
    "GATHER": _same,
    "REDUCE_MEAN": _mean,
}
