"""What the loader proves of the kernels that remember; see _pure_check_kernels."""

from struct import unpack_from

_OFFSET, _ROW_BYTES, _ROWS, _RING, _DTYPE = range(5)
_INT16 = 3


def _lstm(p, params, inputs, output, scratch):
    source, hidden, cell = inputs
    in_c, units, steps, zero_point, cell_min, cell_max, weights, bias, sigmoid = unpack_from("<3H3h3I", p.blob, params)
    p.equal(output[_ROWS], source[_ROWS])
    p.equal(hidden[_ROWS], cell[_ROWS])
    p.equal(in_c, source[_ROW_BYTES])
    p.equal(units, output[_ROW_BYTES])
    p.equal(units, hidden[_ROW_BYTES])
    p.equal(2 * units, cell[_ROW_BYTES])
    p.between(steps, 1, 0xFFFF, 4)
    p.between(zero_point, -128, 127, 6)
    p.between(cell_max, cell_min, 0x7FFF, 10)
    p.between(unpack_from("<b", p.blob, params + 79)[0], -30, 14, 79)
    p.offset(bias, 32 * units, 4)
    p.offset(sigmoid, 512, 2)
    p.multipliers(params, 24, 68, 11)
    p.offset(weights, 4 * units * (in_c + units), 1)


def _svdf(p, params, inputs, output, scratch):
    source, state = inputs
    (in_c, units, rank, memory, weights, time_weights, filter_bias, bias, _, _, _, zero_point, _, _,
     reserved) = unpack_from("<4H4I2i2h2bH", p.blob, params)  # fmt: skip
    filters = units * rank
    size = 2 if state[_DTYPE] == _INT16 else 1
    p.reserved(reserved)
    p.equal(output[_ROWS], source[_ROWS])
    p.equal(output[_ROWS], state[_ROWS])
    p.equal(in_c, source[_ROW_BYTES])
    p.equal(units, output[_ROW_BYTES])
    p.product(filters, memory, size, state[_ROW_BYTES])
    p.offset(weights, filters * in_c, 1)
    p.offset(filter_bias, 4 * filters, 4)
    p.offset(bias, 4 * units, 4)
    p.between(zero_point, -128, 127, 34)
    p.multipliers(params, 24, 36, 2)
    p.offset(time_weights, state[_ROW_BYTES], size)


_I8 = (1,)
_I16 = (3,)
_I8_I16 = (1, 3)

CHECKS = {
    28: (_lstm, 80, 0, False, (_I8, _I8, _I16), _I8),
    29: (_svdf, 40, 0, False, (_I8, _I8_I16), _I8),
}
