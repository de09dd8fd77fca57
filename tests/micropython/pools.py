# The pool: exact, shared, refused.
import gc

import tinyinfer

m = tinyinfer.load("digits.tin")
x = bytes([i * 22 + 128 & 255 for i in range(64)])
want = m(x)[:]
size = m.pool_bytes

# One byte too small is an error that names both numbers.
for small in (size - 1, 0):
    for pool in (tinyinfer.Pool(small), memoryview(bytearray(small + 100))[:small]):
        try:
            tinyinfer.load("digits.tin", pool=pool)
            raise AssertionError
        except ValueError as e:
            text = "the pool has %d bytes and model digits needs %d: give it tinyinfer.Pool(%d)" % (small, size, size)
            assert str(e) == text, e

# Exact and larger pools, and a part of one.
whole = bytearray(size + 64)
for pool in (tinyinfer.Pool(size), tinyinfer.Pool(size + 1), memoryview(whole)[64:]):
    assert tinyinfer.load("digits.tin", pool=pool)(x)[:] == want
assert bytes(whole[:64]) == bytes(64)

# Two models in one pool, in turn; tests/micropython/shared.py has the rest.
pool = tinyinfer.Pool(max(size, 10000))
gc.collect()
before = gc.mem_alloc()
a = tinyinfer.load("digits.tin", pool=pool)
b = tinyinfer.load("two.tin", pool)
gc.collect()
if tinyinfer.backend != "pure Python":
    taken = gc.mem_alloc() - before
    assert taken < a.blob_bytes + b.blob_bytes + 2 * 1152, taken
sums = b([1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60])[:]
for _ in range(3):
    assert a(x)[:] == want
    assert b([1, 2, 3, 4, 5, 6], [10, 20, 30, 40, 50, 60])[:] == sums

# What cannot be a pool.
for pool in (b"read-only" * 1000, 4096, "text" * 2500, memoryview(bytes(10000))):
    try:
        tinyinfer.load("digits.tin", pool=pool)
        raise AssertionError(pool)
    except TypeError as e:
        assert "as pool a bytearray or a writable memoryview" in str(e), e

# A pool that does not fit the heap.
with open("digits.tin", "rb") as f:
    blob = bytearray(f.read())
try:
    from tinyinfer._pure_proof import checksum
    import struct

    struct.pack_into("<I", blob, 12, 0x7FFFFFF0)
    struct.pack_into("<I", blob, len(blob) - 4, checksum(0, blob[:-4]))
    tinyinfer.load(blob)
    raise AssertionError
except MemoryError as e:
    assert str(e) == "the buffer needs a pool of 2147483632 bytes, and the heap has no such block", e
