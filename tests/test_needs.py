"""Which input rows an output row is made from, as the planner believes it, against what the kernels do.

Every op's cases are run on the C core one output row at a time, in a pool in which nothing overlaps: no byte outside
the rows that plan/needs.py names may make a difference. The pure-Python kernels are watched as they read: the first and
the last of those rows are read. And the loader takes rings as small as the planner may make them, but none smaller.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packer import format as f
from packer.core import BlobFault, CoreModel, check
from packer.emit import emit
from packer.errors import PackerError
from packer.fold import fold
from packer.lower import lower
from packer.plan.needs import is_rowwise, needs, window_rows, works_in_place
from packer.program import Program
from packer.read import read
from support import cases
from tinyinfer import _pure

CASES = cases.by_op()
ROWS_TRIED = 3
# These read whole tensors, or some elements through struct, which is not seen.
NOT_WATCHED = {"BATCH_MATMUL", "LSTM", "SVDF", "COPY"}


def alone(op):
    """(blob that does nothing but make rows of `op`, each in a step of its own, bytes of pool); nothing overlaps in the
    pool."""
    at = 0
    buffers = list(dict.fromkeys(rows.buffer for rows in (*op.inputs, op.output) if rows.buffer.data is None))
    for buffer in buffers + ([op.scratch] if op.scratch else []):
        buffer.offset, buffer.held_bytes = at, buffer.nbytes
        at += -(-buffer.nbytes // 4) * 4
    return Program("alone", [op], [], [], [(0, 0, 1)]), at


def ops_of(case):
    """The lowered ops of a case."""
    try:
        program = lower(fold(read(case.model, "model")))
    except PackerError:
        return []
    return program.ops


def pool_rows(op, which):
    """Input number `which`'s Rows, or None where it is a constant."""
    return None if op.inputs[which].buffer.data is not None else op.inputs[which]


def make_row(program, pool_bytes, row, content):
    """Bytes of output row `row`, made in a pool of that content."""
    op = program.ops[0]
    program.steps = [(0, row, 1)]
    model = CoreModel(emit(program, pool_bytes, {}))
    model.pool[:] = content
    model.run([])
    at = op.output.buffer.offset + op.output.start + row * op.output.row_bytes
    return model.pool[at : at + op.output.row_bytes].copy()


def check_influence(op, rng):
    program, pool_bytes = alone(op)
    for row in sorted({0, op.output.rows - 1, *rng.integers(0, op.output.rows, ROWS_TRIED).tolist()}):
        one, other = rng.integers(0, 256, (2, pool_bytes), np.uint8)
        out = op.output.buffer.offset
        other[out : out + op.output.buffer.nbytes] = one[out : out + op.output.buffer.nbytes]  # of which a COPY makes a part
        for which in range(len(op.inputs)):
            rows = pool_rows(op, which)
            if rows is not None:
                first, past = needs(op, which, row)
                assert 0 <= first <= past <= rows.rows
                start = rows.buffer.offset + rows.start
                span = slice(start + first * rows.row_bytes, start + past * rows.row_bytes)
                other[span] = one[span]
        assert np.array_equal(make_row(program, pool_bytes, row, one), make_row(program, pool_bytes, row, other)), (op.kernel, row)


class Watched(bytearray):
    """A pool that notes which of its bytes are read."""

    def __getitem__(self, index):
        if isinstance(index, slice):
            self.read.update(range(*index.indices(len(self))))
        else:
            self.read.add(index)
        return super().__getitem__(index)


def check_reads(op, rng):
    program, pool_bytes = alone(op)
    blob = emit(program, pool_bytes, {})
    header = f.HEADER.unpack(blob)
    record = f.OP.unpack(blob, header["ops"])
    tensors = [f.TENSOR.unpack(blob, header["tensors"] + i * f.TENSOR.size) for i in range(header["n_tensors"])]
    as_tuple = [tuple(t[k] for k in ("offset", "row_bytes", "rows", "ring", "dtype", "space")) for t in tensors]
    inputs = [as_tuple[i] for i in record["inputs"] if i != f.NONE]
    for row in sorted({0, op.output.rows - 1, *rng.integers(0, op.output.rows, ROWS_TRIED).tolist()}):
        pool = Watched(rng.integers(0, 256, pool_bytes, np.uint8).tobytes())
        pool.read = set()
        _pure._kernel(record["kernel"])(blob, pool, record["params"], inputs, as_tuple[record["output"]], row)
        for which, given in enumerate(inputs):
            if given[5] == f.BLOB or op.kernel == "GATHER" and which == 1:
                continue
            read = {(at - given[0]) // given[1] for at in pool.read if given[0] <= at < given[0] + given[1] * given[2]}
            first, past = needs(op, which, row)
            expected = {first, past - 1} if first < past else set()
            assert expected <= read <= set(range(first, past)), (op.kernel, which, row, read)


@pytest.mark.parametrize("name", sorted(CASES))
def test_other_rows_make_no_difference(name):
    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(CASES[name], st.integers(0, 2**32 - 1))
    def no_difference(case, seed):
        for op in ops_of(case):
            check_influence(op, np.random.default_rng(seed))

    no_difference()


@pytest.mark.parametrize("name", sorted(CASES))
def test_named_rows_are_read(name):
    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(CASES[name], st.integers(0, 2**32 - 1))
    def are_read(case, seed):
        for op in ops_of(case):
            if op.kernel not in NOT_WATCHED:
                check_reads(op, np.random.default_rng(seed))

    are_read()


@pytest.mark.parametrize("name", sorted(CASES))
def test_loader_takes_the_smallest_rings(name):
    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(CASES[name])
    def takes(case):
        for op in ops_of(case):
            for which, rows in enumerate(op.inputs):
                once = sum(r.buffer is rows.buffer for r in (*op.inputs, op.output)) == 1
                if pool_rows(op, which) is None or not is_rowwise(op) or not rows.is_whole or not once:
                    continue
                program, pool_bytes = alone(op)
                least = min(rows.rows, window_rows(op, which))
                rows.buffer.held_bytes = least * rows.row_bytes
                blob = emit(program, pool_bytes, {})
                check(blob)
                _pure.check(blob)
                if least > 1:
                    rows.buffer.held_bytes -= rows.row_bytes
                    with pytest.raises(BlobFault):
                        check(emit(program, pool_bytes, {}))

    takes()


@pytest.mark.parametrize("name", sorted(CASES))
def test_in_place_gives_the_same_bytes(name):
    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(CASES[name], st.integers(0, 2**32 - 1))
    def same(case, seed):
        for op in ops_of(case):
            for which in range(len(op.inputs)):
                if pool_rows(op, which) is None or not works_in_place(op, which):
                    continue
                program, pool_bytes = alone(op)
                content = np.random.default_rng(seed).integers(0, 256, pool_bytes, np.uint8)
                row = seed % op.output.rows
                apart = make_row(program, pool_bytes, row, content)
                op.output.buffer.offset = op.inputs[which].buffer.offset
                assert np.array_equal(make_row(program, pool_bytes, row, content), apart), (op.kernel, which)

    same()
