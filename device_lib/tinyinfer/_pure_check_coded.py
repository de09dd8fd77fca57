"""What coded weights prove, as in native_modules/core/ti_coded.c, ti_entropy.c and ti_sparse.c."""

from struct import unpack_from

from ._pure_coded import WINDOW
from ._pure_proof import FAULT_OFFSET, FAULT_SHAPE, FAULT_VALUE


def coded(p, chunk, weights, k, out_c, scratch, before):
    """ti_coded at offset `weights`, of a matrix [out_c][k]; `before` bytes of scratch memory come before those of a block."""
    p.offset(weights, 16, 4)
    data, size, table, block, coding, bits = unpack_from("<3IH2B", p.blob, weights)
    p.between(coding, 1, 4, 14)
    p.offset(data, size, 1)
    if coding == 4:
        p.reserved(table | bits | chunk)
        _sparse(p, data, size, block, k, out_c)
        return
    if not block or block % 4:
        p.fail(FAULT_VALUE, block, 12)
    p.pool(scratch, block * k + before + -k % 4)
    if coding == 3:
        _entropy(p, table, bits)
    else:
        _palettes(p, table, bits, 1 if coding == 1 else out_c, size, k, out_c)


def _palettes(p, table, bits, tables, size, k, out_c):
    if bits not in (1, 2, 4):
        p.fail(FAULT_VALUE, bits, 15)
    each = 8 // bits
    p.equal(out_c * ((k + each - 1) // each), size)
    p.offset(table, tables << bits, 1)


def _entropy(p, table, bits):
    p.between(bits, 1, 8, 15)
    p.offset(table, 2 << bits, 2)
    for entry in unpack_from("<%dH" % (1 << bits), p.blob, table):
        if (entry >> 8 & 15) + (entry >> 12) > 16:
            p.fail(FAULT_VALUE, entry, 8)


def _sparse(p, data, size, block, k, out_c):
    if block not in (1, 4):
        p.fail(FAULT_VALUE, block, 12)
    at, end = data, data + size
    for _ in range(0, out_c, block):
        for first in range(0, k, WINDOW):
            taps = min(k - first, WINDOW)
            n = p.blob[at] if at < end else 0
            if 1 + n * (1 + block) > end - at:
                p.fail(FAULT_OFFSET, data, 1 + n * (1 + block))
            past = 0  # the position before
            for tap in p.blob[at + 1 : at + 1 + n]:
                if tap < past:
                    p.fail(FAULT_SHAPE, tap, taps)
                past = tap + 1
            p.between(past, 0, taps, 0)
            at += 1 + n * (1 + block)
