"""Where every byte of RAM lies, once the order of work is known.

Every buffer is an Item: rows, each alive from the event that writes it to the event that reads it last. Two items may lie
over each other as far as no two rows that are alive together do, so an op's output may be laid over its own input at the
smallest distance at which it never overtakes it ("diagonal" overlap), and a chain of such ops needs little more than its
largest tensor. Packing is first fit with those distances, in several orders, then a bounded seeded search.
"""

import random
from dataclasses import dataclass, field

import numpy as np

ALIGN = 4  # of every buffer: kernels may read activations and scratch by the word
_MOST_ROW_PAIRS = 1 << 20  # beyond, an item counts as one row
_ROUNDS = 300


@dataclass(eq=False)
class Item:
    """Memory for `buffers`, which all start where it starts: `rows` rows of `row_bytes`.

    born, dies: int64 [rows], the events that write each row first and read it last, both inclusive.
    """

    buffers: list
    rows: int
    row_bytes: int
    born: np.ndarray
    dies: np.ndarray
    offset: int = field(default=0)

    @property
    def nbytes(self):
        return -(-self.rows * self.row_bytes // ALIGN) * ALIGN

    def block(self):
        """The same memory as one row."""
        one = np.array([self.born.min()]), np.array([self.dies.max()])
        return Item(self.buffers, 1, self.nbytes, *one)


def distance(below, above):
    """Bytes that `below` must start before `above` at least, None where the two are never alive together.

    Row j of `below` ends before row i of `above` starts, for all rows that are alive at one time. May be negative.
    """
    if below.dies.max() < above.born.min() or above.dies.max() < below.born.min():
        return None
    if below.rows * above.rows > _MOST_ROW_PAIRS:
        below, above = below.block(), above.block()
    together = (below.born[:, None] <= above.dies[None, :]) & (above.born[None, :] <= below.dies[:, None])
    j, i = np.nonzero(together)
    if not len(j):
        return None
    farthest = int(((j + 1) * below.row_bytes - i * above.row_bytes).max())
    return -(-farthest // ALIGN) * ALIGN


def lower_bound(items):
    """The most bytes alive at one time, row by row: no placement of these items needs less."""
    change = {}
    for item in items:
        for born, dies in zip(item.born.tolist(), item.dies.tolist()):
            change[born] = change.get(born, 0) + item.row_bytes
            change[dies + 1] = change.get(dies + 1, 0) - item.row_bytes
    peak = alive = 0
    for when in sorted(change):
        alive += change[when]
        peak = max(peak, alive)
    return -(-peak // ALIGN) * ALIGN


def forbidden(items):
    """{i: [(j, low, high)]}: offset i - offset j must not lie strictly between low and high."""
    pairs = {i: [] for i in range(len(items))}
    for i, a in enumerate(items):
        for j, b in enumerate(items[:i]):
            b_below = distance(b, a)
            if b_below is None:
                continue
            a_below = distance(a, b)
            if -a_below < b_below:
                pairs[i].append((j, -a_below, b_below))
                pairs[j].append((i, -b_below, a_below))
    return pairs


def pack(items, bound, rounds=_ROUNDS):
    """(peak, offsets): as low a peak as is found, `bound` being the least possible."""
    pairs = forbidden(items)
    sizes = [item.nbytes for item in items]
    n = len(items)
    start = [int(item.born.min()) for item in items]
    orders = [
        sorted(range(n), key=lambda i: (-sizes[i], start[i])),
        sorted(range(n), key=lambda i: (start[i], -sizes[i])),
        sorted(range(n), key=lambda i: (-start[i], -sizes[i])),
    ]
    best = None
    for order in orders:
        found = _first_fit(pairs, sizes, order)
        if best is None or found[0] < best[0]:
            best, best_order = found, order
    rng = random.Random(0)
    for _ in range(rounds if n > 2 else 0):
        if best[0] <= bound:
            break
        order = list(best_order)
        for _ in range(rng.randint(1, 3)):
            order.insert(rng.randrange(n), order.pop(rng.randrange(n)))
        found = _first_fit(pairs, sizes, order)
        if found[0] <= best[0]:
            best, best_order = found, order
    return best


def _first_fit(pairs, sizes, order):
    """(peak, offsets): each item in `order` goes to the lowest place that those placed before it leave."""
    offsets = [None] * len(sizes)
    peak = 0
    for i in order:
        spans = sorted((offsets[j] + low, offsets[j] + high) for j, low, high in pairs[i] if offsets[j] is not None)
        at = 0
        for low, high in spans:
            if at <= low:  # outside this span, and the others start no lower
                break
            at = max(at, high)
        offsets[i] = at
        peak = max(peak, at + sizes[i])
    return peak, offsets
