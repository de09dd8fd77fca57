"""The plan: the order of work, and where every byte of RAM lies.

Whole-tensor execution is the special case in which every op is a group of its own. The planner tries it, and cascades,
in both directions, and keeps what needs the least RAM.
"""

from dataclasses import dataclass, replace
from itertools import accumulate

from .bound import lower_bound_bytes
from .cascade import Group, Work, cut
from .forms import choose_forms
from .lives import all_events, lives
from .needs import works_in_place
from .order import best_order
from .place import alive, lower_bound, pack
from .proof import prove

_LONGEST_STEP = 0x7FFF  # rows that a step can count
_MOST_TURNS = 60  # more would take too long


@dataclass(frozen=True)
class Plan:
    pool_bytes: int
    alive_bytes: int  # the most bytes alive at one time in this order of work
    groups: list
    items: list
    lower_bound_bytes: int = 0  # what no schedule can do without; of the plan that is chosen

    def most_alive(self, first, last):
        """The most bytes alive at one time from event `first` to event `last`."""
        at = alive(self.items)
        past = next((n for n, (when, _) in enumerate(at) if when > last), len(at))
        start = next((n for n, (when, _) in enumerate(at) if when > first), past) - 1
        return max((nbytes for _, nbytes in at[max(start, 0) : past]), default=0)


@dataclass(frozen=True)
class Found:
    """The best plan for one order of the ops."""

    ops: list
    work: Work
    plan: Plan

    @property
    def pool_bytes(self):
        return self.plan.pool_bytes


def plan(program, cuts=(), ram=None):
    """Give `program` its steps and every pool buffer its offset and ring; returns the Plan, once it is proved.

    `cuts`: numbers of ops before which all earlier ones must be done; the ops then keep their order. `ram`: bytes that
    must do, if that can be.
    """
    given = program.ops
    other = None if cuts else best_order(program)
    orders = [given] if other is None or other == given else [given, other]
    known = [{} for _ in orders]

    def find():
        found = []
        for program.ops, peaks in zip(orders, known):
            found.append(Found(program.ops, *plan_in_order(program, cuts, peaks)))
        return min(found, key=lambda f: f.pool_bytes)

    found = choose_forms(program, find, ram)
    program.ops = found.ops
    best = turn(found.work, found.plan)
    apply(program, found.work, best)
    prove(program, best.pool_bytes, given)
    return replace(best, lower_bound_bytes=lower_bound_bytes(program, found.work, best))


def plan_in_order(program, cuts=(), peaks=None):
    """(Work, Plan): the best plan found for the ops in their present order. `peaks`: what is known of that order, kept
    there."""
    work = Work(program, homes(program), cuts, peaks)
    best = None
    for groups in [Group(i, i + 1) for i in range(len(program.ops))], cut(work):
        for turned in groups, alternate(work, groups, 0), alternate(work, groups, 1):
            found = layout(work, turned)
            if best is None or found and found.pool_bytes < best.pool_bytes:
                best = found
    return work, best


def busiest(program, best):
    """The name of the layer that runs when the most bytes are alive."""
    when = max(alive(best.items), key=lambda at: at[1], default=(0, 0))[0]
    events = [i for i, first, rows in program.steps for _ in range(abs(rows))]
    return program.ops[events[min(max(when, 0), len(events) - 1)]].name if events else program.name


def liveness_bytes(program):
    """RAM that sharing memory between whole tensors alone would need, in this order of ops: what other runtimes plan."""
    work = Work(program, {b: b for b in program.buffers()})
    items = lives(work, [Group(i, i + 1) for i in range(len(program.ops))])
    return lower_bound([item.block() for item in items])


def homes(program):
    """{buffer: the buffer whose memory it uses}: an elementwise op writes over an input that nobody reads afterwards."""
    last_reader, readers = {}, {}
    for i, op in enumerate(program.ops):
        for rows in op.inputs:
            last_reader[rows.buffer] = i
            readers.setdefault(rows.buffer, set()).add(i)
    for edge in program.outputs:
        last_reader[edge.buffer] = len(program.ops)
    home = {b: b for b in program.buffers()}
    kept = set(program.state)
    for i, op in enumerate(program.ops):
        out = op.output.buffer
        if out in kept or home[out] is not out or sum(o.output.buffer is out for o in program.ops) > 1:
            continue
        # rather one that nobody else reads: writing over another is in the way of cascades
        for buffer in sorted((rows.buffer for rows in op.inputs), key=lambda buffer: len(readers[buffer])):
            works = all(works_in_place(op, k) for k, rows in enumerate(op.inputs) if rows.buffer is buffer)
            if works and buffer.data is None and buffer not in kept and last_reader[buffer] == i:
                home[out] = home[buffer]
                break
    return home


def alternate(work, groups, first):
    """Every second group from its last row to its first: outputs then drift up and down instead of ever further down.

    Groups that work in place do not count.
    """
    turned, down = [], first
    for group in groups:
        turned.append(replace(group, down=bool(down)))
        out = work.ops[group.past - 1].output.buffer
        if group.past - group.first > 1 or work.home[out] is out:
            down = not down
    return turned


def turn(work, best):
    """Turn single groups round, those with the most bytes alive first, as long as that saves RAM and is not too much
    work."""
    ends = list(accumulate(len(work.events(group)) for group in best.groups))
    busy = [best.most_alive(past - len(work.events(group)), past - 1) for group, past in zip(best.groups, ends)]
    left = _MOST_TURNS
    improved = True
    while improved:
        improved = False
        for n in sorted(range(len(busy)), key=lambda n: -busy[n]):
            if best.pool_bytes <= best.alive_bytes or not left:
                return best
            left -= 1
            groups = list(best.groups)
            groups[n] = replace(groups[n], down=not groups[n].down)
            found = layout(work, groups)
            if found and found.pool_bytes < best.pool_bytes:
                best, improved = found, True
    return best


def layout(work, groups, rounds=300):
    """Plan of these groups, or None where they cannot run in that direction."""
    if any(work.events(group) is None for group in groups):
        return None
    items = lives(work, groups)
    bound = lower_bound(items)
    state = [item for item in items if item.buffers[0] in work.program.state]
    others = [item for item in items if item.buffers[0] not in work.program.state]
    at = 0
    for item in state:  # first in the pool, and alive all the time: nothing is lost by it
        item.offset = at
        at += item.nbytes
    _, offsets = pack(others, bound - at, rounds)
    for item, offset in zip(others, offsets):
        item.offset = at + offset
    pool = max((item.offset + item.nbytes for item in items), default=0)
    return Plan(pool, bound, groups, items)


def apply(program, work, best):
    """Write the plan into the program: steps, offsets, rings."""
    for item in best.items:
        for buffer in item.buffers:
            buffer.offset = item.offset
            buffer.held_bytes = int(item.bounds[-1])
    segments = [*work.init_segments, *(work.segment(group) for group in best.groups)]
    program.segments = [segment for segment in segments if segment.ops]
    steps = []
    for i, row, _ in all_events(work, best.groups):
        if steps:
            op, first, rows = steps[-1]
            if op == i and rows > 0 and row == first + rows and rows < _LONGEST_STEP:
                steps[-1] = op, first, rows + 1
                continue
            if op == i and (rows < 0 or rows == 1) and row == first - abs(rows) and abs(rows) < _LONGEST_STEP:
                steps[-1] = op, first, -abs(rows) - 1
                continue
        steps.append((i, row, 1))
    program.steps = steps
