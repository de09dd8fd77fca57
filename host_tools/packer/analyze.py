"""`packer analyze`: what each layer's weights are made of, what compressing them saves, which layers bear pruning."""

from dataclasses import asdict, dataclass

import numpy as np

from .coding import SCHEMES
from .compress import eligible, lowered, matrix_of
from .costs import cores, instructions, runs
from .narrow import narrow_channels
from .plan import plan
from .prune import sensitivity
from .weights import find_layers

# A weight is near zero if it is at most this share of the largest magnitude of its output channel, and not zero.
NEAR = 1 / 32
# The share of zeros at which a layer's sensitivity is measured.
PRUNED = 0.5
# What weights are narrowed to where a coding does not hold them.
_NARROWED = {"int4": "int4", "palette": "palette16"}


@dataclass(frozen=True)
class Scheme:
    """What a layer's weights would take in a blob under a coding. `lossless`: as they are, else narrowed as by `packer narrow`."""

    bytes: int
    lossless: bool
    instructions: dict  # {core: of the layer's products in an inference}


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
    instructions: dict  # {core: of its products in an inference}, weights as they are; empty where they cannot be coded
    schemes: dict  # {name of a coding: Scheme}, the same
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
    _, layers = find_layers(tflite_bytes, name)
    on_progress("schedule")
    program = lowered(tflite_bytes, name, codings={})
    plan(program)
    times, coded = runs(program), {}
    for op in eligible(program):
        coded.setdefault(op.layer, []).append(op)
    macs = {}
    for op in program.device_ops:
        macs[op.layer] = macs.get(op.layer, 0) + op.macs
    right, lost = None, [None] * len(layers)
    if samples:
        on_progress("unpruned")
        right = samples.right(tflite_bytes, name)
        lost = [row[0] for row in sensitivity(tflite_bytes, name, layers, [PRUNED], samples, right, on_progress=on_progress)]
    facts = []
    for layer, n in zip(layers, lost):
        on_progress(layer.name)
        ops = [op for of in layer.ops for op in coded.get(of.index, [])]
        facts.append(_facts(layer, sum(macs.get(op.index, 0) for op in layer.ops), n, ops, times))
    return Analysis(name, len(tflite_bytes), program.macs, facts, len(samples or ()), right)


def _facts(layer, macs, lost, ops, times):
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
        instructions=_instructions(ops, None, times) if ops else {},
        schemes={name: _scheme(name, layer, ops, times) for name in SCHEMES if ops},
        lost=lost,
    )


def _scheme(name, layer, ops, times):
    coded = SCHEMES[name](matrix_of(ops[0]))
    if coded is None or name in _NARROWED and coded.nbytes >= layer.count:
        (block,) = layer.blocks
        narrowed = narrow_channels(block.channels, block.scales, block.tensor.zero_point, _NARROWED[name])
        coded = SCHEMES[name](narrowed.astype(np.int8))
        return Scheme(coded.nbytes, bool(np.array_equal(narrowed, block.channels)), _instructions(ops, coded, times))
    return Scheme(coded.nbytes, True, _instructions(ops, coded, times))


def _instructions(ops, coded, times):
    return {core: round(sum(instructions(op, coded, times[op], core) for op in ops)) for core in cores()}


def entropy(values):
    """Shannon's entropy of the values' own distribution, bits a value: no code of single values needs fewer."""
    shares = np.unique(values, return_counts=True)[1] / values.size
    return float(-(shares * np.log2(shares)).sum() + 0.0)
