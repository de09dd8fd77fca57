"""`packer narrow`: weights are rounded to so few values that 4 or 2 bits tell them apart, and the file stays an int8 `.tflite`.

What values a layer's weights become is chosen so that the squares of the errors, as real numbers, sum up to the least. The
scales stay, and with them the biases. Values are those of each channel or, where the tables of all channels would be too large
beside the indexes, one set for the layer: with 16 values that costs little accuracy, with 4 a lot.
"""

from dataclasses import dataclass

import numpy as np

from .coding import SCHEMES as CODINGS
from .errors import PackerError
from .weights import coded_layers, find_layers, replace_values


@dataclass(frozen=True)
class NarrowResult:
    """A narrowed model and what became of its layers."""

    name: str
    scheme: str
    tflite: bytes
    layers: list  # (name, weights, different values before, after, their bytes in the blob after)
    samples: int = 0
    right_before: "int | None" = None
    right_after: "int | None" = None

    def summary(self):
        """What `packer narrow --json` prints."""
        keys = ("name", "weights", "values_before", "values_after", "coded_bytes")
        return {
            "name": self.name,
            "scheme": self.scheme,
            "samples": self.samples,
            "right_before": self.right_before,
            "right_after": self.right_after,
            "layers": [dict(zip(keys, row)) for row in self.layers],
        }


def narrow(tflite_bytes, name, scheme, samples=None, on_progress=lambda text: None):
    """NarrowResult with the weights of a `.tflite` rounded to one of SCHEMES, but for layers that would take no fewer bytes so.

    PackerError if the file is damaged, is not int8, or does not fit the samples (accuracy.Samples).
    """
    if scheme not in SCHEMES:
        raise PackerError(f"there is no scheme {scheme} to narrow weights to; take one of {', '.join(SCHEMES)}")
    _, layers = find_layers(tflite_bytes, name)
    changes, rows = {}, []
    for layer in coded_layers(tflite_bytes, name, layers):
        on_progress(layer.name)
        for block in layer.blocks:
            channels = block.channels
            narrowed = narrow_channels(channels, block.scales, block.tensor.zero_point, scheme)
            size = coded_bytes(narrowed, scheme)
            if size >= channels.size:
                narrowed, size = channels, channels.size
            changes[block] = np.moveaxis(narrowed.reshape(np.moveaxis(block.values, block.axis, 0).shape), 0, block.axis)
            rows.append((layer.name, channels.size, *(len(np.unique(v)) for v in (channels, narrowed)), size))
    narrowed = replace_values(tflite_bytes, changes)
    before = after = None
    if samples:
        on_progress("accuracy")
        before, after = samples.right(tflite_bytes, name), samples.right(narrowed, name)
    return NarrowResult(name, scheme, narrowed, rows, len(samples or ()), before, after)


def coded_bytes(channels, scheme):
    """Of weights [out_c, taps] that are narrow already, under the coding that the scheme is for; what does not fit int8 is coded as none."""
    if channels.min() < -128 or channels.max() > 127:
        return channels.size
    return CODINGS[SCHEMES[scheme].coding](channels.astype(np.int8)).nbytes


def narrow_channels(channels, scales, zero_point, scheme):
    """int16 [out_c, taps]: the nearest weights of the scheme. `scales`: [out_c]; `zero_point`: less which the weights are int8."""
    values = SCHEMES[scheme]
    low, high = max(-128, -128 - zero_point), min(127, 127 - zero_point)
    if values.table_bytes <= values.table_share * channels.shape[1] * values.bits / 8:
        return np.stack([values.fit(row[np.newaxis], np.ones(1), low, high)[0] for row in channels]).astype(np.int16)
    return values.fit(channels, scales.astype(np.float64) ** 2, low, high).astype(np.int16)


def _nearest_steps(rows, importance, low, high):
    """-8 … 7 times a step, as far as that is in low … high."""
    found = []
    for step in range(1, -(-int(np.abs(rows).max(initial=0)) // 7) + 1):
        made = np.clip(np.round(rows / step), max(-8, -(-low // step)), min(7, high // step)) * step
        found.append(((importance[:, np.newaxis] * (rows - made) ** 2).sum(), step, made))
    return min(found, key=lambda f: f[:2])[2] if found else rows


def _nearest_palette(count):
    def fit(rows, importance, low, high):
        weights = np.repeat(importance, rows.shape[1])
        at = np.clip(rows.ravel(), low, high).astype(np.int64)
        values = np.arange(low, high + 1)
        mass = np.bincount(at - low, weights, high - low + 1)
        return best_values(values, mass, count)[at - low].reshape(rows.shape)

    return fit


def best_values(values, mass, count):
    """int64: for each of the ascending integers `values`, which occur `mass` times, one of `count` integers, so that the mass times
    the square of the difference sums up to the least. Exact, by dynamic programming over where one value's share ends."""
    used = np.flatnonzero(mass)
    x, m = values[used].astype(np.float64), mass[used]
    n = len(x)
    if n <= count:
        return np.asarray(values, np.int64)
    m = m / m.sum()
    sums = [np.concatenate([[0], np.cumsum(m * x**power)]) for power in range(3)]
    (m0, m1, m2) = (s[np.newaxis, 1:] - s[:-1, np.newaxis] for s in sums)  # [first, last]
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.round(m1 / m0)
        cost = m2 - 2 * centre * m1 + centre**2 * m0
    cost[np.tril_indices(n, -1)] = np.inf
    best, cuts = cost[0], []  # [last]: of the values up to it
    for _ in range(count - 1):
        through = np.concatenate([[np.inf], best[:-1]])[:, np.newaxis] + cost
        cuts.append(through.argmin(axis=0))
        best = np.minimum(best, through.min(axis=0))
        cuts[-1][best < through.min(axis=0)] = -1
    ends, last = [], n - 1
    for cut in reversed(cuts):
        first = int(cut[last])
        if first >= 0:
            ends.append((first, last))
            last = first - 1
    ends.append((0, last))
    found = np.zeros(len(values), np.int64)
    for first, last in ends:
        found[used[first] : used[last] + 1] = int(centre[first, last])
    return found


@dataclass(frozen=True)
class _Scheme:
    coding: str  # what stores the weights
    bits: int  # a weight
    table_bytes: int
    table_share: float  # of the indexes' bytes that a channel's table may have at most
    fit: object


SCHEMES = {
    "int4": _Scheme("int4", 4, 16, 1 / 8, _nearest_steps),
    "palette4": _Scheme("palette", 2, 4, 2, _nearest_palette(4)),
    "palette16": _Scheme("palette", 4, 16, 1 / 8, _nearest_palette(16)),
}
