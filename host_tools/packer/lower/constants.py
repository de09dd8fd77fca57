"""Ops on constants: what does not depend on the model's inputs is computed here, by the kernels themselves."""

from dataclasses import replace

from ..core import CoreModel
from ..emit import emit
from ..program import DTYPE_BYTES, Buffer, DeviceOp, Edge, Program, Rows
from .context import CannotLower

# Kernels whose inputs may be constants; the others want RAM.
_TAKE_CONSTANTS = {"ADD", "BINARY", "COMPARE", "SELECT", "COPY", "GATHER", "BATCH_MATMUL"}
_MOST_ROWS = 0x7FFF  # of a step


def fold_constants(program):
    """Take out each op of which all inputs are constant, in place, and copy constants to where other kernels need them."""
    kept = {edge.buffer for edge in program.outputs} | set(program.state)
    for ops in program.init_ops, program.ops:
        writers = [op.output.buffer for op in ops]
        given, ops[:] = list(ops), []
        for op in given:
            constant = op.inputs and all(rows.buffer.data is not None for rows in op.inputs)
            out = op.output.buffer
            if constant and out not in program.state and op.output.is_whole and writers.count(out) == 1:
                if out in kept:
                    raise CannotLower(f'output "{out.name}" is a constant; take it out of the model')
                out.data = _made(op)
                continue
            if op.kernel not in _TAKE_CONSTANTS:
                op.inputs = [_in_ram(op, rows, ops) for rows in op.inputs]
            ops.append(op)


def _made(op):
    """What `op` makes of its constants, an array."""
    inputs = [_alike(rows) for rows in op.inputs]
    alone = replace(op, inputs=inputs, output=_alike(op.output))
    edges = [_edge(rows) for rows in (*inputs, alone.output)]
    program = Program("constant", [alone], edges[:-1], edges[-1:])
    at = 0
    for buffer in program.buffers():
        buffer.offset, buffer.held_bytes = at, buffer.nbytes
        at += -(-buffer.nbytes // 4) * 4
    rows = alone.output.rows
    program.steps = [(0, first, min(_MOST_ROWS, rows - first)) for first in range(0, rows, _MOST_ROWS)]
    return CoreModel(emit(program, at, {})).run([rows.buffer.data for rows in op.inputs])[0]


def _alike(rows):
    return replace(rows, buffer=Buffer(rows.buffer.name, rows.buffer.nbytes, rows.buffer.dtype))


def _edge(rows):
    dtype = rows.buffer.dtype
    return Edge(rows.buffer, rows, rows.buffer.name, (rows.nbytes // DTYPE_BYTES[dtype],), dtype, dtype, 1.0, 0)


def _in_ram(op, rows, ops):
    """`rows`, or, where they are a constant, what a COPY appended to `ops` makes of them."""
    if rows.buffer.data is None:
        return rows
    copied = replace(_alike(rows), start=0)
    params = {
        "in_start": rows.start,
        "out_start": 0,
        "row_dims": 1,
        "size": [rows.rows, 1, 1, 1, 1, rows.row_bytes],
        "in_stride": [rows.row_bytes, 0, 0, 0, 0, 1],
        "out_stride": [0, 0, 0, 0, 0, 1],
    }
    source = Rows(rows.buffer, 1, rows.buffer.nbytes)
    ops.append(DeviceOp("COPY", op.name, op.layer, None, [source], copied, params))
    return copied
