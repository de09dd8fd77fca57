# Wrong types, wrong self, buffers that change under the engine: an exception, never a crash.
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


assert type(_tinyinfer.ARCH) is str
evil = Evil()
for args in ((), (good,), (good, None, None), (None, None), (5, 5), (good, 5), (good, good), (evil, evil), (good, evil)):
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

methods = (("run",), ("step", 1), ("op",), ("restart",), ("fill", 1), ("selftest",), ("pool",), ("write", 0, b"", 0))
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

# write() stays inside the pool, also where the memory given is larger.
pool = bytearray(size + 100)
w = Engine(good, pool)
w.write(size - 4, b"\x01\x02\x03\x04", 0x80)
assert bytes(pool[size - 4 : size]) == b"\x81\x82\x83\x84"
w.write(size, b"", 0)
for args in ((size - 3, b"1234", 0), (size + 1, b"", 0), (-1, b"1", 0), (1 << 63, b"1", 0), (0, bytes(size + 1), 0)):
    refused(ValueError, w.write, *args)
for args in ((0, 5, 0), (0, None, 0), ("0", b"1", 0), (0, b"1", "0")):
    refused(TypeError, w.write, *args)
assert bytes(pool[size:]) == bytes(100)

# The pool may not be the blob, nor a part of it.
shared = bytearray(good) + bytearray(size)
refused(ValueError, Engine, shared, shared)
refused(ValueError, Engine, shared, memoryview(shared)[len(good) // 4 * 4 :])

# Neither may shrink or move.
blob = bytearray(good)
for buffer, engine in ((pool, w), (blob, Engine(blob, None))):
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
