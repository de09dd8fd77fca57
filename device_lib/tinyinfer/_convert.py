"""Numbers to raw bytes and back. float32 arithmetic whatever the interpreter's floats are."""

from array import array

BUFFERS = (bytes, bytearray, memoryview, array)
_single = array("f", (1.0000001,))
_FLOAT32 = _single[0] != 1.0  # do this interpreter's floats have as many bits?


def _float32(x):
    """`x` rounded to float32. One rounding more than float32 arithmetic has changes no quotient of two float32."""
    _single[0] = x
    return _single[0]


def _flatten(x, out):
    for v in x:
        if isinstance(v, (list, tuple)):
            _flatten(v, out)
        else:
            out.append(v)


def _values(x):
    """`x` as a flat sequence of numbers."""
    if not isinstance(x, BUFFERS + (list, tuple)):
        raise TypeError("a tensor takes bytes, an array or a list of numbers, not %s" % type(x).__name__)
    for v in x:
        if isinstance(v, (list, tuple)):
            out = []
            _flatten(x, out)
            return out
    return x


def _scale(tensor):
    """Its bits where floats do not have as many."""
    if not tensor.scale > 0:
        raise ValueError("%s has no scale: give raw values instead of floats" % tensor.label())
    return tensor.scale if _FLOAT32 else tensor.scale_bits


def _put(out, i, size, value, flip):
    """Element i of `out`, of `size` bytes."""
    i *= size
    for k in range(i, i + size):
        out[k] = value & 0xFF ^ flip
        value >>= 8


def _quotients(values, scale, beyond):
    """float32 x / scale, rounded half away from zero, between -beyond and beyond; None for what is not a number."""
    for x in values:
        v = _float32(_float32(x) / scale)
        if v != v:
            yield None
            continue
        v = min(max(v, -beyond), beyond)  # infinities have no int()
        q = int(v)
        if v - q >= 0.5:
            q += 1
        elif v - q <= -0.5:
            q -= 1
        yield q


def _quantize_into(out, tensor, values, flip):
    """TFLite's QUANTIZE: float32 x / scale, rounded half away from zero, + zero point, clamped."""
    scale = _scale(tensor)
    zero_point = tensor.zero_point
    _, size, low, high, _ = tensor.kind
    beyond = high - low + 1  # the width of the range: no zero point can bring what is beyond back into it
    if _FLOAT32:
        rounded = _quotients(values, scale, float(beyond))
    else:
        from ._float_bits import quotients

        rounded = quotients(values, scale, beyond)
    i = 0
    for q in rounded:
        if q is None:
            raise ValueError("value %d for %s is not a number" % (i, tensor.label()))
        _put(out, i, size, min(max(q + zero_point, low), high), flip)
        i += 1


def quantize(tensor, values):
    values = _values(values)
    out = bytearray(len(values) * tensor.kind[1])
    _quantize_into(out, tensor, values, 0)
    return bytes(out)


def dequantize(tensor):
    scale = _scale(tensor)
    if not _FLOAT32:
        from ._float_bits import products

        return products(tensor, scale)
    zero_point = tensor.zero_point
    out = array("f", bytes(4 * len(tensor)))
    for i in range(len(out)):
        out[i] = (tensor[i] - zero_point) * scale
    return out


def raw(tensor, x):
    values = _values(x)
    out = bytearray(len(values) * tensor.kind[1])
    store(tensor, memoryview(out), values)
    return out


def store(tensor, part, x):
    """Write `x` to `part`, a memoryview of the tensor's data."""
    values = _values(x)
    flip = tensor.flip
    _, size, low, high, _ = tensor.kind
    if isinstance(x, BUFFERS) and len(x) and type(x[0]) is not float:
        raw = bytes(x)
        if len(raw) == len(part) and len(raw) // len(x) in (1, size):  # else an array of other integers
            part[:] = bytes(b ^ flip for b in raw) if flip else raw
            return
    if len(values) * size != len(part):
        count = len(part) // size
        raise ValueError("%d values were given for %d elements of %s" % (len(values), count, tensor.label()))
    for v in values:
        if isinstance(v, float):
            _quantize_into(part, tensor, values, flip)
            return
    i = 0
    for v in values:
        if not isinstance(v, (int, bool)):  # which are no ints in MicroPython
            raise TypeError("value %d for %s is %r, not a number" % (i, tensor.label(), v))
        if not low <= v <= high:
            raise ValueError(
                "value %d for %s is %d: raw values lie in %d..%d, real values must be floats"
                % (i, tensor.label(), v, low, high)
            )
        _put(part, i, size, v, flip)
        i += 1
