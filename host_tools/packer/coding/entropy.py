"""Entropy codes: frequent weights get short code words, each channel's from a byte on.

A code word stands for a run of 1, 2, 4 … neighbouring weights, and as many bits as tell them apart follow it. So rare
weights share the words of their neighbours, no word is longer than a table of at most 256 entries can be indexed with,
and the decoder looks once for each weight. The words' lengths are those of Huffman's code limited to that length, by the
package-merge method (Larmore, Hirschberg: A fast algorithm for optimal length-limited Huffman codes, 1990).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .coded import decoded, pack_bits

_BITS = (4, 5, 6, 7, 8)  # of a table's index
_LEAST_SHARES = (0.35, 0.7, 1.4)  # of the longest word's odds: a run that occurs more often is split
_SEARCHERS = 3


@dataclass(frozen=True, eq=False)
class Code:
    """Runs of weights, by their first: (first, bits that follow the word, the word's bits)."""

    bits: int
    runs: list

    @cached_property
    def words(self):
        """[(word, its bits)] of the runs, from the shortest on: canonical, each the one before plus 1."""
        words, word, before = [], 0, 0
        for _, _, length in self.runs:
            word <<= length - before
            words.append((word, length))
            word, before = word + 1, length
        return words

    @cached_property
    def table(self):
        """uint16 [1 << bits]: what begins with these bits."""
        table = np.zeros(1 << self.bits, np.uint16)
        for (first, more, length), (word, _) in zip(self.runs, self.words):
            at = word << (self.bits - length)
            table[at : at + (1 << (self.bits - length))] = (first & 0xFF) | length << 8 | more << 12
        return table

    @cached_property
    def of_values(self):
        """(symbols, their bits) of every int8 from -128 on; no bits for one that the code does not have."""
        symbols, widths = np.zeros(256, np.int64), np.zeros(256, np.int64)
        for (first, more, length), (word, _) in zip(self.runs, self.words):
            at = first + 128 + np.arange(1 << more)
            symbols[at] = word << more | np.arange(1 << more)
            widths[at] = length + more
        return symbols, widths

    def nbytes(self, counts):
        """Of the table, and of weights of which so many have each value, but for what channels waste in their last bytes."""
        before = np.concatenate([[0], np.cumsum(counts)])
        bits = sum(int(before[a + 128 + (1 << more)] - before[a + 128]) * (length + more) for a, more, length in self.runs)
        return 2 * (1 << self.bits) + bits / 8


def entropy(matrix):
    """Under the code that suits these weights best."""
    return encode(matrix, best_code(histogram(matrix)))


def share_codes(matrices):
    """[Code] for each of several layers; those for which it pays share one, which is then stored once."""
    groups = [([number], histogram(matrix), best_code(histogram(matrix))) for number, matrix in enumerate(matrices)]
    while len(groups) > 1:
        # The layers with the least weights gain least from a code of their own: they look for company first.
        tried = sorted(range(len(groups)), key=lambda i: groups[i][1].sum())[:_SEARCHERS]
        merges = []
        for i in tried:
            for j in range(len(groups)):
                if i != j:
                    together = groups[i][1] + groups[j][1]
                    code = best_code(together)
                    apart = groups[i][2].nbytes(groups[i][1]) + groups[j][2].nbytes(groups[j][1])
                    merges.append((code.nbytes(together) - apart, i, j, together, code))
        gain, i, j, together, code = min(merges, key=lambda merge: merge[:3])
        if gain >= 0:
            break
        numbers = groups[i][0] + groups[j][0]
        groups = [group for n, group in enumerate(groups) if n not in (i, j)] + [(numbers, together, code)]
    codes = {number: code for numbers, _, code in groups for number in numbers}
    return [codes[number] for number in range(len(matrices))]


def encode(matrix, code):
    """Coded weights under a code that has all of them."""
    symbols, widths = code.of_values
    index = matrix.astype(np.int16) + 128
    data = [pack_bits(symbols[row], widths[row]) for row in index]
    return decoded("entropy", np.concatenate(data), code.table, code.bits, len(matrix))


def histogram(matrix):
    """int64 [256]: how often each value occurs, from -128 on."""
    return np.bincount(matrix.ravel().astype(np.int64) + 128, minlength=256)


def best_code(counts):
    """The Code with which table and weights of this histogram take the fewest bytes."""
    before = [0, *np.cumsum(counts).tolist()]
    found = []
    for bits in _BITS:
        for share in _LEAST_SHARES:
            runs = _runs(before, share * before[-1] / (1 << bits))
            if len(runs) <= 1 << bits:
                code = _code(before, runs, bits)
                found.append((code.nbytes(counts), len(found), code))
    return min(found)[2]


def _runs(before, least):
    """[(first, bits that tell its weights apart)]: aligned runs, halved while they occur more than `least` times. before: how
    many weights are less than -128, -127, …"""
    runs = []

    def split(at, more):
        n = before[at + (1 << more)] - before[at]
        if n and (more > 7 or more and n > least):
            split(at, more - 1)
            split(at + (1 << more - 1), more - 1)
        elif n:
            runs.append((at - 128, more))

    split(0, 8)
    return runs


def _code(before, runs, bits):
    counts = [before[first + 128 + (1 << more)] - before[first + 128] for first, more in runs]
    ordered = sorted((length, *run) for length, run in zip(word_lengths(counts, bits), runs))
    return Code(bits, [(first, more, length) for length, first, more in ordered])


def word_lengths(counts, most):
    """Bits of each symbol's word in the best prefix code with no word over `most` bits; at least 1."""
    if len(counts) == 1:
        return [1]
    single = np.sort(counts)
    rows = [single]  # of a level: the symbols, and pairs of the level before
    for _ in range(most - 1):
        packages = rows[-1][: len(rows[-1]) // 2 * 2].reshape(-1, 2).sum(axis=1)
        rows.append(np.sort(np.concatenate([single, packages]), kind="stable"))
    # From the last level back: of the least 2n - 2 items, so many are symbols, each of which gets a bit, and the rest pairs.
    lengths, take = np.zeros(len(counts), np.int64), 2 * len(counts) - 2
    for level in reversed(range(most)):
        packages = 0
        if level:
            below = rows[level - 1][: len(rows[level - 1]) // 2 * 2].reshape(-1, 2).sum(axis=1)
            order = np.argsort(np.concatenate([single, below]), kind="stable")
            packages = int((order[:take] >= len(single)).sum())
        lengths[: take - packages] += 1
        take = 2 * packages
    back = np.empty(len(counts), np.int64)
    back[np.argsort(counts, kind="stable")] = lengths
    return back.tolist()
