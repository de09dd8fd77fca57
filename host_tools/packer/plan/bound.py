"""A lower bound of the pool for every schedule there could be: what is printed beside the pool that was found.

A schedule makes the rows of each op one after the other, from the first to the last or the other way round; which op's
row comes when is free, so all orders of ops and all cascades are among them. At some time it makes the k-th row of a
given op: then what that row needs has been made, and the rows after it, with all that comes of them, have not. Whatever
else is done by then, what is done is a set of rows that holds all that its rows were made from, and in memory are the
rows of it that a row outside is yet to read. The set with the fewest such bytes is a minimum cut, by as large a flow as
can be found. (A smaller flow is a bound, too, so work can be limited.) The bound is the greatest such minimum over ops
and rows, an op's better direction counting.
"""

from bisect import bisect_left
from collections import deque

from .needs import goes_up, works_in_place
from .place import ALIGN, alive

_MOST_WORK = 10_000_000  # edges looked at
_ROWS_TRIED = 8  # of an op and direction: the first, and those with the most bytes alive in the plan
_ENDLESS = 1 << 40


def lower_bound_bytes(program, work, best):
    """Bytes of pool that no schedule can do without; `best`: the Plan, in which no time tried can have fewer bytes
    alive."""
    rows = _Rows(program, work)
    at = dict(alive(best.items))
    when, now = 0, at.get(-1, 0)
    busy = {}  # op -> [(bytes alive, number of its rows made before)]
    for group in best.groups:
        for i, _ in work.events(group):
            now = at.get(when, now)
            busy.setdefault(i, []).append((now, len(busy.get(i, []))))
            when += 1
    bound = 0
    for i in sorted(busy, key=lambda i: -max(busy[i])[0]):
        if max(busy[i])[0] <= bound or rows.work_left <= 0:
            break
        counts = {0, *(k for _, k in sorted(busy[i], reverse=True)[:_ROWS_TRIED])}
        found = max(rows.least_at(i, k, False) for k in counts)
        if found > bound and not goes_up(program.ops[i]):
            found = min(found, max(rows.least_at(i, k, True) for k in counts))
        bound = max(bound, found)
    return -(-(bound + rows.state) // ALIGN) * ALIGN


class _Rows:
    """The rows that ops make, numbered, and what each is made from."""

    def __init__(self, program, work):
        self.ops = program.ops
        self.kept = set(program.state)
        self.state = sum(-(-b.nbytes // ALIGN) * ALIGN for b in program.state)
        self.work_left = _MOST_WORK
        self.first, count = [], 0  # number of each op's row 0
        for op in self.ops:
            self.first.append(count)
            count += op.output.rows
        self.before = [set() for _ in range(count)]  # row -> the rows that it is made from
        self.after = [set() for _ in range(count)]
        self.values = []  # (bytes, row that makes them or None for the input, rows that read them, is it an output?)
        self._note_values(program, work)
        for made, readers in ((made, readers) for _, made, readers, _ in self.values if made is not None):
            for row in readers:
                if row != made:
                    self.before[row].add(made)
                    self.after[made].add(row)
        for i, op in enumerate(self.ops):
            for row in range(self.first[i] + 1, self.first[i] + op.output.rows if goes_up(op) else 0):
                self.before[row].add(row - 1)
                self.after[row - 1].add(row)

    def _note_values(self, program, work):
        views = {}  # buffer -> bytes at which some view of it starts a row
        edges = [] if program.streams else [edge.rows for edge in program.inputs]
        outputs = [edge.rows for edge in program.outputs]
        for rows in [r for op in self.ops for r in (*op.inputs, op.output)] + edges + outputs:
            if rows.buffer.data is None and rows.buffer not in self.kept:
                views.setdefault(rows.buffer, {0, rows.buffer.nbytes}).update(
                    range(rows.start, rows.start + rows.nbytes + 1, rows.row_bytes)
                )
        parts = {}  # (buffer, byte) -> [bytes, maker, readers, is output]
        starts = {}
        for buffer, bounds in views.items():
            starts[buffer] = bounds = sorted(bounds)
            parts.update(((buffer, a), [b - a, None, set(), False, False]) for a, b in zip(bounds, bounds[1:]))

        def each(rows, first, past):
            if rows.buffer in views:
                begin, end = (rows.start + r * rows.row_bytes for r in (first, past))
                bounds = starts[rows.buffer]
                at = bisect_left(bounds, begin)
                while bounds[at] < end:
                    yield parts[rows.buffer, bounds[at]]
                    at += 1

        for i, op in enumerate(self.ops):
            for row in range(op.output.rows):
                for rows, first, past in work.reads(i, row):
                    for part in each(rows, first, past):
                        part[2].add(self.first[i] + row)
                for part in each(op.output, row, row + 1):
                    part[1] = self.first[i] + row
        for rows in edges:
            for part in each(rows, 0, rows.rows):
                part[4] = True
        for rows in outputs:
            for part in each(rows, 0, rows.rows):
                part[3] = True
        merged = {}
        for nbytes, made, readers, is_output, is_input in parts.values():
            if (readers or is_output) and (is_input or made is not None):
                key = None if is_input else made, frozenset(readers), is_output
                merged[key] = merged.get(key, 0) + nbytes
        self.values = [(nbytes, *key) for key, nbytes in merged.items()]

    def least_at(self, i, count, down):
        """The fewest bytes, beside the state, that can be alive when op `i`, from below or from above, makes row number
        `count`."""
        op, n = self.ops[i], self.ops[i].output.rows
        order = range(self.first[i], self.first[i] + n)
        order = order[::-1] if down else order
        done = self._closure(set(order[:count]) | self.before[order[count]], self.before)
        todo = self._closure(set(order[count:]), self.after)
        if done & todo:
            return 0  # there is no such schedule
        given, flow = 0, _Flow()
        for row in range(len(self.before)):
            if row not in done and row not in todo:
                for other in self.before[row] - done:
                    flow.edge(row, other, _ENDLESS)
        for number, (nbytes, made, readers, is_output) in enumerate(self.values):
            if made in todo or not is_output and readers <= done:
                continue
            source = _Flow.SOURCE if made is None or made in done else made
            if is_output or not readers.isdisjoint(todo):
                if source == _Flow.SOURCE:
                    given += nbytes
                else:
                    flow.edge(source, _Flow.SINK, nbytes)
            else:
                value = len(self.before) + number
                flow.edge(source, value, nbytes)
                for row in readers - done:
                    flow.edge(value, row, _ENDLESS)
        found, self.work_left = flow.most(self.work_left)
        own = 0 if op.output.buffer in self.kept else op.output.row_bytes
        in_place = [op.inputs[k].row_bytes for k in range(len(op.inputs)) if works_in_place(op, k)]
        beside = (op.scratch.nbytes if op.scratch else 0) + op.data_bytes
        return given + found + own - min(own, max(in_place, default=0)) + beside

    @staticmethod
    def _closure(rows, step):
        rows, left = set(rows), list(rows)
        while left:
            new = step[left.pop()] - rows
            rows |= new
            left.extend(new)
        return rows


class _Flow:
    """A network from SOURCE to SINK, and Dinic's algorithm."""

    SOURCE, SINK = -1, -2

    def __init__(self):
        self.edges = {}  # node -> [[to, capacity left, the edge back]]

    def edge(self, a, b, capacity):
        there, back = [b, capacity, None], [a, 0, None]
        there[2], back[2] = back, there
        self.edges.setdefault(a, []).append(there)
        self.edges.setdefault(b, []).append(back)

    def most(self, work):
        """(the greatest flow, work left), or, where the work does not suffice, a smaller one."""
        total = 0
        while work > 0:
            levels, left = {self.SOURCE: 0}, deque([self.SOURCE])
            while left and self.SINK not in levels:
                node = left.popleft()
                for to, capacity, _ in self.edges.get(node, ()):
                    work -= 1
                    if capacity and to not in levels:
                        levels[to] = levels[node] + 1
                        left.append(to)
            if self.SINK not in levels:
                break
            more, work = self._saturate(levels, work)
            total += more
        return total, work

    def _saturate(self, levels, work):
        """(flow along paths that go up one level with each edge until there are no more, work left)."""
        total, untried, path = 0, {}, []
        node = self.SOURCE
        while True:
            if node == self.SINK:
                amount = min(edge[1] for edge in path)
                total += amount
                for k in range(len(path) - 1, -1, -1):
                    path[k][1] -= amount
                    path[k][2][1] += amount
                cut = next(k for k, edge in enumerate(path) if not edge[1])
                del path[cut:]
                node = path[-1][0] if path else self.SOURCE
                continue
            if node not in untried:
                untried[node] = iter(self.edges.get(node, ()))
            for edge in untried[node]:
                work -= 1
                if edge[1] and levels.get(edge[0]) == levels[node] + 1:
                    path.append(edge)
                    node = edge[0]
                    break
            else:
                levels.pop(node)
                if not path:
                    return total, work
                node = path.pop()[2][0]
