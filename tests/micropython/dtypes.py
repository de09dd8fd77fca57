# Inputs and outputs of other types than int8.
from array import array

import tinyinfer


def refused(error, words, do, *args):
    try:
        do(*args)
    except error as e:
        assert words in str(e), e
    else:
        raise AssertionError("no %s: %s" % (error, words))


# int16 in, int32 out: the same numbers, at scales 1/4 and 1/2.
m = tinyinfer.load("int16.tin")
t, y = m.input, m.output
assert (t.dtype, t.shape, t.scale, len(t), len(t.data)) == ("int16", (1, 5), 0.25, 5, 10), t
assert (y.dtype, len(y), len(y.data)) == ("int32", 5, 20), y
assert repr(m).startswith("<Model int16: int16[1,5] -> int32[1,5], "), m
raw = [0, 4, -6, 32000, -32768]
half = [0, 2, -3, 16000, -16384]
for x in (
    raw, tuple(raw), [raw[:2], raw[2:]], array("h", raw), memoryview(array("h", raw)), bytes(array("h", raw)),
    bytearray(bytes(array("h", raw))), array("i", raw), [v / 4 for v in raw], array("f", [v / 4 for v in raw]),
):  # fmt: skip
    t.data[:] = bytes(10)
    t.set(x)
    assert list(t) == raw, (x, list(t))
    assert list(m(x)) == half, (x, list(y))
assert list(y.dequantize()) == [v / 2 for v in half]
assert t[1] == 4 and t[-1] == -32768 and t[1:3] == array("h", [4, -6]) and t[5:] == array("h")
assert y[3] == 16000 and y[-1] == -16384 and y[3:] == array("i", [16000, -16384]) and y.argmax() == 3
t.set(raw)
t[2] = 300
t[3:] = [-1, 7]
t[0:1] = [2.0]
assert list(t) == [8, 4, 300, -1, 7] and t.argmax() == 2
t[:] = raw
assert list(t) == raw
assert t.quantize([0.25, -1.0, 1e30]) == bytes(array("h", [1, -4, 32767]))
refused(ValueError, "value 1 for tensor", t.set, [0, 32768, 0, 0, 0])
refused(ValueError, "raw values lie in -32768..32767", t.set, [-32769, 0, 0, 0, 0])
refused(ValueError, "4 values were given for 5 elements", t.set, raw[:4])
refused(ValueError, "9 values were given for 5 elements", t.set, bytes(9))
refused(ValueError, "10 values were given for 5 elements", t.set, array("h", 10 * [1]))


def one_for_two():
    t[0:2] = [1]


refused(ValueError, "1 values were given for 2 elements", one_for_two)
refused(ValueError, "no slices with a step", lambda: t[::2])
refused(IndexError, "", lambda: t[5])
refused(IndexError, "", t.__setitem__, -6, 0)

# int32 in: both ends of its range.
m = tinyinfer.load("int32.tin")
t = m.input
assert t.dtype == "int32" and m.output.dtype == "bool"
ends = [-(2**31), 2**31 - 1, -1, 0, 70000]
for x in (ends, array("i", ends), bytes(array("i", ends))):
    t.set(x)
    assert list(t) == ends, (x, list(t))
refused(ValueError, "value 0 for tensor", t.set, [2**31, 0, 0, 0, 0])
assert t.argmax() == 1

# bool out: x > 0.
assert list(m(ends)) == [0, 1, 0, 0, 1] and m.output[1] == 1 and m.output.argmax() == 1
assert bytes(m.output.data) == bytes([0, 1, 0, 0, 1]) and m.output[3:] == array("B", [0, 1])

# bool in: not x.
m = tinyinfer.load("bool.tin")
for x in ([True, False, True], [1, 0, 1], bytes([1, 0, 1]), array("B", [1, 0, 1])):
    m.input.set(x)
    assert list(m.input) == [1, 0, 1], x
    assert list(m(x)) == [0, 1, 0], x
refused(ValueError, "raw values lie in 0..1", m.input.set, [0, 2, 0])
