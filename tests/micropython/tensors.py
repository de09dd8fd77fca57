# Tensors and what goes into them and comes out.
from array import array

import tinyinfer


def refused(error, words, do, *args):
    try:
        do(*args)
    except error as e:
        assert words in str(e), e
    else:
        raise AssertionError("no %s: %s" % (error, words))


m = tinyinfer.load("digits.tin")
assert repr(m) == "<Model digits: int8[1,8,8,1] -> int8[1,10], %s B RAM, %s B blob in RAM>" % (
    "{:,}".format(m.pool_bytes),
    "{:,}".format(m.blob_bytes),
), m
assert m.name == "digits" and m.inputs == (m.input,) and m.outputs == (m.output,)
assert m.labels == [str(i) for i in range(10)] and m.meta["labels"] == m.labels
t = m.input
assert (t.shape, t.dtype, t.scale, t.zero_point, len(t)) == ((1, 8, 8, 1), "int8", 1 / 16, -128, 64)
assert "int8[1,8,8,1], scale 0.0625, zero point -128" in repr(t), t

# The same raw values, whatever they come in.
raw = [(i * 37) % 256 - 128 for i in range(64)]
unsigned = bytes([v & 255 for v in raw])
rows = [raw[8 * i : 8 * i + 8] for i in range(8)]
for x in (
    raw, tuple(raw), rows, [rows], unsigned, bytearray(unsigned), memoryview(unsigned), array("b", raw),
    array("B", unsigned), array("h", raw),
):  # fmt: skip
    m.restart()
    t.data[:] = bytes(64)
    t.set(x)
    assert list(t) == raw, x
    t[:] = bytes(64)
    t[:] = x
    assert bytes(t.data) == unsigned
assert t[0] == raw[0] and t[-1] == raw[-1] and list(t[3:9]) == raw[3:9]
assert isinstance(t[3:9], array) and max(t) == max(raw)
t[5] = -7
t[-1] = 9
t[10:13] = [1, -2, 3]
t[20:22] = b"\xff\x80"
assert (t[5], t[63], list(t[10:13]), list(t[20:22])) == (-7, 9, [1, -2, 3], [-1, -128])

# The same real values. 1/16 a step from -128 on, rounded half away from zero, clamped.
real = [0.0, 1 / 16, 0.09375, 0.08, 15.9, 16.0, -1.0, 1e30, float("inf"), float("-inf"), -1e30] + [0.5] * 53
want = [-128, -127, -126, -127, 126, 127, -128, 127, 127, -128, -128] + [-120] * 53
for x in (real, tuple(real), array("f", real), array("d", real), [real[:32], real[32:]], memoryview(array("f", real))):
    t.set(bytes(64))
    t.set(x)
    assert list(t) == want, (x, list(t))
t[0] = 0.5
t[1:3] = (1, 2.0)  # one float makes all of them real values
assert list(t[:3]) == [-120, -112, -96]
assert t.quantize([0.5, 1]) == b"\x88\x90"
t.set([0.5] * 63 + [0.0])
assert list(t.dequantize()) == [0.5] * 63 + [0.0] and isinstance(t.dequantize(), array)

refused(ValueError, "63 values were given for 64 elements of tensor", t.set, raw[:63])
refused(ValueError, "65 values were given for 64 elements of tensor", t.set, bytes(65))
refused(ValueError, "0 values were given for 64 elements of tensor", t.set, b"")
refused(ValueError, "64 elements", m, array("f", 3 * [1.0]))
refused(ValueError, "value 2 for tensor", t.set, [0, 0, 128] + 61 * [0])
refused(ValueError, "raw values lie in -128..127, real values must be floats", t.set, [-129] + 63 * [0])
refused(ValueError, "value 1 for tensor", t.set, [0.0, float("nan")] + 62 * [0.0])
refused(ValueError, "is not a number", t.quantize, [float("nan")])
refused(TypeError, "not int", t.set, 5)
refused(TypeError, "not a number", t.set, 64 * ["a"])
refused(TypeError, "not NoneType", m, None)
refused(TypeError, "takes 1 inputs, 2 were given", m, raw, raw)
refused(IndexError, "", lambda: t[64])
refused(IndexError, "", t.__setitem__, 64, 0)

# argmax: the largest signed value, the first of equals.
out = m.output
out.data[:] = bytes([200, 5, 127, 127, 255, 0, 1, 2, 3, 4])
assert out.argmax() == 2

# Two inputs.
two = tinyinfer.load("two.tin")
assert repr(two).startswith("<Model two: int8[1,6], int8[1,6] -> int8[1,6], "), two
assert two.labels is None
y = two([1, 2, 3, 4, 5, 6], array("b", [10, 20, 30, 40, 50, 60]))
assert y is two.output
assert list(y.dequantize()) == [11 / 2, 22 / 2, 33 / 2, 44 / 2, 55 / 2, 66 / 2], list(y.dequantize())
assert list(two([0.5] * 6, [1.0] * 6).dequantize()) == [1.5] * 6
refused(TypeError, "takes 2 inputs, 1 were given", two, raw)

# uint8 at the edges: the same model but for the sign.
u = tinyinfer.load("uint8.tin")
s = tinyinfer.load("int8.tin")
assert (u.input.dtype, u.output.dtype, u.input.zero_point, s.input.zero_point) == ("uint8", "uint8", 128, 0)
pixels = list(range(0, 250, 50))
signed = [p - 128 for p in pixels]
want = [v + 128 for v in s(signed)]
for x in (pixels, bytes(pixels), array("B", pixels)):
    y = u(x)
    assert list(y) == want and list(y[:]) == want, (x, list(y), want)
    assert list(u.output.dequantize()) == list(s.output.dequantize())
u.input.set(pixels)
assert list(u.input) == pixels and list(u.input[1:3]) == pixels[1:3] and u.input[-1] == pixels[-1]
u.input[0] = 255
u.input[1:3] = bytes([7, 8])
assert list(u.input[:3]) == [255, 7, 8]
assert u.input.quantize([0.0, 1.0]) == bytes([128, 144])
refused(ValueError, "raw values lie in 0..255", u.input.set, [0, 1, 2, 3, 256])
assert list(u([p / 16 for p in signed])) == want[:0] + [v + 128 for v in s([p / 16 for p in signed])]
assert u.output.argmax() == s.output.argmax()
