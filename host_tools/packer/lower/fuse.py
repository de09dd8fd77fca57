"""Chains of tables become one."""

import numpy as np

from ..program import Rows


def fuse_tables(program):
    """Make one TABLE of each two where nothing else sees what lies between them, in place."""
    edges = {e.buffer for e in (*program.inputs, *program.outputs)} | set(program.state)
    readers, writers = {}, {}
    for op in (*program.init_ops, *program.ops):
        for rows in op.inputs:
            readers.setdefault(rows.buffer, []).append(op)
        writers.setdefault(op.output.buffer, []).append(op)
    for op in list(program.ops):
        if op.kernel != "TABLE":
            continue
        between = op.inputs[0].buffer
        before = writers.get(between, [])
        if between in edges or len(before) != 1 or before[0].kernel != "TABLE" or len(readers[between]) != 1:
            continue
        (first,) = before
        source = first.inputs[0].buffer
        if source in program.state or first in program.init_ops:
            continue  # it may change between the two
        op.params["table"] = op.params["table"][first.params["table"].view(np.uint8)]
        op.inputs[0] = Rows(source, op.output.rows, op.output.row_bytes)
        readers[source] = [op if reader is first else reader for reader in readers[source]]
        program.ops.remove(first)
