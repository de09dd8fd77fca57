"""Proof of a plan, by other means than the planner's: replay the steps on a pool of tags, byte by byte.

Every byte of the pool holds the name of the value that was written there last. An op may run if each byte it reads bears
the name of the very element it should be; then its output is written. What overlaps wrongly is found at the first byte.
"""

import numpy as np

from ..errors import PackerError
from .needs import needs, works_in_place

_NOTHING = 0


class _Pool:
    def __init__(self, nbytes, program):
        self.tags = np.zeros(nbytes, np.int64)
        self.begun = set()  # (Rows, row) of which some op has made a part
        self.first_tag = {}  # buffer -> tag of its byte 0; byte k of row r is first_tag + r * row_bytes + k
        tag = 1
        for buffer in program.buffers():
            self.first_tag[buffer] = tag
            tag += buffer.nbytes

    def place(self, rows, r):
        """(slice of the pool, the tags that belong there) of row r."""
        held = rows.buffer.held_bytes // rows.row_bytes
        at = rows.buffer.offset + rows.start + r % held * rows.row_bytes
        tag = self.first_tag[rows.buffer] + rows.start + r * rows.row_bytes
        if at + rows.row_bytes > len(self.tags):
            raise PackerError(f'plan: "{rows.buffer.name}" row {r} ends at byte {at + rows.row_bytes}, past the pool')
        return slice(at, at + rows.row_bytes), np.arange(tag, tag + rows.row_bytes)

    def write(self, rows, r):
        where, tags = self.place(rows, r)
        self.tags[where] = tags

    def expect(self, rows, r, reader):
        where, tags = self.place(rows, r)
        wrong = np.flatnonzero(self.tags[where] != tags)
        if len(wrong):
            raise PackerError(
                f'plan: byte {wrong[0]} of row {r} of "{rows.buffer.name}", pool byte {where.start + wrong[0]}, is lost '
                f"before {reader}; this is a fault of the packer, please report it"
            )


def prove(program, pool_bytes):
    """PackerError that names the byte, unless every byte is read as it was written."""
    pool = _Pool(pool_bytes, program)
    for buffer in program.state:
        for k in range(buffer.nbytes):
            pool.tags[buffer.offset + k] = pool.first_tag[buffer] + k
    for edge in program.inputs if not program.streams else []:
        for r in range(edge.rows.rows):
            pool.write(edge.rows, r)
    for i, first, count in program.steps:
        for n in range(abs(count)):
            _run(pool, program.ops[i], first + (n if count > 0 else -n))
    for edge in program.outputs:
        for r in range(edge.rows.rows):
            pool.expect(edge.rows, r, "the caller reads it")
    for buffer in program.state:
        span = pool.tags[buffer.offset : buffer.offset + buffer.nbytes]
        if not np.array_equal(span, np.arange(buffer.nbytes) + pool.first_tag[buffer]):
            raise PackerError(f'plan: state "{buffer.name}" is lost; this is a fault of the packer, please report it')


def _run(pool, op, row):
    out, _ = pool.place(op.output, row)
    busy = [] if op.scratch is None else [slice(op.scratch.offset, op.scratch.offset + op.scratch.nbytes)]
    if busy:
        if busy[0].stop > len(pool.tags):
            raise PackerError(f'plan: the scratch of "{op.name}" ends at byte {busy[0].stop}, past the pool')
        if _overlap(busy[0], out):
            raise PackerError(f'plan: the scratch of "{op.name}" lies in its output')
        pool.tags[busy[0]] = _NOTHING
    for which, rows in enumerate(op.inputs):
        if rows.buffer.data is not None:
            continue
        for r in range(*needs(op, which, row)):
            pool.expect(rows, r, f'"{op.name}" reads it')
            where, _ = pool.place(rows, r)
            if _overlap(where, out) and not (where == out and works_in_place(op, which)):
                raise PackerError(f'plan: "{op.name}" writes row {row} over row {r} of its own input')
    if (op.output, row) in pool.begun:  # the parts that are there must still be
        pool.expect(op.output, row, f'"{op.name}" completes the row')
    pool.write(op.output, row)
    if op.partial:
        pool.begun.add((op.output, row))


def _overlap(a, b):
    return a.start < b.stop and b.start < a.stop
