"""Where every byte of RAM lies, once the order of work is known.

Every buffer is an Item: parts (its rows, as a rule), each alive from the event that writes it to the event that reads
it last. Two items may lie over each other as far as no two parts that are alive together do, so an op's output may be
laid over its own input at the smallest distance at which it never overtakes it ("diagonal" overlap), and a chain of
such ops needs little more than its largest tensor. Packing is first fit with those distances, in several orders, then a
bounded seeded search.
"""

import random
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

ALIGN = 4  # of every buffer: kernels may read activations and scratch by the word
_MOST_PAIRS_OF_PARTS = 1 << 20  # beyond, an item counts as one part
_ROUNDS = 300


@dataclass(eq=False)
class Item:
    """Memory for `buffers`, which all start where it starts.

    bounds: int64 [parts + 1], the bytes at which its parts start, and its end. born, dies: int64 [parts], the events
    that write each part first and read it last, both inclusive; a part that is never used dies before it is born.
    """

    buffers: list
    bounds: np.ndarray
    born: np.ndarray
    dies: np.ndarray
    offset: "int | None" = None
    apart: bool = False  # what is alive together with it shares no byte with it, not even of parts that are not

    @property
    def nbytes(self):
        return -(-int(self.bounds[-1]) // ALIGN) * ALIGN

    def block(self):
        """The same memory as one part."""
        return block(self.buffers, self.nbytes, [self.born.min(), self.dies.max()])


def block(buffers, nbytes, events):
    """An Item of one part, alive from the first of `events` to the last."""
    return Item(buffers, np.array([0, nbytes]), np.array([min(events)]), np.array([max(events)]))


def distance(below, above):
    """Bytes that `below` must start before `above` at least, None where the two are never alive together.

    Part j of `below` ends before part i of `above` starts, for all parts that are alive at one time. May be negative.
    """
    if below.dies.max() < above.born.min() or above.dies.max() < below.born.min():
        return None
    if below.apart or above.apart or len(below.born) * len(above.born) > _MOST_PAIRS_OF_PARTS:
        below, above = below.block(), above.block()
    together = (below.born[:, None] <= above.dies[None, :]) & (above.born[None, :] <= below.dies[:, None])
    j, i = np.nonzero(together)
    if not len(j):
        return None
    farthest = int((below.bounds[j + 1] - above.bounds[i]).max())
    return -(-farthest // ALIGN) * ALIGN


def alive(items):
    """[(event, bytes alive from it on)] in the order of events, of which only those are named that change it."""
    change = {}
    for item in items:
        for born, dies, nbytes in zip(item.born.tolist(), item.dies.tolist(), np.diff(item.bounds).tolist()):
            if born > dies:
                continue
            change[born] = change.get(born, 0) + nbytes
            change[dies + 1] = change.get(dies + 1, 0) - nbytes
    when = sorted(change)
    return list(zip(when, accumulate(change[event] for event in when)))


def lower_bound(items):
    """The most bytes alive at one time, part by part: no placement of these items needs less."""
    peak = max((nbytes for _, nbytes in alive(items)), default=0)
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
