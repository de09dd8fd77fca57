"""The data of the digits example: scikit-learn's handwritten digits, and the part of them that is never trained on."""

import numpy as np
from sklearn.datasets import load_digits


def load():
    """Return (images, labels): float32 [1797, 8, 8, 1] with grey levels 0 (paper) to 16 (ink), int [1797] of 0..9."""
    digits = load_digits()
    return digits.images[..., np.newaxis].astype(np.float32), digits.target


def split(labels):
    """Return (training, held_out), two arrays of indices into the data.

    Held out is every fifth image of each digit in the dataset's order: about 20 % of each class, and the same images
    whatever the versions of numpy and scikit-learn.
    """
    held_out = np.sort(np.concatenate([np.flatnonzero(labels == digit)[4::5] for digit in range(10)]))
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out
