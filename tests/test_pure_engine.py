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


def test_write_stays_in_the_models_part_of_the_pool():
    blob = blobs.every_kernel()
    size = _pure.check(blob)
    engine = _pure.Engine(blob, bytearray(size + 4))
    engine.write(2, bytes([0, 1, 0xFF]), 0x80)
    engine.write(size - 1, array("b", [-2]), 0)
    assert engine.pool()[:6] == bytes([0, 0, 0x80, 0x81, 0x7F, 0]) and engine.pool()[size - 1] == 0xFE
    for offset in -1, size - 1:
        with pytest.raises(ValueError, match="outside the pool"):
            engine.write(offset, bytes(2), 0)
    with pytest.raises(TypeError):
        engine.write(0, array("h", [1]), 0)


@pytest.mark.parametrize("pool", [bytes(4096), memoryview(bytes(4096)), array("i", range(1024)), 4096])
def test_a_pool_is_a_writable_buffer_of_bytes(pool):
    with pytest.raises(TypeError):
        _pure.Engine(blobs.every_kernel(), pool)
