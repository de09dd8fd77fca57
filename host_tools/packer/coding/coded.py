"""Coded weights: the writer's side of ti_coded."""

from dataclasses import dataclass

import numpy as np

from .. import format as f

# Output channels that are decoded at a time. Each block of them goes over the row's pixels again; more take more scratch memory.
BLOCK = 8
LEAST_BLOCK = 4


@dataclass(frozen=True, eq=False)
class Coded:
    """A layer's weights under one of format.CODINGS."""

    coding: str
    data: "np.ndarray"  # uint8
    table: "np.ndarray | None"
    block: int  # output channels at a time
    bits: int  # of a table's index
    stored: int = 0  # of sparse weights: how many are stored, and so multiplied

    @property
    def is_decoded(self):
        """Does a block of the weights exist in scratch memory?"""
        return self.coding != "sparse"

    @property
    def nbytes(self):
        """In the blob."""
        return f.CODED.size + self.data.nbytes + (0 if self.table is None else self.table.nbytes)

    @property
    def values(self):
        """The fields of ti_coded, arrays in the place of offsets."""
        return {
            "data": self.data, "bytes": self.data.size, "table": 0 if self.table is None else self.table,
            "block": self.block, "coding": f.CODINGS[self.coding], "bits": self.bits,
        }  # fmt: skip


def decoded(coding, data, table, bits, channels):
    """A Coded whose weights are decoded block by block."""
    return Coded(coding, data, table, min(BLOCK, -(-channels // LEAST_BLOCK) * LEAST_BLOCK), bits)


def pack_bits(values, widths):
    """uint8: each value in so many bits, from a byte's top bit on, the last byte filled up with zeros."""
    total = int(widths.sum())
    bits = np.zeros(-(-total // 8) * 8, np.uint8)
    starts = np.cumsum(widths) - widths
    for n in range(int(widths.max(initial=0))):
        has = widths > n
        bits[starts[has] + n] = values[has] >> (widths[has] - 1 - n) & 1
    return np.packbits(bits)
