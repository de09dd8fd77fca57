"""Which input rows an op reads for an output row: what the planner, the cascades and the proof build on.

A kernel without a rule here reads every row of its inputs for every output row, which is always safe to assume.
"""

from ..program import DTYPE_BYTES, INPUT_ROWS


def needs(op, which, row):
    """(first, past) rows of input number `which` that `op` reads to make output row `row`; an empty range where none."""
    rule = _RULES.get(op.kernel)
    return rule(op, which, row) if rule else (0, op.inputs[which].rows)


def is_rowwise(op):
    """Does `op` read few rows at a time, so that it can be part of a cascade?"""
    if op.kernel == "COPY":
        return _copies_from_one_row(op)
    return op.kernel in _RULES and op.kernel != "BATCH_MATMUL"


def goes_up(op):
    """Must `op` make its rows from the first to the last? The caller hands them over so, or one needs the one before."""
    return op.kernel in (INPUT_ROWS, "LSTM")


def window_rows(op, which):
    """Rows that the loader wants a ring of input number `which` to hold at least."""
    if op.kernel in ("REDUCE_MEAN", "REDUCE_MAX", "ARG_MAX"):
        return op.params["rows"]
    if op.kernel == "RESIZE_BILINEAR":
        return 2
    if op.kernel == "BATCH_MATMUL" or op.kernel in _BROADCASTS and _single_rows(op, which):
        return op.inputs[which].rows
    window = op.params.get("window")
    return (window["k_h"] - 1) * window["dilation_h"] + 1 if window else 1


def works_in_place(op, which):
    """May the output lie exactly over input number `which`? Only where each element is read before its place is
    written."""
    given, made = op.inputs[which], op.output
    same = (given.rows, given.row_bytes) == (made.rows, made.row_bytes)
    # Pairs of pixels are copied into scratch memory before they are written; but coded weights are taken block by block, and the
    # pixels for each.
    works = op.kernel in _IN_PLACE or op.kernel == "FULLY_CONNECTED" and bool(op.params.get("pairs")) and op.coded is None
    return works and same and given.is_whole and made.is_whole


def moves_as_one(op):
    """Is `op` a COPY of which each row is one run of bytes? That may lie over its input in any way."""
    return op.kernel == "COPY" and all(n == 1 for n in op.params["size"][op.params["row_dims"] : -1]) and (
        op.params["in_stride"][-1] == op.params["out_stride"][-1] == 1
    )


def _same(op, which, row):
    return row, row + 1


def _inside(origin, taps, step, size):
    """(first, past) of those of the `taps` rows origin, origin + step, … that lie in 0 .. size - 1, or (0, 0)."""
    first = max(0, -(origin // step))
    last = min(taps - 1, (size - 1 - origin) // step)
    return (origin + first * step, origin + last * step + 1) if first <= last else (0, 0)


def _window(op, which, row):
    w = op.params["window"]
    image, y = divmod(row, w["out_h"])
    first, past = _inside(y * w["stride_h"] - w["pad_top"], w["k_h"], w["dilation_h"], w["in_h"])
    return image * w["in_h"] + first, image * w["in_h"] + past


def _spread_window(op, which, row):
    """That of an input with `up_h` - 1 rows of zeros after each of its rows."""
    w, up = op.params["window"], op.params["up_h"]
    image, y = divmod(row, w["out_h"])
    origin = y * w["stride_h"] - w.get("pad_top", 0)
    skipped = -origin % up  # taps before the first that lies on a row of the input
    taps = max(0, -(-(w["k_h"] - skipped) // up))
    first, past = _inside((origin + skipped) // up, taps, w["dilation_h"], w["in_h"])
    return image * w["in_h"] + first, image * w["in_h"] + past


def _resize(op, which, row):
    p = op.params
    image, y = divmod(row, p["out_h"])
    at = min(max(y * p["scale_h"] + p["offset_h"], 0), (p["in_h"] - 1) * 1024)
    first = image * p["in_h"] + at // 1024
    return first, first + (2 if at % 1024 else 1)


def _pad(op, which, row):
    p = op.params
    image, y = divmod(row, p["out_h"])
    y -= p["pad_top"]
    start = image * p["in_h"]
    return (start + y, start + y + 1) if 0 <= y < p["in_h"] else (start, start)


def _reduced(op, which, row):
    n = op.params["rows"]
    return row * n, row * n + n


def _single_rows(op, which):
    """Along which of the four dimensions of rows input number `which` of an op that broadcasts has one row only; bits."""
    params = op.params.get("broadcast", op.params)
    return params["single"][which] & 15


def _broadcast(op, which, row):
    sizes, single = op.params.get("broadcast", op.params)["rows"], _single_rows(op, which)
    index, place = 0, 1
    for i in reversed(range(4)):
        row, at = divmod(row, sizes[i])
        if not single >> i & 1:
            index += at * place
            place *= sizes[i]
    return index, index + 1


def _matmul(op, which, row):
    p, rows = op.params, op.inputs[which]
    steps, element = p[("step1", "step2")[which]], DTYPE_BYTES[rows.buffer.dtype]
    first = 0
    for size, step in reversed(list(zip(p["size"][:4], steps))):  # batches and rows; columns and depth are all read
        row, at = divmod(row, size)
        first += at * step
    last = first + sum((size - 1) * step for size, step in zip(p["size"][4:], steps[4:]))
    return first * element // rows.row_bytes, last * element // rows.row_bytes + 1


def _copy(op, which, row):
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
    first, past = _copy(op, 0, 0)
    strides = op.params["in_stride"][: op.params["row_dims"]]
    return past - first == 1 and not any(s % op.inputs[0].row_bytes for s in strides)


def _gather(op, which, row):
    if which == 1:  # the indices
        row //= op.params["repeat"]
    return row, row + 1


def _lstm(op, which, row):
    return (row, row + 1) if which == 0 else (0, op.inputs[which].rows)  # the state


def _nothing(op, which, row):
    return 0, 0


_BROADCASTS = {"BINARY", "COMPARE", "SELECT"}
_IN_PLACE = {"ADD", "TABLE", "CONVERT", "TABLE16", "SOFTMAX", "SOFTMAX16", "LOG_SOFTMAX", "L2_NORM"} | _BROADCASTS
_RULES = {
    INPUT_ROWS: _nothing,
    "FULLY_CONNECTED": _same,
    "CONV2D": _window,
    "DEPTHWISE_CONV2D": _window,
    "MAX_POOL": _window,
    "AVERAGE_POOL": _window,
    "POOL16": _window,
    "GENERAL_CONV": _spread_window,
    "TRANSPOSE_CONV": _spread_window,
    "RESIZE_BILINEAR": _resize,
    "SOFTMAX": _same,
    "SOFTMAX16": _same,
    "LOG_SOFTMAX": _same,
    "L2_NORM": _same,
    "ADD": _same,
    "TABLE": _same,
    "TABLE16": _same,
    "CONVERT": _same,
    "BINARY": _broadcast,
    "COMPARE": _broadcast,
    "SELECT": _broadcast,
    "PAD": _pad,
    "COPY": _copy,
    "GATHER": _gather,
    "REDUCE_MEAN": _reduced,
    "REDUCE_MAX": _reduced,
    "ARG_MAX": _reduced,
    "BATCH_MATMUL": _matmul,
    "LSTM": _lstm,
    "SVDF": _same,
}
