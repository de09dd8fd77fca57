"""Proof of a plan, by other means than the planner's: replay the steps on a pool of names, byte by byte.

First the ops are taken one after the other, whole, as the model has them, in memory without end: that says which value
every byte that an op reads is, named after the op that wrote it last. Then the steps are replayed on the pool, each
byte of which bears the name of the value written there last. An op may run if each byte it reads bears the very name
that it should; then its output is written. What overlaps wrongly, or comes in a wrong order, is found at the first
byte.
"""

import numpy as np

from ..errors import PackerError
from .needs import moves_as_one, needs, works_in_place

_NOTHING = 0
_FAULT = "this is a fault of the packer, please report it"


class _Names:
    """The name of every byte that an op reads or makes, with the ops run in order in memory of their own."""

    def __init__(self, program, ops):
        self.next = _NOTHING + 1
        self.now = {b: np.full(b.nbytes, _NOTHING) for b in program.buffers()}
        for buffer in program.state:
            self._fill(self.now[buffer])
        self.of_state = {b: self.now[b].copy() for b in program.state}
        self.of_inputs = [self._fill(self._seen(e.rows)) for e in program.inputs] if not program.streams else []
        self.read, self.made, self.begun = {}, {}, {}  # op -> names
        unfinished = set()  # Rows of which some op has made a part
        for op in ops:
            self.read[op] = [None if r.buffer.data is not None else self._seen(r).copy() for r in op.inputs]
            self.begun[op] = self._seen(op.output).copy() if op.output in unfinished else None
            self.made[op] = self._fill(self._seen(op.output))
            (unfinished.add if op.partial else unfinished.discard)(op.output)
        self.of_outputs = [self._seen(e.rows).copy() for e in program.outputs]
        self.of_next_state = {b: self.now[b] for b in program.state}

    def _seen(self, rows):
        return self.now[rows.buffer][rows.start : rows.start + rows.nbytes]

    def _fill(self, span):
        """Give all bytes of `span` new names, and return a copy."""
        span[:] = np.arange(self.next, self.next + len(span))
        self.next += len(span)
        return span.copy()


class _Pool:
    def __init__(self, nbytes):
        self.names = np.full(nbytes, _NOTHING)

    def place(self, rows, r):
        """The slice of the pool in which row r lies."""
        held = rows.buffer.held_bytes // rows.row_bytes
        at = rows.buffer.offset + rows.start + r % held * rows.row_bytes
        if at + rows.row_bytes > len(self.names):
            raise PackerError(f'plan: "{rows.buffer.name}" row {r} ends at byte {at + rows.row_bytes}, past the pool')
        return slice(at, at + rows.row_bytes)

    def write(self, rows, r, names):
        """`names`: those of all rows."""
        self.names[self.place(rows, r)] = names[r * rows.row_bytes : (r + 1) * rows.row_bytes]

    def expect(self, rows, r, names, reader):
        where = self.place(rows, r)
        wrong = np.flatnonzero(self.names[where] != names[r * rows.row_bytes : (r + 1) * rows.row_bytes])
        if len(wrong):
            raise PackerError(
                f'plan: byte {wrong[0]} of row {r} of "{rows.buffer.name}", pool byte {where.start + wrong[0]}, is lost '
                f"before {reader}; {_FAULT}"
            )


    def load(self, window):
        """Read a segment's data into its window."""
        where = slice(window.offset, window.offset + window.nbytes)
        if where.stop > len(self.names):
            raise PackerError(f"plan: a window ends at byte {where.stop}, past the pool; {_FAULT}")
        self.names[where] = -1 - np.arange(window.nbytes)

    def expect_loaded(self, window, op):
        if not np.array_equal(self.names[window.offset : window.offset + window.nbytes], -1 - np.arange(window.nbytes)):
            raise PackerError(f'plan: "{op.name}" runs over the data in the window at pool byte {window.offset}; {_FAULT}')


def prove(program, pool_bytes, ops=None):
    """PackerError that names the byte, unless every byte is read as it was written.

    `ops`: the program's in the order that the model has them, where that is not their present one.
    """
    names, pool = _Names(program, program.ops if ops is None else ops), _Pool(pool_bytes)
    for buffer, of_state in names.of_state.items():
        pool.names[buffer.offset : buffer.offset + buffer.nbytes] = of_state
    for edge, of_input in zip(program.inputs, names.of_inputs):
        for r in range(edge.rows.rows):
            pool.write(edge.rows, r, of_input)
    segments = {op: segment for segment in program.segments for op in segment.ops}
    loaded = None
    for i, first, count in program.steps:
        segment = segments.get(program.ops[i], loaded)
        if segment is not loaded:
            pool.load(segment.window)
            loaded = segment
        for n in range(abs(count)):
            _run(pool, program.ops[i], first + (n if count > 0 else -n), names)
            if loaded:
                pool.expect_loaded(loaded.window, program.ops[i])
    for edge, of_output in zip(program.outputs, names.of_outputs):
        for r in range(edge.rows.rows):
            pool.expect(edge.rows, r, of_output, "the caller reads it")
    for buffer, of_state in names.of_next_state.items():
        if not np.array_equal(pool.names[buffer.offset : buffer.offset + buffer.nbytes], of_state):
            raise PackerError(f'plan: state "{buffer.name}" is lost; {_FAULT}')


def _run(pool, op, row, names):
    out = pool.place(op.output, row)
    busy = [] if op.scratch is None else [slice(op.scratch.offset, op.scratch.offset + op.scratch.nbytes)]
    if busy:
        if busy[0].stop > len(pool.names):
            raise PackerError(f'plan: the scratch of "{op.name}" ends at byte {busy[0].stop}, past the pool')
        if _overlap(busy[0], out):
            raise PackerError(f'plan: the scratch of "{op.name}" lies in its output')
        pool.names[busy[0]] = _NOTHING
    for which, rows in enumerate(op.inputs):
        if rows.buffer.data is not None:
            continue
        for r in range(*needs(op, which, row)):
            pool.expect(rows, r, names.read[op][which], f'"{op.name}" reads it')
            where = pool.place(rows, r)
            if _overlap(where, out) and not (where == out and works_in_place(op, which) or moves_as_one(op)):
                raise PackerError(f'plan: "{op.name}" writes row {row} over row {r} of its own input')
    if names.begun[op] is not None:  # the parts that are there must still be
        pool.expect(op.output, row, names.begun[op], f'"{op.name}" completes the row')
    pool.write(op.output, row, names.made[op])


def _overlap(a, b):
    return a.start < b.stop and b.start < a.stop
