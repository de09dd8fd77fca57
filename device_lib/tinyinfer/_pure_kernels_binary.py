"""The kernels whose inputs broadcast, in plain Python: BINARY, COMPARE, SELECT. Called as in _pure_kernels."""

from array import array
from struct import unpack_from

from ._pure_fixed import high, reciprocal, requantise, row_at, rshift, wrap

_CODES = {1: "b", 3: "h", 4: "i", 6: "b"}  # by dtype
_DTYPE, _SPACE = 4, 5


def _elements(blob, pool, params, inputs, row):
    """For each input, its elements as the output row reads them: a list of outer * inner ints."""
    rows0, rows1, rows2, rows3, outer, inner, single0, single1, single2 = unpack_from("<4H2I3B", blob, params)
    lines = []
    for tensor, single in zip(inputs, (single0, single1, single2)):
        rest, index, place = row, 0, 1
        for bit, size in (8, rows3), (4, rows2), (2, rows1), (1, rows0):
            if not single & bit:
                index += rest % size * place
                place *= size
            rest //= size
        at = row_at(tensor, index)
        source = blob if tensor[_SPACE] else pool
        line = list(array(_CODES[tensor[_DTYPE]], bytes(source[at : at + tensor[1]])))
        if single & 32 and inner > 1:
            line = [q for q in line for _ in range(inner)]
        lines.append(line * outer if single & 16 else line)
    return lines


def _write(pool, output, row, line):
    at = row_at(output, row)
    pool[at : at + output[1]] = bytes(array(_CODES[output[_DTYPE]], line))


def _rescale(x, multiplier, shift, left_shift):
    return requantise(wrap(x << left_shift), multiplier, shift) if multiplier else x


def _rescaled(blob, offset, line):
    """The elements of an input less their zero point, by the ti_rescale at `offset`; each value is computed once."""
    multiplier, zero_point, shift, left_shift = unpack_from("<ihbB", blob, offset)
    known = {q: _rescale(wrap(q - zero_point), multiplier, shift, left_shift) for q in set(line)}
    return [known[q] for q in line]


def _quotient(x, y, multiplier, shift):
    """SPEC.md, "Quotient"."""
    if y < 0:
        x, y = -x, -y
    r, zeros = reciprocal(y) if y else (-1515870788, 32)
    headroom = 0
    while headroom < 31 and -0x40000000 <= x << headroom < 0x40000000:
        headroom += 1
    z = high(high(x << headroom, r), multiplier)
    right = 31 - zeros + headroom - shift
    return rshift(z, right) if 0 <= right <= 31 else (z >> (right & 31)) + (z >= 0)


def _binary(op, x, y):
    """What goes to the output's rescaling, except for PRELU and DIV."""
    if op == 0:
        return wrap(x + y)
    if op == 1:
        return wrap(x - y)
    if op == 2:
        return wrap(wrap(x - y) ** 2)
    if op == 5:
        return max(x, y)
    if op == 6:
        return min(x, y)
    return wrap(x * y)


def binary(blob, pool, params, inputs, output, row):
    """out = clamp(rescale(op(in1, in2)) + zero_point)."""
    multiplier, zero_point, shift, left_shift = unpack_from("<ihbB", blob, params + 36)
    positive, _, positive_shift, positive_left_shift, low, top, op = unpack_from("<ihbB2hB", blob, params + 44)
    line1, line2 = _elements(blob, pool, params, inputs, row)
    line1 = _rescaled(blob, params + 20, line1)
    line2 = _rescaled(blob, params + 28, line2)
    line = []
    for i in range(len(line1)):
        x = line1[i]
        if op == 7:
            q = _quotient(x, line2[i], multiplier, shift)
        elif op == 4 and x >= 0:
            q = _rescale(x, positive, positive_shift, positive_left_shift)
        else:
            q = _rescale(_binary(op, x, line2[i]), multiplier, shift, left_shift)
        q = wrap(q + zero_point)
        line.append(low if q < low else top if q > top else q)
    _write(pool, output, row, line)


def compare(blob, pool, params, inputs, output, row):
    """out = the bit of `holds` for in1 < in2, in1 == in2 or in1 > in2."""
    line1, line2 = _elements(blob, pool, params, inputs, row)
    line1 = _rescaled(blob, params + 20, line1)
    line2 = _rescaled(blob, params + 28, line2)
    holds = unpack_from("<I", blob, params + 36)[0]
    _write(pool, output, row, [holds >> ((x >= y) + (x > y)) & 1 for x, y in zip(line1, line2)])


def select(blob, pool, params, inputs, output, row):
    """out = in2 where in1 is true, else in3."""
    line1, line2, line3 = _elements(blob, pool, params, inputs, row)
    _write(pool, output, row, [x if condition else y for condition, x, y in zip(line1, line2, line3)])


KERNELS = {11: binary, 12: compare, 13: select}
