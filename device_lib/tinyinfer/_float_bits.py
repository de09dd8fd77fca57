"""float32 arithmetic on bits, for where an interpreter's floats have fewer: CircuitPython's lose their last two.

Imported when such an interpreter converts floats. A float in an array keeps its bits as long as nobody reads it.
"""

from array import array
from struct import pack_into, unpack_from

_INFINITY = 0x7F800000
_HIDDEN = 0x800000  # the first bit of a mantissa, which is not stored


def _parts(bits):
    """(m, e) of a positive number, m * 2^e; m has 24 bits unless it is 0."""
    m, e = bits & _HIDDEN - 1, bits >> 23
    if e:
        return m | _HIDDEN, e - 150
    e = -149
    while 0 < m < _HIDDEN:
        m <<= 1
        e -= 1
    return m, e


def _nearest(quotient, remainder, divisor):
    """The quotient, rounded to nearest; ties to even."""
    twice = 2 * remainder
    return quotient + 1 if twice > divisor or twice == divisor and quotient & 1 else quotient


def rounded_quotient(x, divisor, beyond):
    """float32 x / divisor, rounded half away from zero, between -beyond and beyond, which is below 2^33.

    x and divisor > 0: float32 as bits. None where x is not a number.
    """
    magnitude = x & 0x7FFFFFFF
    if magnitude > _INFINITY:
        return None
    m, e = _parts(magnitude)
    d, f = _parts(divisor)
    k = 23 if m >= d else 24  # for a quotient of 24 bits
    q, r = divmod(m << k, d)
    q, shift = _nearest(q, r, d), f + k - e
    if shift < -9:
        q = beyond if m else 0
    elif shift <= 0:
        q <<= -shift
    else:
        q = q + (1 << shift - 1) >> shift if shift < 26 else 0
    q = min(q, beyond)
    return -q if x >> 31 else q


def product(n, factor):
    """The bits of the integer n times a positive float32, rounded once to float32."""
    m, e = _parts(factor)
    m *= abs(n)
    shift = 0
    while m >> shift >= 2 * _HIDDEN or e + shift < -149:
        shift += 1
    m, e = _nearest(m >> shift, m & (1 << shift) - 1, 1 << shift), e + shift
    if m == 2 * _HIDDEN:
        m, e = _HIDDEN, e + 1
    while m < _HIDDEN and e > -149:
        if not m:
            break
        m <<= 1
        e -= 1
    bits = min(e + 150 << 23 | m & _HIDDEN - 1, _INFINITY) if m >= _HIDDEN else m
    return bits | 0x80000000 if n < 0 else bits


def _holds_float32(values):
    """Whether it is a buffer of elements of 4 bytes, not of 8."""
    try:
        unpack_from("<I", values, 4 * len(values) - 4)
    except Exception:  # no buffer
        return False
    try:
        unpack_from("<I", values, 4 * len(values))
        return False
    except Exception:
        return True


def quotients(values, divisor, beyond):
    """rounded_quotient() of each value; `divisor`: the bits."""
    as_they_are = _holds_float32(values)
    word = bytearray(4)
    for i in range(len(values)):
        if as_they_are:
            x = unpack_from("<I", values, 4 * i)[0]
        else:
            pack_into("<f", word, 0, values[i])
            x = unpack_from("<I", word, 0)[0]
        yield rounded_quotient(x, divisor, beyond)


def products(tensor, factor):
    """array('f') of each (q - zero point) of a tensor times `factor`, bits."""
    out = bytearray(4 * len(tensor))
    zero_point = tensor.zero_point
    for i in range(len(tensor)):
        pack_into("<I", out, 4 * i, product(tensor[i] - zero_point, factor))
    return array("f", bytes(out))
