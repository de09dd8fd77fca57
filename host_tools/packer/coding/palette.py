"""Palettes: a table of 2, 4 or 16 weights for the layer or for each output channel, and each weight's index in it."""

import numpy as np

from .coded import decoded


def palette(matrix):
    """The palettes that take the fewest bytes; None where no channel's weights are so few."""
    found = []
    for bits in (1, 2, 4):
        for tables in ([np.unique(matrix)] * len(matrix), [np.unique(row) for row in matrix]):
            if max(map(len, tables)) <= 1 << bits:
                found.append(_coded(matrix, tables, bits))
    return min(found, key=lambda coded: coded.nbytes, default=None)


def int4(matrix):
    """Palettes of -8 … 7 times a step, or for each output channel times a step of its own; None where that is not what they are."""
    rows = matrix.astype(np.int16)
    common = 1 if rows.min() >= -8 and rows.max() <= 7 else max(1, int(np.gcd.reduce(rows, axis=None)))
    steps = [common] * len(rows)
    if not _are_steps(rows, steps):
        steps = [max(1, int(np.gcd.reduce(row))) for row in rows]
        if not _are_steps(rows, steps):
            return None
    # What a step leads out of int8 to is no weight of the channel.
    return _coded(matrix, [np.clip(np.arange(-8, 8) * step, -128, 127).astype(np.int8) for step in steps], 4)


def _are_steps(rows, steps):
    return all(-8 * step <= row.min() and row.max() <= 7 * step for row, step in zip(rows, steps))


def _coded(matrix, tables, bits):
    alike = all(np.array_equal(table, tables[0]) for table in tables)
    filled = [np.concatenate([table, np.zeros((1 << bits) - len(table), np.int8)]) for table in tables]
    indexes = np.array([_find(table, row) for table, row in zip(tables, matrix)])
    data = _pack(indexes, bits)
    table = filled[0] if alike else np.concatenate(filled)
    return decoded("palette" if alike else "channel palette", data, table.astype(np.int8), bits, len(matrix))


def _find(table, row):
    order = np.argsort(table, kind="stable")
    return order[np.searchsorted(table, row, sorter=order)]


def _pack(indexes, bits):
    """Each channel's from a byte on, the first in a byte's lowest bits."""
    in_a_byte = 8 // bits
    padded = np.pad(indexes, ((0, 0), (0, -indexes.shape[1] % in_a_byte)))
    shifts = bits * np.arange(in_a_byte)
    return (padded.reshape(-1, in_a_byte) << shifts).sum(axis=1).astype(np.uint8)
