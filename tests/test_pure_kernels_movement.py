"""COPY and GATHER: pure Python against the C core, on blobs of the packer and hand-made ones, whole and damaged."""

import random
import struct

import packer
import pytest
import test_ops_gather
import test_ops_join_split
import test_ops_padding
import test_ops_views
from hypothesis import given, settings
from support import blobs
from test_pure_core import OK, core_verdict, outputs, pure_verdict

COPY, GATHER = 14, 15
VALUE, SHAPE, RESERVED = 10, 12, 7
OP = 2
CASES = {**test_ops_views.CASES, **test_ops_join_split.CASES, **test_ops_gather.CASES, **test_ops_padding.CASES}


def agree(blob):
    """Both engines give one verdict, and where it is good the same bytes; returns the verdict."""
    verdict = core_verdict(blob)
    assert pure_verdict(blob) == verdict
    if verdict == OK:
        found, expected = outputs(blob)
        assert found == expected
    return verdict


def parameters(blob, kernel):
    """The offsets of the parameters of each op of `kernel`."""
    n_ops, ops = struct.unpack_from("<H", blob, 18)[0], struct.unpack_from("<I", blob, 32)[0]
    return [struct.unpack_from("<I", blob, ops + 28 * i + 12)[0] for i in range(n_ops) if blob[ops + 28 * i] == kernel]


@pytest.mark.parametrize("op", CASES)
def test_packed_models(op):
    @settings(max_examples=20)
    @given(CASES[op])
    def run(case):
        assert agree(packer.build(case.model).blob) == OK

    run()


@pytest.mark.parametrize("op", ["TRANSPOSE", "STRIDED_SLICE", "CONCATENATION", "GATHER", "RESIZE_NEAREST_NEIGHBOR"])
def test_damaged_parameters(op):
    """Every byte of the parameters flipped in three ways."""

    @settings(max_examples=5)
    @given(CASES[op])
    def run(case):
        blob = packer.build(case.model).blob
        for kernel, size in (COPY, 84), (GATHER, 20):
            for params in parameters(blob, kernel)[:2]:
                for at in range(params, params + size):
                    for mask in (0x01, 0x80, 0xFF):
                        agree(blobs.patched(blob, at, "B", blob[at] ^ mask))

    run()


def copy_params(in_start, out_start, row_dims, dims):
    """`dims`: six of (size, in_stride, out_stride)."""
    size, in_stride, out_stride = zip(*dims)
    return struct.pack("<2IB3x6I6i6I", in_start, out_start, row_dims, *size, *in_stride, *out_stride)


def hand_made(in_tensor, out_tensor, params, kernel=COPY):
    """A blob of one op between tensors (rows, row_bytes, ring)."""
    b = blobs.Builder()
    x = b.tensor(*in_tensor)
    if in_tensor[0] == in_tensor[2]:
        b.input(x, [in_tensor[0], in_tensor[1]])
    y = b.tensor(*out_tensor)
    b.op(kernel, y, [x], params)
    if out_tensor[0] == out_tensor[2]:
        b.output(y, [out_tensor[0], out_tensor[1]])
    return b.build()


def random_copy(rng):
    """A COPY that is mostly right: dimensions fit the tensors, or miss by one."""
    row_dims = rng.randint(0, 3)
    sizes = [rng.randint(1, 4) for _ in range(6)]
    rows, row_bytes = 1, 1
    for size in sizes[:row_dims]:
        rows *= size
    gaps = [rng.choice((0, 0, 0, 1)) for _ in range(6)]
    out_strides = [0] * 6
    for i in range(5, row_dims - 1, -1):
        out_strides[i] = row_bytes + gaps[i]
        row_bytes += (sizes[i] - 1) * out_strides[i]
    out_start = rng.choice((0, 0, 3))
    out = rows, row_bytes + out_start + rng.choice((0, 0, 5, -1)), rows
    in_rows, in_row_bytes = rng.randint(1, 9), rng.randint(1, 40)
    ring = rng.choice((in_rows, in_rows, rng.randint(1, in_rows)))
    unit = in_row_bytes if ring < in_rows or rng.randint(0, 1) else 1
    in_strides = [rng.choice((0, 1, unit, -unit, rng.randint(-6, 6))) for _ in range(6)]
    if ring < in_rows:
        in_strides[:row_dims] = [unit * rng.randint(-2, 2) for _ in range(row_dims)]
        in_strides[row_dims:] = [rng.randint(-2, 3) for _ in range(6 - row_dims)]
    below = -sum((n - 1) * s for n, s in zip(sizes, in_strides) if s < 0)
    start = below + rng.choice((0, 0, 1, -1, in_row_bytes))
    dims = zip(sizes, in_strides, out_strides)
    return (in_rows, in_row_bytes, ring), out, copy_params(max(start, 0), out_start, row_dims, dims)


def test_random_copies():
    rng = random.Random(1)
    good = rings = 0
    for _ in range(3000):
        source, out, params = random_copy(rng)
        if out[1] < 1:
            continue
        verdict = agree(hand_made(source, out, params))
        good += verdict == OK
        rings += verdict == OK and source[2] < source[0]
    assert good > 400 and rings > 50


FITTING = [(2, 8, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0), (2, 3, 2), (2, 1, 1)]


def faults(in_start=0, out_start=0, row_dims=1, source=(4, 4, 4), out=(2, 4, 2), **dims):
    """The verdict on a COPY of 2 rows of 4 bytes that fits but for what is given; `dims`: d0 .. d5."""
    changed = [dims.get(f"d{i}", dim) for i, dim in enumerate(FITTING)]
    return agree(hand_made(source, out, copy_params(in_start, out_start, row_dims, changed)))


def test_what_a_copy_must_prove():
    def shape(a, b):
        return SHAPE, OP, 0, a, b

    def value(a, b):
        return VALUE, OP, 0, a, b

    assert faults() == OK
    assert faults(row_dims=6) == value(6, 8)
    assert faults(in_start=16) == shape(16, 16)
    assert faults(out_start=4) == shape(4, 4)
    assert faults(in_start=4) == shape(1, 0)  # the second row would start at byte 12 and read byte 16
    assert faults(out_start=1)[0] == SHAPE
    assert faults(d5=(0, 1, 1)) == value(0, 12 + 20)
    assert faults(d4=(2, 3, 1)) == shape(2, 1)  # writes a byte twice
    assert faults(d3=(2, 0, 0)) == shape(4, 0)
    assert faults(d4=(2, -3, 2)) == shape(1, 0)  # reads before the start
    assert faults(d0=(2, 8, 1)) == (RESERVED, OP, 0, 1, 0)
    assert faults(d0=(3, 2, 0)) == shape(3, 2)
    assert faults(d0=(1, 8, 0)) == shape(1, 2)
    assert faults(d0=(0, 8, 0)) == value(0, 12)
    assert faults(d0=(65536, 0, 0)) == value(65536, 12)
    assert faults(source=(4, 4, 2), d4=(2, 2, 2)) == OK
    assert faults(source=(4, 4, 2)) == shape(1, 0)  # a row of the ring ends at 4 bytes
    assert faults(source=(4, 4, 2), d4=(2, 2, 2), d0=(2, 6, 0)) == shape(0, 2)
    assert faults(source=(4, 4, 2), d4=(2, 2, 2), d0=(2, -4, 0)) == shape(1, 0)
    assert faults(source=(4, 4, 2), d4=(2, 2, 2), d0=(2, 16, 0)) == shape(1, 0)
    assert faults(source=(0xFFFF, 0x10001, 1), d0=(2, 0x10001, 0)) == OK
    assert faults(source=(0xFFFF, 0x10002, 1), d0=(2, 0x10002, 0)) == shape(0xFFFFFFFF, 0xFFFE)  # over 2^32 bytes


def gather_blob(vectors, depth, count, inner, repeat, index_dtype=4, rows=4, index_rows=2, data=6, out=9):
    b = blobs.Builder()
    x, k = b.tensor(rows, data), b.tensor(index_rows, 12, dtype=index_dtype)
    b.input(x, [rows, data])
    b.input(k, [index_rows, 12 // (4 if index_dtype == 4 else 1)], dtype=index_dtype)
    y = b.tensor(rows, out)
    b.op(GATHER, y, [x, k], struct.pack("<5I", vectors, depth, count, inner, repeat))
    b.output(y, [rows, out])
    return b.build()


def test_what_a_gather_must_prove():
    def verdict(*args, **kwargs):
        return agree(gather_blob(*args, **kwargs))

    assert verdict(1, 2, 3, 3, 2) == OK
    assert verdict(3, 2, 3, 1, 2) == OK
    assert verdict(1, 2, 3, 3, 2, index_dtype=1) == (VALUE, OP, 0, 1, 6)
    assert verdict(1, 2, 3, 3, 1) == (SHAPE, OP, 0, 2, 4)
    assert verdict(1, 2, 3, 3, 0) == (SHAPE, OP, 0, 0, 4)
    assert verdict(2, 2, 3, 3, 2) == (SHAPE, OP, 0, 12, 6)
    assert verdict(1, 2, 4, 3, 2) == (SHAPE, OP, 0, 12, 9)
    assert verdict(1, 2, 3, 3, 2, index_rows=4) == (SHAPE, OP, 0, 8, 4)
    assert verdict(1, 2, 9, 1, 2, data=2) == (SHAPE, OP, 0, 36, 12)
