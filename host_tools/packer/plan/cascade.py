"""The order of work: which ops run whole, one after the other, and which run together, row by row, as a cascade.

A group is a run of neighbouring ops. The last of them asks for its rows one by one and every op before it makes only
what is asked for, so that tensors inside the group never exist as a whole. Nothing is computed twice, and rows that
nobody asks for are not computed. Where to cut is a shortest path over the ops that minimises the most bytes alive at
any time.
"""

from dataclasses import dataclass

import numpy as np

from ..program import Buffer, INPUT_ROWS, Segment
from .lives import ring
from .needs import goes_up, is_rowwise, needs
from .place import Item
from .touches import Touches

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

    def __init__(self, program, home, cuts=(), peaks=None):
        """`home`: buffer -> the buffer whose memory it shares (itself, where it has its own).

        `cuts`: numbers of ops at which no group goes on. `peaks`: what peak_of() has found out about ops in this order,
        kept from one Work to the next.
        """
        self.program = program
        self.ops = program.ops
        self.home = home
        self.cuts = cuts
        self.peaks = {} if peaks is None else peaks
        self.first_writer = {}  # home -> first op that writes it, -1 for inputs and state
        self.last_reader = {}  # home -> last op that reads or writes it, len(ops) for outputs and state
        self.last_read = {}  # buffer -> last op that reads it itself, len(ops) for outputs
        writers = {}
        for i, op in enumerate(self.ops):
            writers.setdefault(op.output.buffer, []).append(i)
        # buffers that several ops write in places of their own, or that are state, cannot be followed inside a group
        self.shared = {b for b, ops in writers.items() if len({self.ops[i].output for i in ops}) > 1}
        self.shared.update(program.state)
        self.completes = {}  # op -> the op that makes another part of its rows before it
        for ops in (ops for b, ops in writers.items() if b not in self.shared):
            self.completes.update(zip(ops[1:], ops))
        self._reads, self._events = {}, {}
        self._segments = {}
        self.init_segments = [_segment([op]) for op in program.init_ops]
        self.readers = {b: [] for b in home}  # home -> [(op, number of the input)]
        for op in self.ops:
            for which, rows in enumerate(op.inputs):
                if rows.buffer.data is None:
                    self.readers[home[rows.buffer]].append((op, which))
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

    def segment(self, group):
        """The Segment of a group's ops, which has none where nothing is read from a file."""
        key = group.first, group.past
        if key not in self._segments:
            self._segments[key] = _segment(self.ops[group.first : group.past])
        return self._segments[key]

    def _note(self, buffer, first, last):
        if first is not None:
            self.first_writer.setdefault(buffer, first)
        self.last_reader[buffer] = max(self.last_reader.get(buffer, -1), last)

    def reads(self, i, row):
        """[(Rows, first, past)]: which rows op `i` reads in the pool to make row `row`; state is always there."""
        if (i, row) not in self._reads:
            op = self.ops[i]
            self._reads[i, row] = [
                (rows, *needs(op, which, row))
                for which, rows in enumerate(op.inputs)
                if rows.buffer.data is None and rows.buffer not in self.program.state
            ]
        return self._reads[i, row]

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

    def neighbourhood(self, group):
        """What a group's rows depend on of ops outside: where its buffers lie, and whether others use them before or
        after."""
        lies = []
        for op in self.ops[group.first : group.past]:
            lies += [self.home[r.buffer] for r in (*op.inputs, op.output) if r.buffer.data is None]
        return tuple((b, self.first_writer[b] < group.first, self.last_reader[b] >= group.past) for b in lies)

    def events(self, group):
        """[(op, row)] in the order of work, or None where the ops cannot run together; kept."""
        if group not in self._events:
            self._events[group] = self.follow(group)
        return self._events[group]

    def follow(self, group):
        """The same, not kept."""
        first, past, down = group.first, group.past, group.down
        if any(first < cut < past for cut in self.cuts):
            return None
        down = down and not any(goes_up(op) for op in self.ops[first:past])
        if past - first == 1:
            rows = range(self.ops[first].output.rows)
            return [(first, r) for r in (reversed(rows) if down else rows)]
        if not all(is_rowwise(op) for op in self.ops[first:past]) or not self._can_follow(first, past):
            return None
        maker = {self.ops[i].output.buffer: i for i in range(first, past)}  # the last that does
        asked = {maker[r.buffer] for i in range(first, past) for r in self.ops[i].inputs if r.buffer in maker}
        asked.update(self.completes[i] for i in range(first, past) if i in self.completes)
        if not asked >= set(range(first, past - 1)):
            return None  # an op that the last one does not need
        if sum(op.output.rows for op in self.ops[first:past]) > _MOST_EVENTS:
            return None
        # What others read afterwards must be there as a whole; of the rest, only what the last op asks for.
        whole = [i for i in range(first, past) if self.last_read.get(self.ops[i].output.buffer, -1) >= past]
        events = _Demand(self, first, past, maker, down).events(whole)
        return None if self._overwrites(first, past, events) else events

    def _overwrites(self, first, past, events):
        """Does an op that works in place write over a row before another op of the group has read it?"""
        over = {}  # buffer -> the op that writes over it, where others read it, too
        for i in range(first, past):
            out = self.home[self.ops[i].output.buffer]
            if out is not self.ops[i].output.buffer:
                for buffer in {rows.buffer for rows in self.ops[i].inputs if self.home.get(rows.buffer) is out}:
                    if any(rows.buffer is buffer for j in range(first, past) if j != i for rows in self.ops[j].inputs):
                        over[buffer] = i
        done = {i: set() for i in over.values()}  # rows written
        for j, row in events if over else []:
            for rows, begin, end in self.reads(j, row):
                i = over.get(rows.buffer, j)
                if i != j:
                    size = self.ops[i].output.row_bytes
                    begin, end = rows.start + begin * rows.row_bytes, rows.start + end * rows.row_bytes
                    if not done[i].isdisjoint(range(begin // size, -(-end // size))):
                        return True
            if j in done:
                done[j].add(row)
        return False

    def _can_follow(self, first, past):
        """Do ops `first` .. `past` - 1 use no buffer that is shared, except for one that the last of them writes only?"""
        out = self.ops[past - 1].output.buffer
        touched = [r.buffer for op in self.ops[first:past] for r in (*op.inputs, op.output)]
        made = [op.output.buffer for op in self.ops[first : past - 1]]
        return not self.shared.intersection(made) and (out not in self.shared or touched.count(out) == 1)


class _Demand:
    """Makes the rows of a group's last op, and before each of them the rows that it needs."""

    def __init__(self, work, first, past, maker, down):
        self.work, self.ops, self.maker, self.down = work, work.ops, maker, down
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
        before = self.work.completes.get(i, -1)
        while self.done[i] < count:
            row = self.row(i, self.done[i])
            if before >= self.first:
                self.make(before, self.done[i] + 1)
            for rows, first, past in self.work.reads(i, row):
                source = self.maker.get(rows.buffer)
                if source is not None and source < i and first < past:
                    made = self.ops[source].output  # perhaps in other rows, as after a reshape
                    first = (rows.start + first * rows.row_bytes - made.start) // made.row_bytes
                    past = -((made.start - rows.start - past * rows.row_bytes) // made.row_bytes)
                    self.make(source, made.rows - first if self.down else past)
            self.log.append((i, row))
            self.done[i] += 1


def _segment(ops):
    ops = [op for op in ops if op.data_bytes]
    return Segment(ops, Buffer("data", sum(op.data_bytes for op in ops), "int8"))


def peak_of(work, group):
    """The most bytes alive at one time while a group runs, counted row by row, scratch and the segment included; None
    where it cannot run."""
    key = group, work.neighbourhood(group)
    if key not in work.peaks:
        events = work.follow(group)
        work.peaks[key] = None if events is None else _peak_of_rows(work, group, events)
    if work.peaks[key] is None:
        return None
    scratch = max((op.scratch.nbytes for op in work.ops[group.first : group.past] if op.scratch), default=0)
    data = work.segment(group).window.nbytes
    return work.peaks[key] + scratch + data + work.alive_through(group.first, group.past)


def _peak_of_rows(work, group, events):
    """The most bytes alive at one time of the buffers that a group touches."""
    touches = Touches(work.home)
    for when, (i, row) in enumerate(events):
        for rows, first, past in work.reads(i, row):
            touches.read(rows, first, past, when)
        touches.write(work.ops[i].output, row, when)
    end = len(events)
    change = np.zeros(end + 1, np.int64)
    for buffer, views in touches.of_home.items():
        item = Item([buffer], *touches.parts(buffer))
        from_before, outlives = work.first_writer[buffer] < group.first, work.last_reader[buffer] >= group.past
        if from_before:  # what is not touched is there, too, and alive if others come
            item.born[:] = 0
        if outlives:
            item.dies[:] = end - 1
        if not from_before and not outlives and group.past - group.first > 1:
            item = ring(work, buffer, item, views)
        used = item.born <= item.dies
        np.add.at(change, item.born[used], np.diff(item.bounds)[used])
        np.subtract.at(change, item.dies[used] + 1, np.diff(item.bounds)[used])
    return int(np.cumsum(change).max())


def peaks(work):
    """{(first, past): the most bytes alive at one time while they run} of all groups that can be, by `past`."""
    found = {}
    for past in range(1, len(work.ops) + 1):
        for first in range(past - 1, max(-1, past - 1 - _LONGEST_GROUP), -1):
            if first < past - 1 and not (is_rowwise(work.ops[first]) and is_rowwise(work.ops[past - 1])):
                break
            group = Group(first, past)
            peak = peak_of(work, group)
            if peak is not None:
                found[first, past] = peak
    return found


def cut(work):
    """[Group] that covers all ops with the smallest peak; among equal peaks the fewest ops in cascades."""
    n = len(work.ops)
    best = [(0, 0, 0)] + [None] * n  # (peak, ops in cascades, first op of the last group) for the first k ops
    for (first, past), peak in peaks(work).items():
        peak = max(best[first][0], peak)
        length = best[first][1] + (past - first if past - first > 1 else 0)
        if best[past] is None or (peak, length) < best[past][:2]:
            best[past] = peak, length, first
    groups = []
    past = n
    while past > 0:
        groups.append(Group(best[past][2], past))
        past = best[past][2]
    return groups[::-1]
