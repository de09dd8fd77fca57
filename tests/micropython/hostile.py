# Wrong types, wrong self, buffers that change under the engine: an exception, never a crash.
import struct

import _tinyinfer
from _tinyinfer import Engine, check

with open("digits.tin", "rb") as f:
    good = f.read()
size = check(good)


def refused(error, do, *args):
    try:
        do(*args)
    except error as e:
        return e.args
    raise AssertionError((error, args))


class Sub(Engine):
    pass


class NoInit(Engine):
    def __init__(self):
        pass


class Early(Engine):
    """Uses what is not made yet."""

    def __init__(self, *args):
        for name, *more in methods:
            refused((AttributeError, TypeError), lambda: getattr(self, name)(*more))
        super().__init__(*args)


class Evil:
    def __len__(self):
        return 1 << 40

    def __getitem__(self, i):
        return 0


assert type(_tinyinfer.BACKEND) is str
evil = Evil()
for args in ((), (good,), (good, None, 5), (None, None), (5, 5), (good, 5), (good, good), (evil, evil), (good, evil)):
    refused(TypeError, Engine, *args)
refused(TypeError, check, 5)
refused(TypeError, check, Evil())
refused(TypeError, check)
assert refused(ValueError, check, b"") == (2, 0, 0, 0, 0)
assert refused(ValueError, Engine, good[:-4], None) == (5, 0, 0, len(good) - 4, len(good))
assert refused(ValueError, Engine, good, bytearray(size - 1)) == (14, 0, 0, size - 1, size)

e = Engine(good, None)
sub = Sub(good, None)
assert len(e.pool()) == len(sub.pool()) == size
sub.run()
assert sub.selftest() == e.selftest() == -1

methods = (
    ("run",), ("step", 1), ("op",), ("restart",), ("reopen",), ("fill", 1), ("selftest",), ("pool",), ("state",), ("busy",),
    ("write", 0, b"", 0),
)  # fmt: skip
refused(TypeError, NoInit)
assert Early(good, None).selftest() == -1
for name, *args in methods:
    for wrong in (None, 5, "text", Evil(), sub, Engine, NoInit, 1.5, good):
        refused(TypeError, getattr(Engine, name), wrong, *args)
refused(TypeError, e.step, "1")
refused(TypeError, e.step, None)
refused(TypeError, e.fill, "1")
refused(TypeError, e.run, 1)
assert e.step(0) is True and e.step(-1) is True and e.step(10**6) is False

# write() stays inside a tensor, whose number it takes.
pool = bytearray(size + 100)
w = Engine(good, pool)
tensors = struct.unpack_from("<H", good, 16)[0]
at, row_bytes, _, rows = struct.unpack_from("<IIHH", good, struct.unpack_from("<I", good, 28)[0])
w.write(0, b"\x01\x02\x03\x04", 0x80)
assert bytes(pool[at : at + 4]) == b"\x81\x82\x83\x84"
w.write(0, bytes(row_bytes * rows), 0)
for args in ((0, bytes(row_bytes * rows + 1), 0), (tensors, b"", 0), (-1, b"1", 0), (1 << 63, b"1", 0)):
    refused(ValueError, w.write, *args)
for args in ((0, 5, 0), (0, None, 0), ("0", b"1", 0), (0, b"1", "0")):
    refused(TypeError, w.write, *args)
assert bytes(pool[size:]) == bytes(100)

# The pool may not be the blob, nor a part of it.
shared = bytearray(good) + bytearray(size)
refused(ValueError, Engine, shared, shared)
refused(ValueError, Engine, shared, memoryview(shared)[len(good) // 4 * 4 :])

# Nor may the state, which is not too short either.
refused(ValueError, Engine, shared, bytearray(size), shared)
with open("sum.tin", "rb") as f:
    refused(ValueError, Engine, f.read(), bytearray(size), bytearray(3))

# A blob that is no longer what was proved does not run until it is proved again.
blob = bytearray(good)
e = Engine(blob, None)
for at in range(0, len(good), 37):
    blob[at] ^= 0x55
    refused(ValueError, e.reopen)
    for name, *args in methods:
        refused(ValueError, getattr(e, name), *args)
    blob[at] ^= 0x55
    e.reopen()
    assert e.selftest() == -1

# None of them may shrink or move.
blob = bytearray(good)
with open("sum.tin", "rb") as f:
    stateful = Engine(f.read(), pool)
assert stateful.state() is not pool and len(stateful.state()) == 4
own = Engine(good, None)
for buffer, engine in ((stateful.state(), stateful), (pool, w), (blob, Engine(blob, None)), (own.state(), own)):
    engine.run()
    buffer[:] = b""
    for name, *args in methods:
        refused(ValueError, getattr(engine, name), *args)

# What the module looks up is not the caller's.
ValueError_, TypeError_ = ValueError, TypeError
ValueError = TypeError = bytearray = 5
for error, args in ((ValueError_, (b"", None)), (TypeError_, (5, None))):
    try:
        Engine(*args)
        raise AssertionError
    except error:
        pass
assert e.selftest() == -1 and Engine(good, None).selftest() == -1
