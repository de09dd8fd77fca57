"""Copies of bytes that lie together already: what a SPLIT or a slice takes out may be read where it lies."""

from dataclasses import replace

_ALIGN = 4  # kernels may read activations by the word


def leave_out_slices(program):
    """Take out each COPY that only cuts a piece out of a buffer, in place: whoever reads the piece reads it there.

    Where the pieces are less than half of the buffer they are copied, so that the rest does not occupy memory for them.
    """
    given = {edge.buffer for edge in program.inputs} | set(program.state)
    for op in program.init_ops:
        given.update(rows.buffer for rows in (*op.inputs, op.output))
    writers = {}
    for i, op in enumerate(program.ops):
        writers.setdefault(op.output.buffer, []).append(i)
    slices = {}  # buffer -> [(COPY, byte at which its piece starts)]
    for i, op in enumerate(program.ops):
        source, piece = (op.inputs[0].buffer, op.output.buffer) if op.kernel == "COPY" else (None, None)
        if source is None or source.data is not None or source in program.state or max(writers.get(source, [-1])) > i:
            continue
        start = _start(op)
        if start is not None and piece not in given and writers[piece] == [i]:
            slices.setdefault(source, []).append((op, start))
    places = {}  # piece -> (buffer, byte at which it starts)
    for source, found in slices.items():
        if 2 * sum(op.output.nbytes for op, _ in found) >= source.nbytes:
            places.update((op.output.buffer, (source, start)) for op, start in found)

    def placed(rows):
        while rows.buffer in places:
            source, start = places[rows.buffer]
            rows = replace(rows, buffer=source, start=rows.start + start)
        return rows

    program.ops = [op for op in program.ops if op.output.buffer not in places]
    for op in program.ops:
        op.inputs = [placed(rows) for rows in op.inputs]
        op.output = placed(op.output)
    program.outputs = [replace(e, rows=placed(e.rows), buffer=placed(e.rows).buffer) for e in program.outputs]


def _start(op):
    """The byte of its input's buffer at which a COPY's whole output lies as it is, or None."""
    p = op.params
    if not op.output.is_whole or op.partial:
        return None
    stride = op.output.nbytes
    for i, size in enumerate(p["size"]):
        out_stride = p["out_stride"][i]
        if i < p["row_dims"]:
            stride //= size
            out_stride = stride
        if size > 1 and p["in_stride"][i] != out_stride:
            return None
    start = op.inputs[0].start + p["in_start"]
    return start if start % _ALIGN == 0 else None
