"""When every row of every buffer is alive, for given groups: the planner's Items."""

import numpy as np

from .needs import needs, window_rows
from .place import Item


def all_events(work, groups):
    """[(op, row, group number)] of an inference."""
    return [(i, row, n) for n, group in enumerate(groups) for i, row in work.events(group)]


def lives(work, groups):
    """An Item for every buffer with memory of its own, and one for the scratch of every group that needs some."""
    program, ops = work.program, work.ops
    events = all_events(work, groups)
    end = len(events)
    born, dies, views, users = {}, {}, {}, {}

    def touch(rows, first, past, when, group):
        home = work.home[rows.buffer]
        views.setdefault(home, {})[rows.start, rows.rows, rows.row_bytes] = True
        users.setdefault(home, set()).add(group)
        b, d = born.setdefault(home, {}), dies.setdefault(home, {})
        for r in range(first, past):
            b[r] = min(b.get(r, when), when)
            d[r] = max(d.get(r, when), when)

    def touch_all(rows, when):
        touch(rows, 0, rows.rows, when, None)

    buffers = {}
    for buffer in program.buffers():
        if buffer in work.home:
            buffers.setdefault(work.home[buffer], []).append(buffer)
    for op in program.init_ops:
        for rows in (*op.inputs, op.output):
            if rows.buffer.data is None:
                touch_all(rows, -1)
    for edge in program.inputs if not program.streams else []:
        touch_all(edge.rows, -1)
    scratch = {}
    for when, (i, row, n) in enumerate(events):
        op = ops[i]
        for which, rows in enumerate(op.inputs):
            if rows.buffer.data is None:
                touch(rows, *needs(op, which, row), when, n)
        touch(op.output, row, row + 1, when, n)
        if op.scratch is not None:
            scratch.setdefault(n, []).append((when, op.scratch))
    for edge in program.outputs:
        touch_all(edge.rows, end)

    items = []
    for home, shared in buffers.items():
        if home in program.state:
            items.append(_block(shared, home.nbytes, [-1, end]))
        elif home in views:  # what is in no view is scratch
            (_, rows, row_bytes), *others = views[home]
            if others or rows * row_bytes < home.nbytes:  # seen with different rows, or a part only: all of it, while any is used
                items.append(_block(shared, home.nbytes, [*born[home].values(), *dies[home].values()]))
                continue
            b = np.array([born[home].get(r, end + 1) for r in range(rows)])  # rows that nobody makes come after the end
            d = np.array([dies[home].get(r, end + 1) for r in range(rows)])
            if inside_one(users[home], groups):
                windows = [window_rows(op) for op in ops if home in [work.home.get(r.buffer) for r in op.inputs]]
                made = b <= end
                ring = min(rows, max(*windows, ring_rows(b[made], d[made], np.flatnonzero(made))))
                items.append(_block(shared, ring * row_bytes, [*b[made], *d[made]]))
            else:
                items.append(Item(shared, rows, row_bytes, b, d))
    for uses in scratch.values():
        whens, blocks = zip(*uses)
        items.append(_block(list(dict.fromkeys(blocks)), max(block.nbytes for block in blocks), whens))
    return items


def _block(buffers, nbytes, events):
    """An Item of one row, alive from the first of `events` to the last."""
    return Item(buffers, 1, nbytes, np.array([min(events)]), np.array([max(events)]))


def inside_one(users, groups):
    """Do all users (numbers of groups, None for the world outside) come to one group of several ops?"""
    if len(users) != 1 or None in users:
        return False
    group = groups[min(users)]
    return group.past - group.first > 1


def ring_rows(born, dies, rows):
    """Rows that a ring must hold so that no two of `rows` that are alive together share a place."""
    together = (born[:, None] <= dies[None, :]) & (born[None, :] <= dies[:, None])
    i, j = np.nonzero(together)
    return int((rows[j] - rows[i]).max()) + 1
