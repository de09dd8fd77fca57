"""The order of channels inside the network. Nobody outside sees it, so it may be the one that costs the least.

Weights of a product are emptied from the halves of words chunk by chunk (pairs.py), and a chunk of large weights takes longer.
Which weights share a chunk is the order of the channels they belong to. The layer that makes those channels can make them in
any order: its rows of weights, biases and multipliers are put into another one here, and the columns of the layers that read
them. That costs nothing on the device, and changes no output.
"""

from dataclasses import dataclass, field

import numpy as np

from ..coding.sparse import BLOCKS, sparse_blocks
from .pairs import exceptions, pairs

_GROUP = 4  # channels that share a chunk of the least size
_SWEEPS = 8
_WORTH = 0.01  # a share of its chunks that must be exceptions before a layer's order is looked into
_PASS = {"MAX_POOL", "AVERAGE_POOL", "DEPTHWISE_CONV2D", "TABLE", "ADD", "REDUCE_MEAN"}


@dataclass(eq=False)
class _Set:
    """Buffers whose channels have one order."""

    buffers: list
    channels: set = field(default_factory=set)  # how many, as each op sees it; one number where all agree
    fixed: bool = False
    makers: list = field(default_factory=list)  # products that make the channels
    passers: list = field(default_factory=list)  # depthwise convolutions
    readers: list = field(default_factory=list)  # products that sum over them


def reorder_channels(program, blocks=False):
    """Put channels into the order that leaves the fewest exceptions in the chunks of those who read them.

    `blocks`: those of a layer that sparse blocks of several channels make smaller stay as they are; another order would tear the
    blocks apart.
    """
    for s in _sets(program):
        if s.fixed or len(s.channels) != 1 or not s.makers:
            continue
        channels = next(iter(s.channels))
        if channels % _GROUP or channels == _GROUP or any(_channels_read(op) % channels for op in s.readers):
            continue
        if blocks and any(sparse_blocks(_matrix(op), max(BLOCKS)).nbytes < _matrix(op).size for op in s.makers):
            continue
        order = _best_order(s, channels)
        if order is not None:
            _apply(s, order)


def _sets(program):
    """The sets, those first that are made first."""
    of = {}

    def find(buffer):
        return of.setdefault(id(buffer), _Set([buffer]))

    def join(buffers):
        first = find(buffers[0])
        for buffer in buffers[1:]:
            other = find(buffer)
            if other is not first:
                first.buffers += other.buffers
                first.channels |= other.channels
                first.fixed |= other.fixed
                first.makers += other.makers
                first.passers += other.passers
                first.readers += other.readers
                for b in other.buffers:
                    of[id(b)] = first
        return first

    for op in [*program.init_ops, *program.ops]:
        rows = [*op.inputs, op.output]
        plain = not op.partial and all(r.is_whole and r.buffer.data is None for r in rows)
        if plain and op.kernel in ("FULLY_CONNECTED", "CONV2D"):
            find(op.inputs[0].buffer).readers.append(op)
            made = find(op.output.buffer)
            made.makers.append(op)
            made.channels.add(len(op.params["weights"]))
        elif plain and op.kernel in _PASS:
            s = join([r.buffer for r in rows])
            s.channels |= _channels_seen(op)
            if op.kernel == "DEPTHWISE_CONV2D":
                s.passers.append(op)
        else:
            for r in rows:
                find(r.buffer).fixed = True
    for buffer in [e.buffer for e in (*program.inputs, *program.outputs)] + program.state:
        find(buffer).fixed = True
    return list({id(s): s for s in of.values()}.values())


def _channels_seen(op):
    p = op.params
    if "window" in p:
        return {p["window"]["in_c"], p["window"]["out_c"]}
    return {p["inner"]} if op.kernel == "REDUCE_MEAN" else set()


def _matrix(op):
    """Weights as int8 [out_c, taps]."""
    return op.params["weights"].reshape(len(op.params["weights"]), -1)


def _channels_read(op):
    """In one piece: those of a pixel, or of all pixels where the layer reads them flat."""
    return op.params["window"]["in_c"] if "window" in op.params else op.params["in_c"]


def _best_order(s, channels):
    """The order, old channel by new position, or None where it is as good as it is."""
    readers = []
    for op in s.readers:
        if op.params.get("pairs"):
            found = exceptions(_matrix(op), _GROUP)
            if found.mean() > _WORTH:
                readers.append((op, op.macs // _matrix(op).size))
    if not readers:
        return None
    # [readers][out_c, parts, channels]: a part is what one look at all channels multiplies. Bounds are as in pairs.py.
    weights = [_matrix(op).reshape(len(_matrix(op)), -1, channels).astype(np.int32) for op, _ in readers]
    bounds = [np.stack([np.where(w > 0, 128, -127) * w, np.where(w > 0, 127, -128) * w]) for w in weights]
    pixels = [n for _, n in readers]
    order = np.arange(channels)
    for _ in range(_SWEEPS):
        improved = False
        for i in range(channels):
            gain, j = _best_swap(bounds, pixels, i)
            if gain > 0:
                improved = True
                order[[i, j]] = order[[j, i]]
                for b in bounds:
                    b[..., [i, j]] = b[..., [j, i]]
        if not improved:
            break
    return order if (order != np.arange(channels)).any() else None


def _count(sums):
    """Exceptions among chunks with these sums, [2, out_c, parts, candidates], for each candidate."""
    over = (sums[0] > 2**15) | (sums[1] >= 2**15)
    if len(over) % 2:
        over = np.concatenate([over, over[-1:]])
    return (over[0::2] | over[1::2]).sum(axis=(0, 1))


def _best_swap(bounds, pixels, i):
    """(exceptions saved, weighed by pixels; j) of the best channel j to change places with channel i."""
    channels = bounds[0].shape[-1]
    groups = channels // _GROUP
    at = i // _GROUP
    gain = np.zeros(channels, np.int64)
    for b, n in zip(bounds, pixels):
        sums = b.reshape(*b.shape[:-1], groups, _GROUP).sum(axis=-1)
        before = _count(sums)
        here = sums[..., at : at + 1] - b[..., i : i + 1] + b
        there = np.repeat(sums, _GROUP, axis=-1) - b + b[..., i : i + 1]
        gain += n * (before[at] + np.repeat(before, _GROUP) - _count(here) - _count(there))
    gain[at * _GROUP : (at + 1) * _GROUP] = 0
    j = int(gain.argmax())
    return int(gain[j]), j


def _apply(s, order):
    channels = len(order)
    changed = {}  # op: its new parameters
    for op in s.makers + s.passers:
        p = dict(changed.get(op, op.params))
        p["weights"] = p["weights"][order] if op in s.makers else p["weights"][..., order]
        stage = dict(p["stage"], bias=p["stage"]["bias"][order])
        if stage["per_channel"]:
            stage.update(multiplier=stage["multiplier"][order], shift=stage["shift"][order])
        changed[op] = dict(p, stage=stage)
    for op in s.readers:
        p = changed.get(op, op.params)
        weights = p["weights"]
        columns = weights.reshape(len(weights), -1, channels)[..., order]
        changed[op] = dict(p, weights=np.ascontiguousarray(columns.reshape(weights.shape)))
    for op, p in changed.items():
        if p.get("pairs"):
            p["pairs"] = pairs(p["weights"].reshape(len(p["weights"]), -1))
            if not p["pairs"]:
                return  # the scratch memory that it has is for pairs
    for op, p in changed.items():
        op.params = p
    for buffer in s.buffers:
        buffer.order = order
