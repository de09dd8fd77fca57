"""Sparse weights: the taps that have some, and these; what is left out is not multiplied either."""

import numpy as np

from .coded import Coded

WINDOW = 255  # taps whose positions a byte numbers
BLOCKS = (1, 4)  # output channels that share their taps' positions


def sparse(matrix):
    """Weights in blocks of one channel or of four, whichever takes fewer bytes."""
    return min((sparse_blocks(matrix, block) for block in BLOCKS), key=lambda coded: coded.nbytes)


def sparse_blocks(matrix, block):
    """The Coded of blocks of so many channels; channels that a last block lacks are zeros."""
    channels, taps = matrix.shape
    padded = np.zeros((-(-channels // block) * block, taps), np.int8)
    padded[:channels] = matrix
    parts, stored = [], 0
    for rows in padded.reshape(-1, block, taps):
        used = rows.any(axis=0)
        for first in range(0, taps, WINDOW):
            at = np.flatnonzero(used[first : first + WINDOW])
            weights = rows[:, first + at]
            parts += [np.array([len(at)], np.uint8), at.astype(np.uint8), weights.ravel().view(np.uint8)]
            stored += weights.size
    return Coded("sparse", np.concatenate(parts), None, block, 0, stored)
