"""Where every byte of RAM lies: buffers whose lives do not overlap share the pool.

A buffer lives from the op that writes it first to the op that reads it last; inputs from before the first op, outputs to
after the last. The lower bound is the most bytes that are alive at once. Packing is offline dynamic storage allocation:
several greedy orders, then a bounded deterministic search, stopping as soon as the bound is met.
"""

import random
from dataclasses import dataclass

ALIGN = 4  # of every buffer: kernels may read activations and scratch by the word
_SEARCH_ROUNDS = 400


@dataclass(frozen=True)
class Life:
    """A buffer's first and last op (inclusive) and its aligned size."""

    buffer: object
    first: int
    last: int
    nbytes: int

    def overlaps(self, other):
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Plan:
    pool_bytes: int
    lower_bound_bytes: int
    lives: list


def plan(program):
    """Give every pool buffer of `program` its offset; returns the Plan."""
    lives = lifetimes(program)
    bound = lower_bound(lives, len(program.ops))
    # State comes first in the pool; it is alive all the time, so nothing is lost by it.
    state = [life for life in lives if life.buffer in program.state]
    others = [life for life in lives if life.buffer not in program.state]
    at = 0
    for life in state:
        life.buffer.offset = at
        at += life.nbytes
    for life, offset in zip(others, pack(others, bound - at)):
        life.buffer.offset = at + offset
    pool = max((life.buffer.offset + life.nbytes for life in lives), default=0)
    return Plan(pool, bound, lives)


def lifetimes(program):
    """A Life for every pool buffer, in the program's order of ops."""
    end = len(program.ops)
    spans = {}

    def touch(buffer, when):
        if buffer is not None and buffer.data is None:
            first, last = spans.get(buffer, (when, when))
            spans[buffer] = min(first, when), max(last, when)

    for buffer in program.state:
        touch(buffer, -1)
        touch(buffer, end)
    for op in program.init_ops:
        for rows in [*op.inputs, op.output]:
            touch(rows.buffer, -1)
        touch(op.scratch, -1)
    for edge in program.inputs:
        touch(edge.buffer, -1)
    for i, op in enumerate(program.ops):
        for rows in op.inputs:
            touch(rows.buffer, i)
        touch(op.output.buffer, i)
        touch(op.scratch, i)
    for edge in program.outputs:
        touch(edge.buffer, end)
    return [Life(b, first, last, -(-b.nbytes // ALIGN) * ALIGN) for b, (first, last) in spans.items()]


def lower_bound(lives, n_ops):
    """The most bytes alive at one time, from before the first op (-1) to after the last."""
    change = [0] * (n_ops + 3)
    for life in lives:
        change[life.first + 1] += life.nbytes
        change[life.last + 2] -= life.nbytes
    peak = alive = 0
    for c in change:
        alive += c
        peak = max(peak, alive)
    return peak


def pack(lives, bound):
    """An offset for each life such that lives that overlap in time do not overlap in space; as low a peak as is found."""
    orders = [
        sorted(range(len(lives)), key=lambda i: (-lives[i].nbytes, lives[i].first)),
        sorted(range(len(lives)), key=lambda i: (lives[i].first - lives[i].last, -lives[i].nbytes)),
        sorted(range(len(lives)), key=lambda i: (lives[i].first, -lives[i].nbytes)),
    ]
    best_peak, best, best_order = None, [], []
    for order in orders:
        peak, offsets = _first_fit(lives, order)
        if best_peak is None or peak < best_peak:
            best_peak, best, best_order = peak, offsets, order
    rng = random.Random(0)
    for _ in range(_SEARCH_ROUNDS if len(lives) > 2 else 0):
        if best_peak <= bound:
            break
        order = list(best_order)
        for _ in range(rng.randint(1, 3)):
            order.insert(rng.randrange(len(order)), order.pop(rng.randrange(len(order))))
        peak, offsets = _first_fit(lives, order)
        if peak <= best_peak:
            best_peak, best, best_order = peak, offsets, order
    return best


def _first_fit(lives, order):
    """(peak, offsets): each life in `order` goes to the lowest gap left by those placed before it."""
    offsets = [None] * len(lives)
    placed = []
    peak = 0
    for i in order:
        life = lives[i]
        at = 0
        for start, end in sorted((offsets[j], offsets[j] + lives[j].nbytes) for j in placed if lives[j].overlaps(life)):
            if start - at >= life.nbytes:
                break
            at = max(at, end)
        offsets[i] = at
        placed.append(i)
        peak = max(peak, at + life.nbytes)
    return peak, offsets
