"""boards/codings.json: instructions that coded weights cost on each core, for `packer build --flash` and `packer analyze`.

`python -m bench.codings` in tests/ counts generated layers, each in every coding:

    dense    a product of weights as they are: "vector" where pixels are made one by one, "pairs" two by two
    sparse   a stored weight of blocks of 1 and of 4 channels, and an output, for each pixel
    palette  a weight that is decoded, by the bits of an index
    entropy  the same

A layer of the same shape without coding, or with other weights, is taken off: what is left is the coding's own.
"""

import json
import sys

import numpy as np

from support.tflite_builder import Graph

from .count import build, instructions
from .machines import MACHINES, ROOT, BenchError, version

KEPT = ROOT / "boards" / "codings.json"
IN, OUT = 256, 64  # channels of the layers


def layer(weights, side=1):
    """A `.tflite` of one convolution 1x1 on images of side x side pixels: int8 [out_c, in_c]."""
    g = Graph()
    x = g.input((1, side, side, weights.shape[1]), 0.05)
    w = g.const(weights[:, None, None, :].astype(np.int8), [0.001] * len(weights))
    shape = (1, side, side, len(weights))
    g.output(g.op("CONV_2D", [x, w, None], shape, 0.05, padding="VALID", stride_h=1, stride_w=1))
    return g.finish()


def gaussian(sigma=20):
    """int8 [OUT, IN]; the seed is always the same."""
    return np.clip(np.round(np.random.default_rng(1).normal(0, sigma, (OUT, IN))), -127, 127).astype(np.int8)


def some(share, block):
    """Weights other than zero in that share of the taps, of which `block` neighbouring channels have the same."""
    rng = np.random.default_rng(2)
    there = np.repeat(rng.random((OUT // block, IN)) < share, block, axis=0)
    return np.where(there, rng.integers(1, 100, (OUT, IN)), 0).astype(np.int8)


def of_values(count):
    """Weights with so many different values."""
    values = np.arange(-(count // 2), count - count // 2) * 7
    return values[np.random.default_rng(3).integers(0, count, (OUT, IN))].astype(np.int8)


def run(machine, weights, coding, side=1):
    """(instructions of the layer, its DeviceOp)."""
    result = build(layer(weights, side), "layer", coding=coding)
    (counted,) = instructions(machine, result.blob, layers=True).layers
    return counted.instructions, result.program.ops[0]


def decoding(machine, weights, coding):
    """Instructions of decoding a weight."""
    with_coding, op = run(machine, weights, coding)
    if op.coded is None:
        raise BenchError(f"{coding} does not hold the layer that is counted")
    return (with_coding - run(machine, weights, "none")[0]) / weights.size


def skipping(machine, block):
    """Instructions of (a stored weight, an output): what a layer with more weights takes longer, each, and the rest."""
    (few, a), (many, b) = (run(machine, some(share, block), "sparse") for share in (0.1, 0.4))
    if not a.coded.block == b.coded.block == block:
        raise BenchError(f"the layers that are counted are not stored in blocks of {block}")
    each = (many - few) / (b.coded.stored - a.coded.stored)
    return each, (few - each * a.coded.stored) / OUT


def table(machine):
    """The entry of a Machine."""
    dense = {"vector": run(machine, gaussian(), "none"), "pairs": run(machine, gaussian(), "none", side=8)}
    return {
        "compiler": version(machine),
        "dense": {name: _rounded(count / op.macs) for name, (count, op) in dense.items()},
        "sparse": {str(block): list(map(_rounded, skipping(machine, block))) for block in (1, 4)},
        "palette": {str(bits): _rounded(decoding(machine, of_values(1 << bits), "palette")) for bits in (1, 2, 4)},
        "entropy": _rounded(decoding(machine, gaussian(), "entropy")),
    }


def _rounded(x):
    return float(f"{x:.4g}")


def main():
    kept = {}
    for core, machine in MACHINES.items():
        kept[core] = table(machine)
        print(core, json.dumps(kept[core]), flush=True)
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"wrote {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"make bench: {error}")
