"""The elementwise kernels between any integer dtypes and of int16, in plain Python."""

from array import array
from struct import unpack_from

from ._pure_fixed import int16s, requantise, row_at, squash, store, wrap

_CODES = (None, "b", "B", "h", "i", None, "B")  # of array, by dtype


def convert(blob, pool, params, inputs, output, row):
    """out = requantise(in - zero_point) + zero_point_out, with another multiplier below the zero point; or a cast."""
    (count, zero_point, zero_point_out, low, top, above, below, shift, shift_below, negate,
     cast) = unpack_from("<I6i2b2B", blob, params)  # fmt: skip
    source = inputs[0]
    at = row_at(source, row)
    dtype = output[4]
    bits = 8 * output[1] // count
    half = 1 << (bits - 1) if dtype != 2 else 0
    out = array(_CODES[dtype])
    for x in array(_CODES[source[4]], bytes(pool[at : at + source[1]])):
        if not cast:
            x = wrap(x - zero_point)
            if x >= 0:
                x = requantise(x, above, shift)
            elif negate == 1:
                x = requantise(wrap(-x), below, shift_below)
            else:
                x = requantise(x, below, shift_below)
                if negate == 2:
                    x = -x
            x = wrap(x + zero_point_out)
            x = top if x > top else low if x < low else x
        out.append(int(x != 0) if dtype == 6 else ((x + half) & ((1 << bits) - 1)) - half)
    store(pool, output, row, out)


def table16(blob, pool, params, inputs, output, row):
    """The logistic function, or tanh, between the values of a table."""
    count, table, multiplier, shift, is_tanh = unpack_from("<2IH2B", blob, params)
    table = unpack_from("<256H", blob, table)
    half = 1 << shift >> 1
    x = int16s(pool, row_at(inputs[0], row), count)
    store(pool, output, row, array("h", [squash(table, wrap(v * multiplier + half) >> shift, is_tanh) for v in x]))


KERNELS = {23: convert, 24: table16}
