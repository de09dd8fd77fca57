"""The order of work: which ops run whole, one after the other, and which run together, row by row, as a cascade.

A group is a run of neighbouring ops. The last of them asks for its rows one by one and every op before it makes only what
is asked for, so that tensors inside the group never exist as a whole. Nothing is computed twice, and rows that nobody asks
for are not computed. Where to cut is a shortest path over the ops that minimises the most bytes alive at any time.
"""

from dataclasses import dataclass
from itertools import accumulate

from ..program import INPUT_ROWS
from .needs import goes_up, is_rowwise, needs

_LONGEST_GROUP = 40
_MOST_EVENTS = 5_000  # of a group with several ops: longer ones (long time series) would take too long to plan


@dataclass(frozen=True)
class Group:
    """Ops `first` .. `past` - 1, run together; `down`: from the last row to the first."""

    first: int
    past: int
    down: bool = False


class Work:
    """What does not depend on where the groups are cut: who makes, reads and keeps which buffer."""

    def __init__(self, program, home):
        """`home`: buffer -> the buffer whose memory it shares (itself, where it has its own)."""
        self.program = program
        self.ops = program.ops
        self.home = home
        self.first_writer = {}  # home -> first op that writes it, -1 for inputs and state
        self.last_reader = {}  # home -> last op that reads or writes it, len(ops) for outputs and state
        self.last_read = {}  # buffer -> last op that reads it itself, len(ops) for outputs
        # buffers that several ops write in parts, or that are state, cannot be followed row by row inside a group
        written = [op.output.buffer for op in self.ops]
        self.shared = {b for b in written if written.count(b) > 1} | set(program.state)
        end = len(self.ops)
        for edge in program.inputs if not program.streams else []:
            self._note(home[edge.buffer], -1, -1)
        for buffer in program.state:
            self._note(home[buffer], -1, end)
        for i, op in enumerate(self.ops):
            for rows in op.inputs:
                if rows.buffer.data is None:
                    self._note(home[rows.buffer], None, i)
                    self.last_read[rows.buffer] = i
            self._note(home[op.output.buffer], i, i)
        for edge in program.outputs:
            self._note(home[edge.buffer], None, end)
            self.last_read[edge.buffer] = end

    def _note(self, buffer, first, last):
        if first is not None:
            self.first_writer.setdefault(buffer, first)
        self.last_reader[buffer] = max(self.last_reader.get(buffer, -1), last)

    def alive_through(self, first, past):
        """Bytes of buffers made before op `first` and read after op `past` - 1 that none of the ops between touches."""
        touched = set()
        for op in self.ops[first:past]:
            touched.update(self.home[r.buffer] for r in (*op.inputs, op.output) if r.buffer.data is None)
        return sum(
            b.nbytes
            for b, made in self.first_writer.items()
            if made < first and self.last_reader[b] >= past and b not in touched
        )

    def events(self, group):
        """[(op, row)] in the order of work, or None where the ops cannot run together."""
        first, past, down = group.first, group.past, group.down
        down = down and not any(goes_up(op) for op in self.ops[first:past])
        if past - first == 1:
            rows = range(self.ops[first].output.rows)
            return [(first, r) for r in (reversed(rows) if down else rows)]
        if not all(is_rowwise(op) and op.output.buffer not in self.shared for op in self.ops[first:past]):
            return None
        maker = {}  # buffer made in the group -> (op, its view of it)
        for i in range(first, past):
            for rows in self.ops[i].inputs:
                # A view with other rows than the one it was made with (a reshape) cannot be followed row by row.
                if rows.buffer in maker and self.ops[maker[rows.buffer]].output != rows:
                    return None
            maker[self.ops[i].output.buffer] = i
        asked = {maker[r.buffer] for i in range(first, past) for r in self.ops[i].inputs if r.buffer in maker}
        if asked != set(range(first, past - 1)):
            return None  # an op that the last one does not need
        if sum(op.output.rows for op in self.ops[first:past]) > _MOST_EVENTS:
            return None
        # What others read afterwards must be there as a whole; of the rest, only what the last op asks for.
        whole = [i for i in range(first, past) if self.last_read.get(self.ops[i].output.buffer, -1) >= past]
        return _Demand(self.ops, first, past, maker, down).events(whole)


class _Demand:
    """Makes the rows of a group's last op, and before each of them the rows that it needs."""

    def __init__(self, ops, first, past, maker, down):
        self.ops, self.maker, self.down = ops, maker, down
        self.first, self.past = first, past
        self.done = {i: 0 for i in range(first, past)}  # rows made, counted from the end where work starts
        self.log = []

    def events(self, whole):
        """[(op, row)]; the ops of `whole` make all their rows."""
        last = self.past - 1
        total = self.ops[last].output.rows
        for n in range(total):
            self.make(last, n + 1)
        for i in reversed(whole):  # those that read another's rows before those that make them
            self.make(i, self.ops[i].output.rows)
        for i in range(self.first, self.past):
            if self.ops[i].kernel == INPUT_ROWS:  # rows that nobody needs are handed over all the same
                self.make(i, self.ops[i].output.rows)
        return self.log

    def row(self, i, n):
        """The row that op i makes as its n-th."""
        return self.ops[i].output.rows - 1 - n if self.down else n

    def make(self, i, count):
        """Let op i have made `count` rows."""
        op = self.ops[i]
        while self.done[i] < count:
            row = self.row(i, self.done[i])
            for which, rows in enumerate(op.inputs):
                source = self.maker.get(rows.buffer)
                if source is not None and source < i:
                    first, past = needs(op, which, row)
                    if first < past:
                        self.make(source, rows.rows - first if self.down else past)
            self.log.append((i, row))
            self.done[i] += 1


def peak_of(work, group, events):
    """The most bytes alive at one time while a group runs, counted row by row, scratch included."""
    ops, home = work.ops, work.home
    born, dies = {}, {}  # (buffer, its bytes a row, row) -> event
    for when, (i, row) in enumerate(events):
        for which, rows in enumerate(ops[i].inputs):
            if rows.buffer.data is None:
                for r in range(*needs(ops[i], which, row)):
                    dies[home[rows.buffer], rows.row_bytes, r] = when
        made = home[ops[i].output.buffer], ops[i].output.row_bytes, row
        born.setdefault(made, when)
        dies[made] = when
    views = {}
    for buffer, row_bytes, _ in dies:
        views.setdefault(buffer, set()).add(row_bytes)

    end = len(events)
    change = [0] * (end + 1)
    for buffer, sizes in views.items():
        if len(sizes) > 1:  # seen with different rows: all of it, all the time
            change[0] += buffer.nbytes
    for (buffer, row_bytes, row), death in dies.items():
        if len(views[buffer]) == 1:
            from_before = work.first_writer[buffer] < group.first
            outlives = work.last_reader[buffer] >= group.past
            change[0 if from_before else born[buffer, row_bytes, row]] += row_bytes
            change[end if outlives else death + 1] -= row_bytes
    scratch = max((op.scratch.nbytes for op in ops[group.first : group.past] if op.scratch), default=0)
    return max(accumulate(change)) + scratch + work.alive_through(group.first, group.past)


def cut(work):
    """[Group] that covers all ops with the smallest peak; among equal peaks the fewest ops in cascades."""
    n = len(work.ops)
    best = [(0, 0, 0)] + [None] * n  # (peak, ops in cascades, first op of the last group) for the first k ops
    for past in range(1, n + 1):
        for first in range(past - 1, max(-1, past - 1 - _LONGEST_GROUP), -1):
            if first < past - 1 and not (is_rowwise(work.ops[first]) and is_rowwise(work.ops[past - 1])):
                break
            group = Group(first, past)
            events = work.events(group)
            if events is None:
                continue
            peak = max(best[first][0], peak_of(work, group, events))
            length = best[first][1] + (past - first if past - first > 1 else 0)
            if best[past] is None or (peak, length) < best[past][:2]:
                best[past] = peak, length, first
    groups = []
    past = n
    while past > 0:
        groups.append(Group(best[past][2], past))
        past = best[past][2]
    return groups[::-1]
