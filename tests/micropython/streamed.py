# Weights from a file: the bytes of the model in memory, in RAM that is known; a file that is damaged, or changes, is told.
import gc
import struct
import sys

import tinyinfer

x = bytes([i * 22 + 128 & 255 for i in range(64)])


def read(path):
    with open(path, "rb") as f:
        return bytearray(f.read())


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def refused(error, words, do, *args, **more):
    try:
        do(*args, **more)
    except error as e:
        assert words in str(e), e
        return
    raise AssertionError("no %s: %s" % (error, words))


def stream(path, pool=None):
    return tinyinfer.load(path, pool, stream=True)


whole = tinyinfer.load("digits.tin")
want = bytes(whole(x).data)
m = stream("digits_weights.tin")
mapped = tinyinfer.load("digits_weights.tin")
resident = len(m._blob)
assert repr(m).endswith(" B file, {:,} B of it in RAM>".format(resident)), m
assert m.pool_bytes == mapped.pool_bytes and 4 * resident < m.blob_bytes
for _ in range(3):
    assert bytes(m(x).data) == want and bytes(mapped(x).data) == want
m.selftest()
mapped.selftest()
assert m.labels == whole.labels
assert [layer[:2] for layer in m.profile()] == [layer[:2] for layer in whole.profile()]
for rows in (1, 3, 100):
    m.input.set(x)
    for _ in m.steps(rows):
        pass
    assert bytes(m.output.data) == want
    for stop in range(1, 9):
        m.input.set(bytes(64))
        for _ in zip(range(stop), m.steps(rows)):
            pass
        assert bytes(m(x).data) == want

# State, and constants that several layers read.
for name in ("lstm", "svdf", "sum"):
    s = stream(name + "_weights.tin")
    t = tinyinfer.load(name + ".tin")
    for _ in range(2):
        for i in range(20):
            given = bytes([(i * 7 + k * 31) & 255 for k in range(len(t.input.data))])
            assert bytes(s(given).data) == bytes(t(given).data), (name, i)
        s.selftest()
        t.reset()

# An input row by row, too.
s = stream("digits_both.tin")
s.selftest()
for _ in range(2):
    for at in range(0, 64, 8):
        got = s.feed(memoryview(x)[at : at + 8])
    assert bytes(got.data) == want

# RAM: the pool, what is resident, and a few objects; one byte less of pool is an error that names both numbers.
size = m.pool_bytes
refused(ValueError, "the pool has %d bytes and model digits needs %d" % (size - 1, size), stream, "digits_weights.tin", bytearray(size - 1))
assert bytes(stream("digits_weights.tin", bytearray(size))(x).data) == want
if hasattr(gc, "mem_alloc") and "Python" not in tinyinfer.backend:
    n = struct.unpack_from("<H", m._blob, 66)[0]
    gc.collect()
    before = gc.mem_alloc()
    s = stream("digits_weights.tin")
    gc.collect()
    taken = gc.mem_alloc() - before
    print("takes", taken, "bytes,", size, "are the pool,", resident, "resident,", n, "segments")
    assert size + resident <= taken < size + resident + 2560 + 64 * n, taken
    s(x)
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(100):
        s(x)
    assert gc.mem_alloc() == before
    s = None

# One Pool, in turn and held.
pool = tinyinfer.Pool(max(size, whole.pool_bytes))
a, b = stream("digits_weights.tin", pool), tinyinfer.load("digits.tin", pool)
for _ in range(3):
    assert bytes(a(x).data) == want and bytes(b(x).data) == want
a.input.set(x)
steps = a.steps()
next(steps)
refused(RuntimeError, "model digits cannot use the pool while model digits is in the middle", b.run)
for _ in steps:
    pass
assert bytes(a.output.data) == want
a.close()
refused(RuntimeError, "model digits was closed", a.run)
assert bytes(b(x).data) == want

# What is not for streaming, or no file.
refused(ValueError, "digits.tin has its weights in one piece: build it with `packer build --stream-weights`", stream, "digits.tin")
refused(OSError, "cannot open missing.tin", stream, "missing.tin")
refused(TypeError, "reads weights from a path, not from bytes", stream, b"TINF")
refused(TypeError, "as pool", stream, "digits_weights.tin", b"read-only" * 2000)

# Damage is found at load, wherever it is.
good = read("digits_weights.tin")
for at in range(0, len(good), 97):
    bad = bytearray(good)
    bad[at] ^= 0x11
    write("bad.tin", bad)
    refused(ValueError, "bad.tin", stream, "bad.tin")
for n in (0, 10, 71, 72, 500, resident, len(good) - 4, len(good) - 1):
    write("bad.tin", good[:n])
    refused(ValueError, "bad.tin", stream, "bad.tin")
write("bad.tin", b"\x1c\0\0\0TFL3" + bytes(200))
refused(ValueError, "bad.tin is a TensorFlow Lite model", stream, "bad.tin")


# A file that changes later gives a sentence, or other numbers, and the model works again once it is back.
def changes():
    write("bad.tin", good)
    m = stream("bad.tin")
    assert bytes(m(x).data) == want
    told = 0
    for at in range(resident, len(good) - 4, 41):
        bad = bytearray(good)
        bad[at] ^= 0xFF
        with open("bad.tin", "r+b") as f:
            f.write(bad)
        try:
            m(x)
        except ValueError as e:
            assert str(e).startswith("bad.tin: op "), e
            told += 1
    assert told > 3
    with open("bad.tin", "wb") as f:
        f.write(good[: resident + 10])
    refused(ValueError, "bad.tin has become shorter", m.run)
    refused(ValueError, "bad.tin has become shorter", m.selftest)
    with open("bad.tin", "wb") as f:
        f.write(good)
    m.restart()
    assert bytes(m(x).data) == want


if sys.implementation.name != "cpython":  # whose files remember what they have read
    changes()
