"""The plan: the order of work, and where every byte of RAM lies.

Whole-tensor execution is the special case in which every op is a group of its own. The planner tries it, and cascades, in
both directions, and keeps what needs the least RAM.
"""

from dataclasses import dataclass, replace

from .cascade import Group, Work, cut
from .lives import all_events, lives
from .needs import works_in_place
from .order import best_order
from .place import lower_bound, pack
from .proof import prove


_LONGEST_STEP = 0x7FFF  # rows that a step can count


@dataclass(frozen=True)
class Plan:
    pool_bytes: int
    lower_bound_bytes: int  # the most bytes alive at one time in this order of work
    groups: list
    items: list


def plan(program):
    """Give `program` its steps and every pool buffer its offset and ring; returns the Plan, once it is proved."""
    given = program.ops
    best = plan_in_order(program)
    other = best_order(program)
    if other is not None and other != given:
        program.ops = other
        found = plan_in_order(program)
        if found[1].pool_bytes < best[1].pool_bytes:
            best = found
        else:
            program.ops = given
    work, best = best
    apply(program, work, best)
    prove(program, best.pool_bytes)
    return best


def plan_in_order(program):
    """(Work, Plan): the best plan found for the ops in their present order."""
    work = Work(program, homes(program))
    best = None
    for groups in [Group(i, i + 1) for i in range(len(program.ops))], cut(work):
        for turned in groups, alternate(groups, 0), alternate(groups, 1):
            found = layout(work, turned)
            if best is None or found.pool_bytes < best.pool_bytes:
                best = found
    return work, turn(work, best)


def busiest(program, best):
    """The name of the layer that runs when the most bytes are alive."""
    alive, when = {}, 0
    for item in best.items:
        for born, dies in zip(item.born.tolist(), item.dies.tolist()):
            alive[born] = alive.get(born, 0) + item.row_bytes
            alive[dies + 1] = alive.get(dies + 1, 0) - item.row_bytes
    total = peak = 0
    for event in sorted(alive):
        total += alive[event]
        if total > peak:
            peak, when = total, event
    events = [i for i, first, rows in program.steps for _ in range(abs(rows))]
    return program.ops[events[min(max(when, 0), len(events) - 1)]].name if events else program.name


def liveness_bytes(program):
    """RAM that sharing memory between whole tensors alone would need, in this order of ops: what other runtimes plan."""
    work = Work(program, {b: b for b in program.buffers()})
    items = lives(work, [Group(i, i + 1) for i in range(len(program.ops))])
    return lower_bound([item.block() for item in items])


def homes(program):
    """{buffer: the buffer whose memory it uses}: an elementwise op writes over an input that nobody reads afterwards."""
    last_reader = {}
    for i, op in enumerate(program.ops):
        for rows in op.inputs:
            last_reader[rows.buffer] = i
    for edge in program.outputs:
        last_reader[edge.buffer] = len(program.ops)
    home = {b: b for b in program.buffers()}
    kept = set(program.state)
    for i, op in enumerate(program.ops):
        out = op.output.buffer
        if out in kept or home[out] is not out or sum(o.output.buffer is out for o in program.ops) > 1:
            continue
        for which, rows in enumerate(op.inputs):
            buffer = rows.buffer
            if buffer.data is None and buffer not in kept and last_reader[buffer] == i and works_in_place(op, which):
                home[out] = home[buffer]
                break
    return home


def alternate(groups, first):
    """Every second group from its last row to its first: outputs then drift up and down instead of ever further down."""
    return [replace(g, down=n % 2 == first) for n, g in enumerate(groups)]


def turn(work, best):
    """Turn single groups round as long as that saves RAM."""
    improved = True
    while improved and best.pool_bytes > best.lower_bound_bytes:
        improved = False
        for n in range(len(best.groups)):
            groups = list(best.groups)
            groups[n] = replace(groups[n], down=not groups[n].down)
            found = layout(work, groups, rounds=0)
            if found.pool_bytes < best.pool_bytes:
                best, improved = found, True
    return best


def layout(work, groups, rounds=300):
    """Plan of these groups."""
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
            buffer.held_bytes = item.rows * item.row_bytes
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
