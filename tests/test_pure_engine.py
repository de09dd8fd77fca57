"""The pure-Python engine around the kernels: steps, selftest, writes, and what it takes for a blob and a pool."""

import struct
import zlib
from array import array

import numpy as np
import pytest
from support import blobs
from support.blobs import Builder
from tinyinfer import _pure


def model(rows, row_bytes, shape):
    builder = Builder()
    x = builder.tensor(rows, row_bytes)
    builder.input(x, shape)
    return builder, x


def test_step_counts_rows_and_restarts():
    b, tensor = model(3, 2, [3, 2])
    b.table(b.table(tensor, 3, 2, range(256)), 3, 2, range(256))
    blob = b.build()
    engine = _pure.Engine(blob, bytearray(_pure.check(blob)))
    seen = []
    for _ in range(2):
        more = True
        while more:
            seen.append(engine.op())
            more = engine.step(1)
    assert seen == [0, 0, 0, 1, 1, 1] * 2
    assert engine.step(5) and not engine.step(5)
    assert engine.op() == 0
    engine.step(4)
    engine.restart()
    assert engine.op() == 0 and engine.step(5)


def xorshift16(seed, count):
    out = bytearray()
    s = np.uint16(seed)
    for _ in range(count):
        s ^= np.uint16(s << np.uint16(7))
        s ^= np.uint16(s >> np.uint16(9))
        s ^= np.uint16(s << np.uint16(8))
        out.append(int(s) & 0xFF)
    return bytes(out)


def test_selftest_names_the_first_op_that_differs():
    b, tensor = model(4, 8, [4, 8])
    x = xorshift16(0x1234, 32)
    inverted, halved = [255 - i for i in range(256)], [i // 2 for i in range(256)]
    b.table(b.table(tensor, 4, 8, inverted), 4, 8, halved)
    first = bytes(inverted[v] for v in x)
    checks = [zlib.crc32(first), zlib.crc32(bytes(halved[v] for v in first))]
    good = b.build(checks=checks)
    ops = struct.unpack_from("<I", good, 32)[0]

    def verdict(blob):
        pool = bytearray(_pure.check(blob))
        engine = _pure.Engine(blob, pool)
        engine.step(3)
        result = engine.selftest()
        assert bytes(pool[:32]) == x
        return result

    assert verdict(good) == -1
    assert verdict(blobs.patched(good, ops + 28 + 20, "I", checks[1] ^ 1)) == 1
    assert verdict(blobs.patched(good, ops + 20, "I", checks[0] ^ 1)) == 0


def test_a_blob_is_only_read_and_may_be_a_memoryview():
    blob = blobs.every_kernel()
    pool = bytearray(_pure.check(blob) + 5)
    copy = bytes(blob)
    engine = _pure.Engine(memoryview(blob), memoryview(pool))
    engine.fill(7)
    engine.run()
    assert blob == copy and bytes(pool[-5:]) == bytes(5)
    assert any(pool)


def test_a_pool_too_small_names_both_sizes():
    blob = blobs.every_kernel()
    needed = _pure.check(blob)
    _pure.Engine(blob, bytearray(needed))
    with pytest.raises(ValueError) as error:
        _pure.Engine(blob, bytearray(needed - 1))
    assert error.value.args == (14, 0, 0, needed - 1, needed)


def test_an_engine_without_a_pool_makes_one():
    blob = blobs.every_kernel()
    pool = _pure.Engine(blob, None).pool()
    assert type(pool) is bytearray and len(pool) == _pure.check(blob)
    assert _pure.Engine(blob, pool).pool() is pool


def test_write_stays_in_the_tensor():
    b = Builder()
    b.tensor(1, 4)
    x, constant = b.tensor(2, 3), b.constant(1, [1, 2])
    b.input(x, [2, 3])
    engine = _pure.Engine(b.build(), bytearray(12))
    engine.write(x, bytes([0, 1, 0xFF]), 0x80)
    assert engine.pool() == bytes([0, 0, 0, 0, 0x80, 0x81, 0x7F, 0, 0, 0, 0, 0])
    engine.write(x, array("b", [-2] * 6), 0)
    assert engine.pool() == bytes([0] * 4 + [0xFE] * 6 + [0] * 2)
    for tensor, size in (x, 7), (constant, 1), (-1, 0), (3, 0):
        with pytest.raises(ValueError, match="outside a tensor"):
            engine.write(tensor, bytes(size), 0)
    with pytest.raises(TypeError):
        engine.write(x, array("h", [1]), 0)


def test_state_lies_beside_a_pool_that_is_given():
    """The same bytes as with a pool of its own, whatever others do to the pool between two inferences."""
    blob = blobs.streamed_with_state()
    own = _pure.Engine(blob, None)
    size = _pure.check(blob)
    state_bytes = struct.unpack_from("<I", blob, 60)[0]
    assert state_bytes == 24 and len(own.pool()) == size and own.state() is own.pool()
    with pytest.raises(ValueError) as error:
        _pure.Engine(blob, bytearray(size - state_bytes - 1))
    assert error.value.args == (14, 0, 0, size - state_bytes - 1, size - state_bytes)
    pool = bytearray(size - state_bytes)
    models = [_pure.Engine(blob, pool) for _ in range(2)]
    assert all(m.pool() is pool and len(m.state()) == state_bytes for m in models)
    assert models[0].state() is not models[1].state()
    want = []
    for run in range(3):
        row = bytes([run] * 6)
        while not own.feed(row, 0):
            pass
        want.append(bytes(own.pool()))
    for model in models:
        for run in range(3):
            pool[:] = bytes([0x55]) * len(pool)
            while not model.feed(bytes([run] * 6), 0):
                assert model.busy()
            assert not model.busy()
            assert bytes(model.state()) == want[run][:state_bytes]
            got, wanted = bytes(pool), want[run][state_bytes:]
            out = struct.unpack_from("<H", blob, struct.unpack_from("<I", blob, 40)[0] + 44)[0]
            offset, row_bytes, rows = struct.unpack_from("<IIH", blob, struct.unpack_from("<I", blob, 28)[0] + 16 * out)
            at = slice(offset - state_bytes, offset - state_bytes + row_bytes * rows)
            assert got[at] == wanted[at]


def test_busy_from_the_first_row_to_the_last():
    b, tensor = model(3, 2, [3, 2])
    b.table(b.table(tensor, 3, 2, range(256)), 3, 2, range(256))
    engine = _pure.Engine(b.build(), None)
    assert not engine.busy()
    assert [(engine.step(1), engine.busy()) for _ in range(6)] == [(True, True)] * 5 + [(False, False)]
    engine.step(2)
    engine.restart()
    assert not engine.busy()


@pytest.mark.parametrize("pool", [bytes(4096), memoryview(bytes(4096)), array("i", range(1024)), 4096])
def test_a_pool_is_a_writable_buffer_of_bytes(pool):
    with pytest.raises(TypeError):
        _pure.Engine(blobs.every_kernel(), pool)
