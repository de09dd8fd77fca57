"""Copies of bytes that need not be: pieces of a larger buffer are made, or read, where they lie in it.

Three passes over the lowered ops, of which each takes out COPYs that move all of a piece as it is. What is a piece of
another buffer afterwards may be a piece of a third, and so on.
"""

from dataclasses import replace

from ..program import Rows

_ALIGN = 4  # kernels may read activations by the word


def leave_out_moves(program):
    """Take out each COPY that the passes below know of, in place."""
    _shift_windows(program)
    _leave_out_slices(program)
    _leave_out_joins(program)


def _shift_windows(program):
    """State that is read only to be joined with what is new, and becomes the end of that, is kept where the two are
    joined.

    A model that streams has such a window before each convolution over time. The joined buffer becomes the state; what
    is left to do is to move its end to its start, once everybody has read it.
    """
    edges = {edge.buffer for edge in (*program.inputs, *program.outputs)}
    for i, state in enumerate(program.state):
        readers = [op for op in program.ops if any(rows.buffer is state for rows in op.inputs)]
        writers = [op for op in program.ops if op.output.buffer is state]
        if len(readers) != 1 or len(writers) != 1:
            continue
        (join,), (shift,) = readers, writers
        window = join.output.buffer
        start = _moved(shift)
        if (
            _moved(join) != 0 or join.output.start or join.output.nbytes != state.nbytes
            or start is None or shift.inputs[0].buffer is not window or shift.output.nbytes != state.nbytes
            or window in edges or window in program.state or window.nbytes > 2 * state.nbytes
            or program.ops.index(shift) < program.ops.index(join)
            or any(op.output.buffer is window and op.output.start < state.nbytes for op in program.ops if op is not join)
        ):  # fmt: skip
            continue
        window.name, window.tensors = state.name, state.tensors
        program.state[i] = window
        for op in program.init_ops:
            op.inputs = [replace(rows, buffer=window) if rows.buffer is state else rows for rows in op.inputs]
            if op.output.buffer is state:
                op.output = replace(op.output, buffer=window)
        program.ops = [op for op in program.ops if op is not join and op is not shift]
        users = [n for n, op in enumerate(program.ops) if any(rows.buffer is window for rows in op.inputs)]
        shift.inputs = [Rows(window, 1, window.nbytes)]
        shift.output = Rows(window, 1, state.nbytes)
        shift.params = {
            "in_start": start,
            "out_start": 0,
            "row_dims": 0,
            "size": [1] * 5 + [state.nbytes],
            "in_stride": [0] * 5 + [1],
            "out_stride": [0] * 5 + [1],
        }
        program.ops.insert(max(users, default=-1) + 1, shift)


def _leave_out_slices(program):
    """Leave out each COPY that only cuts a piece out of a buffer: whoever reads the piece reads it there.

    Where the pieces are less than half of the buffer they are copied, so that the rest does not occupy memory for them.
    """
    given = _given(program)
    writers = {}
    for i, op in enumerate(program.ops):
        writers.setdefault(op.output.buffer, []).append(i)
    slices = {}  # buffer -> [(COPY, byte at which its piece starts)]
    for i, op in enumerate(program.ops):
        source, piece = op.inputs[0].buffer if op.inputs else None, op.output.buffer
        start = _moved(op)
        if start is None or start % _ALIGN or not op.output.is_whole or piece in given or writers[piece] != [i]:
            continue
        if source.data is None and source not in program.state and max(writers.get(source, [-1])) < i:
            slices.setdefault(source, []).append((op, start))
    places = {}  # piece -> (buffer, byte at which it starts)
    for source, found in slices.items():
        if 2 * sum(op.output.nbytes for op, _ in found) >= source.nbytes:
            places.update((op.output.buffer, (source, start)) for op, start in found)
    program.ops = [op for op in program.ops if op.output.buffer not in places]
    _put(program, places)


def _leave_out_joins(program):
    """Leave out each COPY that only puts a buffer into its place in a larger one: the buffer is made there."""
    given, outputs = _given(program), {edge.buffer for edge in program.outputs}
    places, left_out = {}, set()
    for i, op in enumerate(program.ops):
        if _moved(op) != 0 or not op.inputs[0].is_whole or op.output.nbytes != op.inputs[0].nbytes:
            continue
        piece, whole, start = op.inputs[0].buffer, op.output.buffer, op.output.start
        if piece in given or piece in places or start % _ALIGN or _home(whole, places) is piece:
            continue
        if piece in outputs and _home(whole, places) in program.state:
            continue

        def meets(rows):
            return rows.buffer is whole and rows.start < start + piece.nbytes and start < rows.start + rows.nbytes

        is_read_before = any(meets(rows) for o in program.ops[:i] for rows in o.inputs)
        is_written = any(meets(o.output) for o in program.ops if o is not op)
        piece_is_written = any(o.output.buffer is piece for o in program.ops[i:])
        if not (is_read_before or is_written or piece_is_written):
            places[piece] = whole, start
            left_out.add(op)
    program.ops = [op for op in program.ops if op not in left_out]
    _put(program, places)


def _home(buffer, places):
    """The buffer in which `buffer` lies, or itself."""
    while buffer in places:
        buffer = places[buffer][0]
    return buffer


def _given(program):
    """Buffers that something else than the ops fills: inputs, and what lives from one inference to the next."""
    given = {edge.buffer for edge in program.inputs} | set(program.state)
    for op in program.init_ops:
        given.update(rows.buffer for rows in (*op.inputs, op.output))
    return given


def _put(program, places):
    """Let every op and output find the buffers of `places`, {piece: (buffer, byte at which it starts)}, in those
    buffers."""

    def placed(rows):
        while rows.buffer in places:
            buffer, start = places[rows.buffer]
            rows = replace(rows, buffer=buffer, start=rows.start + start)
        return rows

    for op in program.ops:
        op.inputs = [placed(rows) for rows in op.inputs]
        op.output = placed(op.output)
    program.outputs = [replace(e, rows=placed(e.rows), buffer=placed(e.rows).buffer) for e in program.outputs]


def _moved(op):
    """The byte of its input's buffer from which a COPY takes bytes one after the other to fill its output; None if it
    does not."""
    if op.kernel != "COPY" or op.partial or op.params["out_start"] or op.inputs[0].buffer.data is not None:
        return None
    p = op.params
    stride = op.output.nbytes
    for i, size in enumerate(p["size"]):
        out_stride = p["out_stride"][i]
        if i < p["row_dims"]:
            stride //= size
            out_stride = stride
        if size > 1 and p["in_stride"][i] != out_stride:
            return None
    copied = 1
    for size in p["size"][p["row_dims"] :]:
        copied *= size
    return op.inputs[0].start + p["in_start"] if copied == op.output.row_bytes else None
