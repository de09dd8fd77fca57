"""The pure-Python loader's proof: a good blob passes, a field damaged alone is refused by its own fault."""

import binascii
import importlib.util
import random
import struct
import sys
import types

import pytest
from support import blobs
from tinyinfer import _pure

(SHORT, MAGIC, VERSION, SIZE, CRC, RESERVED, OFFSET, STRING, VALUE, INDEX, SHAPE, POOL_RANGE) = range(2, 14)
HEADER, TENSOR, OP, STEP, INPUT, OUTPUT = range(6)
FC, CONV, DEPTHWISE, MAX, AVERAGE, SOFTMAX, ADD, PAD, MEAN, TABLE = range(1, 11)

GOOD = blobs.every_kernel()
TABLES = {
    place: struct.unpack_from("<I", GOOD, at)[0] for place, at in [(TENSOR, 28), (OP, 32), (STEP, 36), (INPUT, 40)]
}
RECORD_BYTES = {TENSOR: 16, OP: 28, STEP: 6, INPUT: 44, OUTPUT: 44}
N_OPS = struct.unpack_from("<H", GOOD, 18)[0]
OPS = {GOOD[TABLES[OP] + 28 * i]: i for i in range(N_OPS)}  # index by kernel; every_kernel() has each once


def verdict(blob):
    """The five ints of the fault, or None where the blob is accepted."""
    try:
        _pure.check(blob)
    except ValueError as error:
        return error.args
    return None


def params(kernel):
    return struct.unpack_from("<I", GOOD, TABLES[OP] + 28 * OPS[kernel] + 12)[0]


def u32(at):
    return struct.unpack_from("<I", GOOD, at)[0]


def test_a_good_blob_gives_its_pool_bytes():
    assert _pure.check(GOOD) == u32(12)
    assert verdict(GOOD + b"what follows is ignored") is None


def test_a_blob_without_ops_is_good_and_runs():
    b = blobs.Builder()
    x = b.tensor(2, 8, dtype=5)
    b.input(x, [2, 2], dtype=5, edge=5)
    b.output(x, [4], dtype=5, edge=5)
    blob = b.build()
    engine = _pure.Engine(blob, bytearray(_pure.check(blob)))
    assert engine.run() is True and engine.step(3) is False and engine.op() == 0 and engine.selftest() == -1


FRAME = [
    (0, "4s", b"TINE", (MAGIC, 0, 0, 0, 0)),
    (4, "H", 1, (VERSION, 0, 0, 1, 4)),
    (6, "H", 60, (VALUE, 0, 0, 60, 6)),
    (8, "I", len(GOOD) + 4, (SIZE, 0, 0, len(GOOD), len(GOOD) + 4)),
    (8, "I", len(GOOD) - 2, (SIZE, 0, 0, len(GOOD), len(GOOD) - 2)),
    (8, "I", 68, (SIZE, 0, 0, len(GOOD), 68)),
    (26, "H", 0, (VALUE, 0, 0, 0, 26)),
    (28, "I", 62, (OFFSET, 0, 0, 62, 16 * struct.unpack_from("<H", GOOD, 16)[0])),
    (32, "I", len(GOOD) - 8, (OFFSET, 0, 0, len(GOOD) - 8, 28 * N_OPS)),
    (36, "I", 0xFFFFFFFE, (OFFSET, 0, 0, 0xFFFFFFFE, 6 * N_OPS)),
    (40, "I", 60, (OFFSET, 0, 0, 60, 88)),
    (44, "I", 63, (OFFSET, 0, 0, 63, u32(48))),
    (48, "I", 0, (VALUE, 0, 0, 0, 48)),
    (48, "I", u32(48) - 1, (STRING, 0, 0, u32(44), 0)),
    (52, "I", u32(44) - 1, (STRING, 0, 0, u32(44) - 1, 0)),
    (56, "I", u32(44) + u32(48), (STRING, 0, 0, u32(44) + u32(48), 0)),
    (60, "I", u32(12) + 1, (POOL_RANGE, 0, 0, u32(12) + 1, u32(12))),
    (60, "I", 2, (VALUE, 0, 0, 2, 60)),
    (60, "I", 4, (POOL_RANGE, TENSOR, 0, 60, u32(12))),  # the input, at byte 0, reaches into the state
    (64, "H", 99, (VALUE, 0, 0, 99, 64)),
    (66, "H", 0xFFFF, (OFFSET, 0, 0, u32(32), 28 * N_OPS + 12 * 0xFFFF)),
    (66, "H", 1, (OFFSET, 0, 0, u32(u32(32) + 28 * N_OPS), 0)),
]


@pytest.mark.parametrize("at, fmt, value, expected", FRAME)
def test_header(at, fmt, value, expected):
    assert verdict(blobs.patched(GOOD, at, fmt, value)) == expected


def test_bytes_that_are_no_blob():
    assert verdict(b"") == (SHORT, 0, 0, 0, 0)
    assert verdict(GOOD[:71]) == (SHORT, 0, 0, 71, 0)
    assert verdict(GOOD[:-4]) == (SIZE, 0, 0, len(GOOD) - 4, len(GOOD))
    stored = u32(len(GOOD) - 4)
    code, place, index, found, computed = verdict(GOOD[:80] + bytes([GOOD[80] ^ 1]) + GOOD[81:])
    assert (code, place, index, found) == (CRC, 0, 0, stored) and computed != stored


# (place, index, byte in the record, format, value, code, a, b); b is None where it is the byte.
RECORDS = [
    (TENSOR, 1, 14, "H", 1, RESERVED, 1, 0),
    (TENSOR, 1, 12, "B", 0, VALUE, 0, None),
    (TENSOR, 1, 12, "B", 7, VALUE, 7, None),
    (TENSOR, 1, 13, "B", 3, VALUE, 3, None),
    (TENSOR, 1, 13, "B", 2, POOL_RANGE, 150, 0),
    (TENSOR, 1, 8, "H", 0, VALUE, 0, None),
    (TENSOR, 1, 10, "H", 0, VALUE, 0, None),
    (TENSOR, 1, 10, "H", 7, VALUE, 7, None),
    (TENSOR, 1, 4, "I", 0, VALUE, 0, None),
    (TENSOR, 1, 0, "I", 0xFFFFFFFF, POOL_RANGE, 0xFFFFFFFF, u32(12)),
    (TENSOR, 1, 4, "I", 0x80000000, VALUE, 0x80000000, None),
    (TENSOR, 1, 4, "I", 0x7FFFFFFF, POOL_RANGE, 0xFFFFFFFF, u32(12)),
    (OP, 2, 1, "B", 2, VALUE, 2, None),
    (OP, 2, 10, "H", 3, INDEX, 3, 0),
    (OP, 2, 0, "B", 0, VALUE, 0, None),
    (OP, 2, 0, "B", 250, VALUE, 250, None),
    (OP, 2, 2, "H", 99, INDEX, 99, 11),
    (OP, 2, 4, "H", 99, INDEX, 99, 11),
    (OP, 2, 4, "H", 0xFFFF, INDEX, 0xFFFF, 11),
    (OP, 2, 6, "H", 0, VALUE, 0, None),
    (OP, 2, 8, "H", 0, VALUE, 0, None),
    (OP, 2, 12, "I", 60, OFFSET, 60, 32),
    (OP, 2, 16, "I", 4, VALUE, 4, None),
    (OP, 0, 16, "I", 2, VALUE, 2, None),
    (OP, 0, 16, "I", u32(12) // 4 * 4, POOL_RANGE, u32(12) // 4 * 4 + 12, u32(12)),
    (OP, 2, 24, "I", 0, STRING, 0, 0),
    (STEP, 3, 0, "H", 10, INDEX, 10, 10),
    (STEP, 3, 4, "H", 0, VALUE, 0, None),
    (STEP, 0, 2, "H", 1, SHAPE, 7, 6),
    (STEP, 0, 2, "H", 6, SHAPE, 7, 6),
    (STEP, 0, 4, "h", -2, VALUE, 0xFFFFFFFE, None),
    (INPUT, 0, 0, "H", 11, INDEX, 11, 11),
    (INPUT, 0, 2, "B", 2, VALUE, 2, None),
    (INPUT, 0, 3, "B", 0, VALUE, 0, None),
    (INPUT, 0, 4, "B", 7, VALUE, 7, None),
    (INPUT, 0, 5, "B", 2, VALUE, 2, None),
    (INPUT, 0, 6, "B", 1, RESERVED, 1, 0),
    (OUTPUT, 0, 5, "B", 1, VALUE, 1, None),
    (STEP, 0, 0, "H", 0xFFFF, VALUE, 0xFFFF, None),
    (INPUT, 0, 7, "B", 4, RESERVED, 4 << 8, 0),
    (INPUT, 0, 8, "I", 0, VALUE, 0, None),
    (INPUT, 0, 24, "I", 1, VALUE, 1, None),
    (INPUT, 0, 12, "I", 7, SHAPE, 70, 60),
    (INPUT, 0, 12, "I", 0xFFFFFFFF, SHAPE, 0xFFFFFFFF, 60),
    (INPUT, 0, 40, "I", 1, STRING, 1, 0),
    (OUTPUT, 0, 12, "I", 5, SHAPE, 5, 4),
]


@pytest.mark.parametrize("place, index, byte, fmt, value, code, a, b", RECORDS)
def test_records(place, index, byte, fmt, value, code, a, b):
    base = TABLES[INPUT] + 44 if place == OUTPUT else TABLES[place]
    damaged = blobs.patched(GOOD, base + RECORD_BYTES[place] * index + byte, fmt, value)
    assert verdict(damaged) == (code, place, index, a, byte if b is None else b)


def stage(kernel, at):
    """Damage to the output stage that lies at byte `at` of a kernel's parameters."""
    return [
        (kernel, at + 0, "I", 62, OFFSET), (kernel, at + 4, "I", len(GOOD), OFFSET),
        (kernel, at + 8, "I", len(GOOD), OFFSET),
        (kernel, at + 12, "h", 128, VALUE), (kernel, at + 12, "h", -129, VALUE), (kernel, at + 14, "h", -129, VALUE),
        (kernel, at + 16, "h", 128, VALUE), (kernel, at + 16, "h", -129, VALUE), (kernel, at + 18, "B", 2, VALUE),
        (kernel, at + 19, "B", 2, VALUE),
    ]  # fmt: skip


def window(kernel):
    """Damage to the window that starts a kernel's parameters."""
    zeros = [(kernel, 2 * i, "H", 0, VALUE) for i in range(12)]
    return zeros + [(kernel, 2 * i, "H", 257, VALUE) for i in range(8, 12)] + [
        (kernel, 0, "H", 4, SHAPE), (kernel, 2, "H", 1, SHAPE), (kernel, 4, "H", 70, SHAPE),
        (kernel, 6, "H", 50, SHAPE), (kernel, 8, "H", 50, SHAPE), (kernel, 10, "H", 50, SHAPE),
    ]  # fmt: skip


PARAMETERS = [
    *[(FC, 4 * i, "I", 9, SHAPE) for i in range(3)], (FC, 0, "I", 0, SHAPE), (FC, 12, "I", len(GOOD) - 8, OFFSET),
    *stage(FC, 16),
    *window(CONV), (CONV, 28, "h", 128, VALUE), (CONV, 28, "h", -129, VALUE), (CONV, 30, "H", 1, RESERVED),
    (CONV, 12, "H", 60000, POOL_RANGE), (CONV, 32, "I", 63, OFFSET), *stage(CONV, 36),
    *window(DEPTHWISE), (DEPTHWISE, 28, "h", 128, VALUE), (DEPTHWISE, 30, "H", 1, RESERVED),
    (DEPTHWISE, 32, "I", len(GOOD) - 8, OFFSET), (DEPTHWISE, 12, "H", 60000, OFFSET), *stage(DEPTHWISE, 36),
    *window(MAX), (MAX, 20, "H", 2, VALUE), (MAX, 22, "H", 2, VALUE), (MAX, 24, "H", 2, SHAPE),
    (MAX, 26, "H", 2, SHAPE), (MAX, 16, "H", 99, SHAPE), (MAX, 18, "H", 99, SHAPE), (MAX, 28, "h", -129, VALUE),
    (MAX, 30, "h", -101, VALUE), (MAX, 30, "h", 128, VALUE),
    *window(AVERAGE), (AVERAGE, 20, "H", 2, VALUE), (AVERAGE, 24, "H", 3, SHAPE), (AVERAGE, 30, "h", 128, VALUE),
    (SOFTMAX, 0, "I", 2, SHAPE), (SOFTMAX, 4, "I", 5, SHAPE), (SOFTMAX, 8, "I", 62, OFFSET),
    (SOFTMAX, 12, "H", 0, VALUE), (SOFTMAX, 12, "H", 257, VALUE), (SOFTMAX, 14, "H", 1, RESERVED),
    (ADD, 0, "I", 5, SHAPE), *[(ADD, 4 + 4 * i, "i", -1, VALUE) for i in range(3)],
    *[(ADD, 16 + 2 * i, "h", value, VALUE) for i in range(5) for value in (-129, 128)],
    (ADD, 26, "b", 1, VALUE), (ADD, 27, "b", -32, VALUE), (ADD, 28, "b", 31, VALUE), (ADD, 29, "B", 21, VALUE),
    (ADD, 30, "H", 1, RESERVED),
    *[(PAD, 2 * i, "H", 0, VALUE) for i in range(2)], (PAD, 0, "H", 2, SHAPE), (PAD, 2, "H", 4, SHAPE),
    (PAD, 4, "H", 3, SHAPE), (PAD, 6, "h", 128, VALUE), *[(PAD, 8 + 4 * i, "I", 99, SHAPE) for i in range(6)],
    (PAD, 16, "I", 0xFFFFFFFF, SHAPE),
    *[(MEAN, 4 * i, "I", 99, SHAPE) for i in range(3)], (MEAN, 12, "H", 4, SHAPE), (MEAN, 14, "h", 128, VALUE),
    (MEAN, 14, "h", -129, VALUE), (MEAN, 16, "i", -1, VALUE), (MEAN, 20, "i", 31, VALUE), (MEAN, 20, "i", -32, VALUE),
    (TABLE, 0, "I", 5, SHAPE), (TABLE, 4, "I", len(GOOD) - 100, OFFSET),
]  # fmt: skip


@pytest.mark.parametrize("kernel, byte, fmt, value, code", PARAMETERS)
def test_parameters(kernel, byte, fmt, value, code):
    found = verdict(blobs.patched(GOOD, params(kernel) + byte, fmt, value))
    assert found is not None and found[:3] == (code, OP, OPS[kernel])
    if code == VALUE:
        assert found[3:] == (value & 0xFFFFFFFF, byte)
    if code == RESERVED:
        assert found[3] == value


@pytest.mark.parametrize("kernel, stage_at", [(FC, 16), (CONV, 36), (DEPTHWISE, 36)])
def test_multipliers_and_shifts(kernel, stage_at):
    multiplier, shift = u32(params(kernel) + stage_at + 4), u32(params(kernel) + stage_at + 8)
    where = (OP, OPS[kernel])
    assert verdict(blobs.patched(GOOD, multiplier, "i", -1)) == (VALUE, *where, 0xFFFFFFFF, stage_at + 4)
    assert verdict(blobs.patched(GOOD, shift, "b", 31)) == (VALUE, *where, 31, stage_at + 8)
    assert verdict(blobs.patched(GOOD, shift, "b", -32)) == (VALUE, *where, 0xFFFFFFE0, stage_at + 8)
    # A quick stage shifts to the right, by less than another may.
    blob = blobs.patched(GOOD, params(kernel) + stage_at + 19, "B", 0)
    assert verdict(blobs.patched(blob, shift, "b", -31)) is None
    blob = blobs.patched(GOOD, params(kernel) + stage_at + 19, "B", 1)
    assert verdict(blobs.patched(blob, shift, "b", -31)) == (VALUE, *where, 0xFFFFFFE1, stage_at + 8)


def test_softmax_table():
    table = u32(params(SOFTMAX) + 8)
    where = (OP, OPS[SOFTMAX])
    assert verdict(blobs.patched(GOOD, table, "i", (1 << 30) - 1)) == (VALUE, *where, (1 << 30) - 1, 8)
    assert verdict(blobs.patched(GOOD, table + 4, "i", -1)) == (VALUE, *where, 0xFFFFFFFF, 8)


def one_op(make):
    b = blobs.Builder()
    make(b)
    return b.build()


def test_softmax_of_too_many_elements():
    def softmax(b, depth):
        b.softmax(b.tensor(1, depth), 1, 1, depth, blobs.exps(0.1, 9))

    assert verdict(one_op(lambda b: softmax(b, 4095))) is None
    assert verdict(one_op(lambda b: softmax(b, 4096))) == (VALUE, OP, 0, 4096, 4)


def test_depthwise_output_channels_are_a_multiple():
    def depthwise(b, out_c):
        w = blobs.Window(4, 4, 2, out_c)
        b.conv(blobs.DEPTHWISE_CONV2D, b.tensor(4, 8), 1, w, 0, [1] * out_c, blobs.Stage(random.Random(1), out_c))

    assert verdict(one_op(lambda b: depthwise(b, 4))) is None
    assert verdict(one_op(lambda b: depthwise(b, 3)))[:3] == (SHAPE, OP, 0)


def test_rings_must_hold_what_a_window_or_a_mean_reads():
    def pool(b, ring):
        b.pool2d(blobs.MAX_POOL, b.tensor(6, 4, ring=ring), 1, blobs.Window(6, 4, 1, 1, k=(3, 1)))

    def mean(b, ring):
        b.reduce_mean(b.tensor(6, 4, ring=ring), 2, 1, 4, 1, 3, 0, 1 << 30, 0, 0)

    for make in pool, mean:
        assert verdict(one_op(lambda b: make(b, 3))) is None
        assert verdict(one_op(lambda b: make(b, 2))) == (SHAPE, OP, 0, 3, 2)


def test_edges_are_whole_tensors_in_the_pool():
    def ring(b):
        b.input(b.tensor(4, 2, ring=3), [8])

    def constant(b):
        b.input(b.constant(1, [1, 2]), [2])

    assert verdict(one_op(ring)) == (SHAPE, INPUT, 0, 4, 3)
    assert verdict(one_op(constant)) == (VALUE, INPUT, 0, 0, 0)


def test_only_add_takes_constants_and_only_int8():
    def add(b):
        b.add(b.constant(1, [1, 2]), b.tensor(1, 2), 1, 2, [1, 1, 1], [0, 0, 0], -128, 127, [0, 0, 0], 20)

    def table(b):
        b.table(b.constant(1, [1, 2]), 1, 2, range(256))

    def wide(b):
        b.table(b.tensor(1, 4, dtype=4), 1, 4, range(256))

    assert verdict(one_op(add)) is None
    assert verdict(one_op(table)) == (VALUE, OP, 0, 0, 4)
    assert verdict(one_op(wide)) == (VALUE, OP, 0, 0, 4)


def test_crc32_where_binascii_has_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "binascii", types.ModuleType("binascii"))
    source = importlib.util.find_spec("tinyinfer._pure_proof")
    proof = importlib.util.module_from_spec(source)
    source.loader.exec_module(proof)
    assert proof.crc32 is not binascii.crc32
    assert proof.crc32(b"123456789") == 0xCBF43926
    assert proof.crc32(GOOD[100:], proof.crc32(GOOD[:100])) == binascii.crc32(GOOD)
