"""Coded weights in plain Python (SPEC.md, "Coded weights"): one output channel's at a time."""

from array import array
from struct import unpack_from

from ._pure_fixed import int8s

WINDOW = 255


def rows(blob, coded, k, out_c):
    """The weights of one output channel after the other, int8 [k], of a ti_coded at offset `coded`."""
    data, size, table, block, coding, bits = unpack_from("<3IH2B", blob, coded)
    if coding == 4:
        return _sparse(blob, data, block, k, out_c)
    if coding == 3:
        return _entropy(blob, data, data + size, unpack_from("<%dH" % (1 << bits), blob, table), bits, k, out_c)
    return _palette(blob, data, table, bits, (1 << bits) * (coding == 2), k, out_c)


def _palette(blob, data, table, bits, step, k, out_c):
    mask = (1 << bits) - 1
    each = 8 // bits
    for _ in range(out_c):
        palette = int8s(blob, table, 1 << bits)
        table += step
        w = array("b")
        for i in range(k):
            w.append(palette[blob[data + i // each] >> i % each * bits & mask])
        data += (k + each - 1) // each
        yield w


def _entropy(blob, at, end, table, bits, k, out_c):
    for _ in range(out_c):
        w = array("b")
        ahead = 0
        have = 0
        for _ in range(k):
            while have < 16:
                ahead = ahead << 8 | (blob[at] if at < end else 0)
                at += 1
                have += 8
            entry = table[ahead >> have - bits & (1 << bits) - 1]
            have -= (entry >> 8 & 15) + (entry >> 12)
            q = (entry & 0xFF) + (ahead >> have & (1 << (entry >> 12)) - 1)
            w.append((q & 0xFF ^ 0x80) - 0x80)
            ahead &= (1 << have) - 1
        at -= have // 8
        yield w


def _sparse(blob, at, block, k, out_c):
    for channel in range(0, out_c, block):
        ws = [array("b", bytes(k)) for _ in range(min(block, out_c - channel))]
        for first in range(0, k, WINDOW):
            n = blob[at]
            weights = int8s(blob, at + 1 + n, n * block)
            for j in range(len(ws)):
                for i in range(n):
                    ws[j][first + blob[at + 1 + i]] = weights[j * n + i]
            at += 1 + n * (1 + block)
        for w in ws:
            yield w
