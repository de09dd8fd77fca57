"""Where a model's time goes."""

from struct import unpack_from

from ._blob import string_at

KERNELS = (
    "FULLY_CONNECTED", "CONV2D", "DEPTHWISE_CONV2D", "MAX_POOL", "AVERAGE_POOL", "SOFTMAX", "ADD", "PAD",
    "REDUCE_MEAN", "TABLE", "BINARY", "COMPARE", "SELECT", "COPY", "GATHER", "REDUCE_MAX", "ARG_MAX",
    "TRANSPOSE_CONV", "BATCH_MATMUL", "RESIZE_BILINEAR", "L2_NORM", "LOG_SOFTMAX", "CONVERT", "TABLE16", "SOFTMAX16",
    "GENERAL_CONV", "POOL16", "LSTM", "SVDF",
)  # fmt: skip


def _clock():
    """(now, microseconds): a clock, and what to make of two of its readings."""
    import time

    if hasattr(time, "ticks_us"):
        return time.ticks_us, lambda start, end: time.ticks_diff(end, start)
    return time.monotonic_ns, lambda start, end: (end - start) // 1000  # CircuitPython, CPython


def profile(engine, blob):
    now, microseconds = _clock()
    n_ops, n_steps = unpack_from("<HH", blob, 18)
    ops, steps = unpack_from("<II", blob, 32)
    spent = [0] * n_ops
    engine.restart()
    for i in range(unpack_from("<H", blob, 64)[0], n_steps):  # the first ones are for reset only
        op, _, rows = unpack_from("<HHh", blob, steps + 6 * i)
        start = now()
        engine.step(abs(rows))
        spent[op] += microseconds(start, now())
    layers = []
    for op in range(n_ops):
        at = ops + 28 * op
        layers.append((string_at(blob, unpack_from("<I", blob, at + 24)[0]), KERNELS[blob[at] - 1], spent[op]))
    return layers
