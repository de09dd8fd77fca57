"""Which products are made two pixels at a time: quicker, but with more scratch memory (SPEC.md, "Pairs of pixels").

All of them, unless that costs RAM at the peak. Then the ops that have the most scratch there give up their quick form
one after the other, of what that leads to the best is taken, and those that gave it up in vain get it back. What is
best counts RAM, and what it buys: a quick form is worth half a percent of the pool for each percent that a model would take
longer without it, by the counts of cost.py.
"""

from ..lower.pairs import scratch_bytes
from ..program import Buffer
from .cost import instructions, model_instructions

_WORTH = 0.5  # share of the pool that a model twice as quick is worth
_MOST_RESTORED = 16  # more would take too long


class _Forms:
    """The quick and the slow form of each op that has both."""

    def __init__(self, ops):
        self.quick = {op: (op.params["pairs"], op.scratch) for op in ops if op.params.get("pairs")}
        self.slow = {}
        for op in self.quick:
            nbytes = scratch_bytes({**op.params, "pairs": {}}, op.coded)
            self.slow[op] = {}, Buffer(op.scratch.name, nbytes, "int8") if nbytes else None
        self.saves = {op: instructions(op, quick=False) - instructions(op, quick=True) for op in self.quick}
        self.total = model_instructions(ops) or 1

    def longer(self, slow):
        """By which share of the time with all quick forms a model takes longer where the ops of `slow` have theirs."""
        return sum(self.saves[op] for op in slow) / self.total

    def set(self, slow):
        """Let the ops of `slow` have their slow form, the others their quick one."""
        for op in self.quick:
            op.params["pairs"], op.scratch = (self.slow if op in slow else self.quick)[op]


def choose_forms(program, find, ram=None):
    """The best of what `find()` finds with one form or the other of each op, which `program` then has.

    find: gives an object with `pool_bytes` and `plan`, for the forms that the ops have at the time. ram: bytes that
    must do.
    """
    forms = _Forms(program.ops)
    found = find()
    if not forms.quick:
        return found
    slow = frozenset(forms.quick)
    forms.set(slow)
    least = find()

    def cost(found, slow):
        if ram is not None and found.pool_bytes > ram:
            return True, found.pool_bytes
        return False, found.pool_bytes + _WORTH * least.pool_bytes * forms.longer(slow)

    best = min(((found, frozenset()), (least, slow)), key=lambda tried: cost(*tried))
    slow = frozenset()
    while found.pool_bytes > least.pool_bytes:
        op = _at_peak(found.plan, {scratch: op for op, (_, scratch) in forms.quick.items() if op not in slow})
        if op is None:
            break
        slow |= {op}
        if cost(least, slow) >= cost(*best):  # as will be whatever is slower still
            break
        forms.set(slow)
        found = find()
        best = min(best, (found, slow), key=lambda tried: cost(*tried))
    for op in sorted(best[1], key=lambda op: -forms.saves[op])[:_MOST_RESTORED]:  # what was given up in vain
        slow = best[1] - {op}
        forms.set(slow)
        best = min(best, (find(), slow), key=lambda tried: cost(*tried))
    forms.set(best[1])
    return best[0]


def _at_peak(plan, by_scratch):
    """The op whose scratch is the largest at the busiest time at which one of `by_scratch`, {scratch: op}, is alive, or
    None."""
    most, found = (0, 0), None
    for item in plan.items:
        scratch = max((b for b in item.buffers if b in by_scratch), key=lambda b: b.nbytes, default=None)
        if scratch is not None:
            here = plan.most_alive(int(item.born[0]), int(item.dies[0])), scratch.nbytes
            if here > most:
                most, found = here, by_scratch[scratch]
    return found
