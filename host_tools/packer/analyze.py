"""`packer analyze`: what each layer's weights are made of, what compressing them saves, which layers bear pruning."""

import heapq
from dataclasses import asdict, dataclass

import numpy as np

from .fold import fold
from .lower import lower
from .prune import sensitivity
from .read import read
from .weights import find_layers

# A weight is near zero if it is at most this share of the largest magnitude of its output channel, and not zero.
NEAR = 1 / 32
# The share of zeros at which a layer's sensitivity is measured.
PRUNED = 0.5


@dataclass(frozen=True)
class Scheme:
    """Flash that a layer's weights would take, in bytes. `lossless`: with the weights as they are."""

    bytes: int
    lossless: bool


@dataclass(frozen=True)
class LayerFacts:
    """One row of the analysis."""

    index: int  # of the layer's first op in the .tflite
    name: str
    kind: str
    parameters: int  # weights and biases
    bytes: int  # of them in the .tflite
    macs: int
    weights: int
    zeros: int
    near_zeros: int
    distinct: int  # values among the weights
    entropy_bits: float  # of a weight, see `entropy`
    schemes: dict  # {name of a scheme: Scheme}
    lost: "int | None" = None  # samples that are right no more with this layer alone pruned to PRUNED


@dataclass(frozen=True)
class Analysis:
    name: str
    tflite_bytes: int
    macs: int  # of the whole model
    layers: list
    samples: int = 0
    right: "int | None" = None

    def summary(self):
        """What `packer analyze --json` prints."""
        return {**asdict(self), "near": NEAR, "pruned": PRUNED if self.samples else None}


def analyze(tflite_bytes, name, samples=None, on_progress=lambda text: None):
    """Analysis of an int8 `.tflite`; with `samples` (accuracy.Samples) also the layers' sensitivity.

    PackerError if the file is damaged, is not int8, cannot be built, or does not fit the samples.
    """
    graph, layers = find_layers(tflite_bytes, name)
    program = lower(fold(read(tflite_bytes, name)))
    macs = {}
    for op in program.device_ops:
        macs[op.layer] = macs.get(op.layer, 0) + op.macs
    right, lost = None, [None] * len(layers)
    if samples:
        on_progress("unpruned")
        right = samples.right(tflite_bytes, name)
        lost = [row[0] for row in sensitivity(tflite_bytes, name, layers, [PRUNED], samples, right, on_progress=on_progress)]
    facts = [_facts(layer, sum(macs.get(op.index, 0) for op in layer.ops), n) for layer, n in zip(layers, lost)]
    return Analysis(name, len(tflite_bytes), program.macs, facts, len(samples or ()), right)


def _facts(layer, macs, lost):
    values = np.concatenate([b.values.ravel() for b in layer.blocks])
    channels = [channel for b in layer.blocks for channel in b.channels]
    parameters = {t.index: t for op in layer.ops for t in op.inputs if t is not None and t.is_const and t.is_quantised}
    near = sum(int(np.count_nonzero((c != 0) & (np.abs(c) <= NEAR * np.abs(c).max()))) for c in channels)
    return LayerFacts(
        index=layer.ops[0].index,
        name=layer.name,
        kind=layer.ops[0].kind,
        parameters=sum(t.elements for t in parameters.values()),
        bytes=sum(t.data.nbytes for t in parameters.values()),
        macs=macs,
        weights=layer.count,
        zeros=layer.zeros,
        near_zeros=near,
        distinct=len(np.unique(values)),
        entropy_bits=entropy(values),
        schemes={name: scheme(channels) for name, scheme in SCHEMES.items()},
        lost=lost,
    )


def entropy(values):
    """Shannon's entropy of the values' own distribution, bits a value: no code of single values needs fewer."""
    shares = np.unique(values, return_counts=True)[1] / values.size
    return float(-(shares * np.log2(shares)).sum() + 0.0)


def sparse(channels):
    """A bit a weight, whether it is there, each channel's from a byte on; then the weights that are not zero."""
    return Scheme(sum(-(-c.size // 8) + int(np.count_nonzero(c)) for c in channels), True)


def int4(channels):
    """Half a byte a weight, each channel's from a byte on.

    Lossless if every channel's weights are -8 … 7 times a step of its own, which its multiplier takes in.
    """
    steps = [max(1, int(np.gcd.reduce(c))) for c in channels]
    fits = all(-8 * step <= c.min() and c.max() <= 7 * step for c, step in zip(channels, steps))
    return Scheme(sum(-(-c.size // 2) for c in channels), fits)


def palette(channels):
    """2 or 4 bits a weight, each channel's from a byte on, which number the 4 or 16 bytes of a table.

    There is one table a layer or one a channel: the least of those that hold every value; where that saves nothing, one
    of 16 entries for the layer, to which the weights are rounded.
    """
    everything = len(np.unique(np.concatenate(channels)))
    widest = max(len(np.unique(c)) for c in channels)
    sizes = []
    for entries, bits in ((4, 2), (16, 4)):
        indexes = sum(-(-c.size * bits // 8) for c in channels)
        sizes += [indexes + entries] if everything <= entries else []
        sizes += [indexes + entries * len(channels)] if widest <= entries else []
    if min(sizes, default=np.inf) < sum(c.size for c in channels):
        return Scheme(min(sizes), True)
    return Scheme(sum(-(-c.size // 2) for c in channels) + 16, False)


def huffman(channels):
    """A canonical Huffman code for the layer: 16 counts of code lengths and a byte a distinct value, then the codes of
    each channel from a byte on. (A code of over 16 bits would have to be shortened, which costs next to nothing.)"""
    symbols, inverse, counts = np.unique(np.concatenate(channels), return_inverse=True, return_counts=True)
    lengths = _code_lengths(counts)[inverse.ravel()]
    bits = [part.sum() for part in np.split(lengths, np.cumsum([c.size for c in channels])[:-1])]
    return Scheme(16 + len(symbols) + sum(int(-(-n // 8)) for n in bits), True)


SCHEMES = {"sparse": sparse, "int4": int4, "palette": palette, "entropy": huffman}


def _code_lengths(counts):
    """Bits of each symbol's Huffman code; 1 for the only symbol."""
    lengths = np.zeros(len(counts), np.int64)
    heap = [(int(n), i, [i]) for i, n in enumerate(counts)]
    if len(heap) == 1:
        return lengths + 1
    heapq.heapify(heap)
    while len(heap) > 1:
        n, _, first = heapq.heappop(heap)
        m, tie, second = heapq.heappop(heap)
        lengths[first + second] += 1
        heapq.heappush(heap, (n + m, tie, first + second))
    return lengths
