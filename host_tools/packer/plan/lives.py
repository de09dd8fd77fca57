"""When every part of every buffer is alive, for given groups: the planner's Items."""

from dataclasses import replace
from math import lcm

import numpy as np

from .needs import window_rows
from .place import Item, block
from .touches import Touches


def all_events(work, groups):
    """[(op, row, group number)] of an inference."""
    return [(i, row, n) for n, group in enumerate(groups) for i, row in work.events(group)]


def lives(work, groups):
    """An Item for every buffer with memory of its own, one for the scratch of every group that needs some, and one for
    the window of every segment: a loader proves that no op touches its own."""
    program, ops = work.program, work.ops
    events = all_events(work, groups)
    end = len(events)
    touches = Touches(work.home)
    users = {}  # home -> numbers of the groups that use it, None for the world outside

    def touch_all(rows, when):
        for row in range(rows.rows):
            touches.write(rows, row, when)
        users.setdefault(work.home[rows.buffer], set()).add(None)

    for edge in program.inputs if not program.streams else []:
        touch_all(edge.rows, -1)
    for op in program.init_ops:
        for rows in (*op.inputs, op.output):
            if rows.buffer.data is None:
                touch_all(rows, -1)
    scratch = {}
    for when, (i, row, n) in enumerate(events):
        for rows, first, past in work.reads(i, row):
            touches.read(rows, first, past, when)
            users.setdefault(work.home[rows.buffer], set()).add(n)
        touches.write(ops[i].output, row, when)
        users.setdefault(work.home[ops[i].output.buffer], set()).add(n)
        if ops[i].scratch is not None:
            scratch.setdefault(n, []).append((when, ops[i].scratch))
    for edge in program.outputs:
        touch_all(edge.rows, end)

    buffers = {}
    for buffer in program.buffers():
        if buffer in work.home:
            buffers.setdefault(work.home[buffer], []).append(buffer)
    items = []
    for home, shared in buffers.items():
        if home in program.state:
            items.append(block(shared, home.nbytes, [-1, end]))
        elif home in users:  # what nobody uses is scratch
            item = Item(shared, *touches.parts(home))
            items.append(ring(work, home, item, touches.of_home[home]) if inside_one(users[home], groups) else item)
    for uses in scratch.values():
        whens, blocks = zip(*uses)
        items.append(block(list(dict.fromkeys(blocks)), max(b.nbytes for b in blocks), whens))
    spans = [(segment, -1, -1) for segment in work.init_segments]
    when = 0
    for group in groups:
        past = when + len(work.events(group))
        spans.append((work.segment(group), when, past - 1))
        when = past
    for segment, first, last in spans:
        if segment.ops:
            items.append(replace(block([segment.window], segment.window.nbytes, [first, last]), apart=True))
    return items


def ring(work, home, item, views):
    """Item of a buffer of which only as many rows exist at a time as are alive; `item` where it has to be there as a
    whole."""
    if not all(rows.is_whole for rows in views):
        return item
    made = np.flatnonzero(item.born <= item.dies)
    least = [ring_bytes(item.bounds[made], item.bounds[made + 1], item.born[made], item.dies[made])]
    least += [window_rows(op, which) * op.inputs[which].row_bytes for op, which in work.readers[home]]
    unit = lcm(*(rows.row_bytes for rows in views))  # a ring is a number of rows of every view
    held = min(home.nbytes, -(-max(least) // unit) * unit)
    return block(item.buffers, held, [item.born[made].min(), item.dies[made].max()])


def inside_one(users, groups):
    """Do all users (numbers of groups, None for the world outside) come to one group of several ops?"""
    if len(users) != 1 or None in users:
        return False
    group = groups[min(users)]
    return group.past - group.first > 1


def ring_bytes(starts, ends, born, dies):
    """Bytes that a ring must hold so that no two parts that are alive together share a place."""
    together = (born[:, None] <= dies[None, :]) & (born[None, :] <= dies[:, None])
    i, j = np.nonzero(together)
    return int((ends[j] - starts[i]).max())
