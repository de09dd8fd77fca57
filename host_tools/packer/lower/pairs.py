"""Pairs of pixels: whether a product may be made two pixels at a time (SPEC.md, "Pairs of pixels"), and in what chunks."""

import numpy as np

_EXCEPTION = 2  # taps of an exception's parts
_LONGEST_RUN = 255  # a chunk further on becomes an exception that need not be one

# Instructions of a Cortex-M0+, for two channels and two pixels, as counted: a tap, emptying the halves, an exception of
# 4 taps or of more.
_TAP, _EMPTY, _INTERRUPT = 8, 6, (17, 33)


def pair_words(taps):
    """Words of scratch memory for two pixels' windows of `taps` elements."""
    return -(-taps // 4) * 4


def scratch_bytes(params, coded=None):
    """Of a FULLY_CONNECTED or CONV2D with these parameters: two pixels' windows, or a CONV2D's one; then a block of weights where
    they are decoded."""
    window = params.get("window")
    taps = window["k_h"] * window["k_w"] * window["in_c"] if window else params["in_c"]
    words = pair_words(taps)
    block = coded.block * taps + words - taps if coded and coded.is_decoded else 0
    if params.get("pairs"):
        return 4 * words + block
    return (words if block else taps) + block if window else block


def pairs(matrix):
    """ti_pairs of a weight matrix, int8 [out_c, taps]; {} where pixels have to be made one by one."""
    channels, taps = matrix.shape
    padded = np.zeros((channels + channels % 2, pair_words(taps)), np.int64)
    padded[:channels, :taps] = matrix
    if not _fits(padded, _EXCEPTION).all():
        return {}
    by_cost = {}
    chunk = 4
    while True:
        chunk = min(chunk, padded.shape[1], 0xFFFC)
        both = exceptions(matrix, chunk)
        by_cost.setdefault(_instructions(both, chunk, padded.shape[1]), (chunk, both))
        if chunk in (padded.shape[1], 0xFFFC):
            break
        chunk *= 2
    chunk, both = by_cost[min(by_cost)]
    return {"chunk": chunk, "runs": _runs(both) if both.any() else 0}


def exceptions(matrix, chunk):
    """bool [pairs of channels, chunks]: two channels are made at a time, so what is too much for one is for both."""
    channels, taps = matrix.shape
    padded = np.zeros((channels + channels % 2, pair_words(taps)), np.int64)
    padded[:channels, :taps] = matrix
    too_much = ~_fits(padded, chunk)
    return too_much[0::2] | too_much[1::2]


def _fits(matrix, chunk):
    """bool [out_c, chunks]: is a chunk's sum an int16 whatever int8 its inputs are?"""
    starts = range(0, matrix.shape[1], chunk)
    positive = np.add.reduceat(np.maximum(matrix, 0), starts, axis=1)
    negative = np.add.reduceat(np.maximum(-matrix, 0), starts, axis=1)
    return (128 * positive + 127 * negative <= 2**15) & (127 * positive + 128 * negative < 2**15)


def _instructions(exceptions, chunk, taps):
    """Of all channels, for a pair of pixels."""
    parts = chunk // _EXCEPTION
    chunks = exceptions.size + exceptions.sum() * (parts - 1)
    return int(exceptions.shape[0] * taps * _TAP + chunks * _EMPTY + exceptions.sum() * _INTERRUPT[chunk > 4])


def _runs(exceptions):
    """uint8: for every two channels, the chunks before each exception and after the last."""
    runs = []
    for row in exceptions:
        at = 0
        while at < len(row):
            ahead = np.append(row[at : at + _LONGEST_RUN], True)  # what follows the longest run has to be an exception
            run = int(np.argmax(ahead))
            runs.append(run)
            at += run + 1
    return np.array(runs, np.uint8)
