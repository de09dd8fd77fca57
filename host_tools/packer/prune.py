"""`packer prune`: the weights of least magnitude become zero, and the file stays an ordinary int8 `.tflite`."""

from dataclasses import dataclass

import numpy as np

from .coding.sparse import BLOCKS
from .errors import PackerError
from .weights import coded_layers, find_layers, replace_values

# The shares of zeros at which a layer's sensitivity is measured, the layer pruned alone.
LEVELS = (0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class PruneResult:
    """A pruned model and what became of its layers."""

    name: str
    tflite: bytes
    layers: list  # (name, weights, zeros before, zeros after)
    samples: int = 0
    right_before: "int | None" = None
    right_after: "int | None" = None

    @property
    def sparsity(self):
        """The share of zeros among the weights."""
        return sum(row[3] for row in self.layers) / sum(row[1] for row in self.layers)

    def summary(self):
        """What `packer prune --json` prints."""
        keys = ("name", "weights", "zeros_before", "zeros_after")
        return {
            "name": self.name,
            "sparsity": self.sparsity,
            "samples": self.samples,
            "right_before": self.right_before,
            "right_after": self.right_after,
            "layers": [dict(zip(keys, row)) for row in self.layers],
        }


def prune(tflite_bytes, name, sparsity, samples=None, blocks=False, on_progress=lambda text: None):
    """PruneResult with that share of zeros, or the more that are there, in the int8 weights of a `.tflite`, 0 … 1.

    Without `samples` each layer gets the same share. With them (accuracy.Samples) layers get what they can bear, see
    `shares`. `blocks`: the zeros of neighbouring output channels are at the same taps, as sparse blocks want them; only the
    layers that can be stored so are pruned, and the share is of theirs. PackerError if the file is damaged, is not int8, or
    does not fit the samples.
    """
    if not 0 <= sparsity <= 1:
        raise PackerError(f"--sparsity is the share of weights that become zero, from 0 to 1; {sparsity} was given")
    _, layers = find_layers(tflite_bytes, name)
    layers = coded_layers(tflite_bytes, name, layers) if blocks else layers
    group = max(BLOCKS) if blocks else 1
    targets = [round(sparsity * layer.count) for layer in layers]
    before = after = None
    if samples:
        on_progress("unpruned")
        before = samples.right(tflite_bytes, name)
        losses = sensitivity(tflite_bytes, name, layers, LEVELS, samples, before, group, on_progress)
        targets = shares(layers, losses, round(sparsity * sum(layer.count for layer in layers)))
    changes = {}
    for layer, target in zip(layers, targets):
        changes.update(prune_layer(layer, target, group))
    pruned = replace_values(tflite_bytes, changes)
    if samples:
        after = samples.right(pruned, name)
    zeros = [sum(int(np.count_nonzero(changes[b] == 0)) for b in layer.blocks) for layer in layers]
    rows = [(layer.name, layer.count, layer.zeros, n) for layer, n in zip(layers, zeros)]
    return PruneResult(name, pruned, rows, len(samples or ()), before, after)


def prune_layer(layer, zeros, group=1):
    """{Block: new values}, `zeros` of the layer's weights zero (or the more that are): those of least |q| * scale.

    `group`: so many neighbouring output channels lose their weights of a tap together, those with the least sum of squares, until at
    least `zeros` weights are.
    """
    if group > 1:
        return _prune_groups(layer, zeros, group)
    values = np.concatenate([b.values.ravel() for b in layer.blocks])
    magnitudes = np.concatenate([np.abs(b.values * _along(b)).ravel() for b in layer.blocks])
    values[np.argsort(magnitudes, kind="stable")[:zeros]] = 0
    parts = np.split(values, np.cumsum([b.tensor.elements for b in layer.blocks])[:-1])
    return {b: part.reshape(b.tensor.shape) for b, part in zip(layer.blocks, parts)}


def _prune_groups(layer, zeros, group):
    norms, weights, changes = [], [], {}
    for b in layer.blocks:
        squares = (b.channels * b.scales[:, np.newaxis].astype(np.float64)) ** 2
        starts = np.arange(0, len(squares), group)
        norms.append(np.add.reduceat(squares, starts, axis=0))
        weights.append(np.add.reduceat(np.ones(squares.shape, int), starts, axis=0))  # fewer in a last group
    order = np.argsort(np.concatenate([n.ravel() for n in norms]), kind="stable")
    counts = np.concatenate([n.ravel() for n in weights])[order]
    gone = np.empty(order.size, bool)
    gone[order] = np.cumsum(counts) - counts < zeros
    for b, part in zip(layer.blocks, np.split(gone, np.cumsum([n.size for n in norms])[:-1])):
        together = np.repeat(part.reshape(-1, b.channels.shape[1]), group, axis=0)[: len(b.channels)]
        kept = np.where(together, 0, b.channels)
        moved = np.moveaxis(b.values, b.axis, 0).shape
        changes[b] = np.moveaxis(kept.reshape(moved), 0, b.axis)
    return changes


def _along(block):
    """The block's scales, shaped to multiply its values."""
    shape = [1] * len(block.tensor.shape)
    shape[block.axis] = -1
    return block.scales.reshape(shape)


def sensitivity(tflite_bytes, name, layers, levels, samples, right, group=1, on_progress=lambda text: None):
    """For each layer a list: how many of `right` samples are lost with that layer alone pruned to each of `levels`."""
    losses = []
    for number, layer in enumerate(layers):
        row = []
        for level in levels:
            on_progress(f"layer {number + 1} of {len(layers)}, {layer.name}, {level:.0%} zeros")
            pruned = replace_values(tflite_bytes, prune_layer(layer, round(level * layer.count), group))
            row.append(right - samples.right(pruned, name))
        losses.append(row)
    return losses


def shares(layers, losses, budget):
    """How many zeros each layer gets so that they are `budget` together: all layers are pruned up to the same loss.

    `losses`: those of `sensitivity` at LEVELS. At a loss t, a layer bears the highest level that costs at most t. The
    least t at which the layers bear the budget is found; from what they bear at the t before it, all go the same part
    of the way.
    """
    counts = np.array([layer.count for layer in layers])
    levels = np.array([0, *LEVELS])
    # A level that happens to cost less than one below it says nothing about the one below.
    costs = np.maximum.accumulate([[0, *row] for row in losses], axis=1)
    below = np.array([layer.zeros for layer in layers])
    for t in np.unique(costs):
        bears = np.array([levels[np.flatnonzero(row <= t)[-1]] for row in costs])
        above = np.maximum(below, np.round(bears * counts).astype(int))
        if above.sum() >= budget:
            break
        below = above
    way = (budget - below.sum()) / max(1, above.sum() - below.sum())
    return [int(n) for n in np.ceil(below + max(0, way) * (above - below))]
