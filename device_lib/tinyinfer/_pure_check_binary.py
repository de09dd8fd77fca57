"""What the loader proves of BINARY, COMPARE and SELECT, as native_modules/core/ti_broadcast.c and their kernels do.

Called as in _pure_check_kernels.
"""

from struct import unpack_from

from ._pure_proof import FAULT_VALUE

_ROW_BYTES, _ROWS, _RING, _DTYPE = 1, 2, 3, 4
_INT8, _INT16, _INT32, _BOOL = 1, 3, 4, 6


def _sizes(p, sizes, single, tensor):
    """A tensor is of the sizes [rows × 4, outer, inner], or 1 along the dimensions of `single`."""
    rows = 1
    for i in range(4):
        if rows <= 0xFFFF:
            rows *= 1 if single >> i & 1 else sizes[i]
    element_bytes = {_INT16: 2, _INT32: 4}.get(tensor[_DTYPE], 1)
    p.equal(rows, tensor[_ROWS])
    p.product(1 if single & 16 else sizes[4], 1 if single & 32 else sizes[5], element_bytes, tensor[_ROW_BYTES])


def _broadcast(p, params, inputs, output, dtype):
    """ti_broadcast; the last two inputs are of `dtype`."""
    values = unpack_from("<4H2I4B", p.blob, params)
    _sizes(p, values, 0, output)
    indexes = unpack_from("<3H", p.start, p.ops + 28 * p.index + 4)
    for k in range(3):
        single = values[6 + k]
        p.between(single, 0, 63 if k < len(inputs) else 0, 16 + k)
        if k < len(inputs):
            tensor = inputs[k]
            if k + 2 >= len(inputs) and tensor[_DTYPE] != dtype:
                p.fail(FAULT_VALUE, indexes[k], 4 + 2 * k)
            _sizes(p, values, single, tensor)
            if single & 15:
                p.equal(tensor[_ROWS], tensor[_RING])


def _element(p, value, dtype, at):
    if dtype != _INT16:
        p.between(value, -128, 127, at)


def _rescales(p, params, at, count, dtype):
    """`count` ti_rescale from byte `at` of the parameters on."""
    for at in range(at, at + 8 * count, 8):
        multiplier, zero_point, shift, left_shift = unpack_from("<ihbB", p.blob, params + at)
        p.between(multiplier, 0, 0x7FFFFFFF, at)
        _element(p, zero_point, dtype, at + 4)
        p.between(shift, -31, 30, at + 6)
        p.between(left_shift, 0, 20, at + 7)


def _binary(p, params, inputs, output, scratch):
    dtype = inputs[0][_DTYPE]
    low, high, op, *reserved = unpack_from("<2h4B", p.blob, params + 52)
    p.reserved(p.blob[params + 19])
    _element(p, low, dtype, 52)
    _element(p, high, dtype, 54)
    p.between(high, low, 0x7FFF, 54)
    p.between(op, 0, 7, 56)
    for value in reserved:
        p.reserved(value)
    _broadcast(p, params, inputs, output, output[_DTYPE])
    _rescales(p, params, 20, 4, dtype)


def _compare(p, params, inputs, output, scratch):
    dtype = inputs[0][_DTYPE]
    holds = unpack_from("<I", p.blob, params + 36)[0]
    p.reserved(p.blob[params + 19])
    p.between(holds - (1 << 32) if holds >> 31 else holds, 0, 7, 36)
    _broadcast(p, params, inputs, output, dtype)
    _rescales(p, params, 20, 2, dtype)


def _select(p, params, inputs, output, scratch):
    p.reserved(p.blob[params + 19])
    _broadcast(p, params, inputs, output, output[_DTYPE])


_NARROW = (_INT8, _INT16, _BOOL)
_ALL = (_INT8, _INT16, _INT32, _BOOL)
_WIDE = (_INT8, _INT16, _INT32)

# As CHECKS in _pure_check_kernels.
CHECKS = {
    11: (_binary, 60, 3, False, (_NARROW, _NARROW), _NARROW),
    12: (_compare, 40, 3, False, (_ALL, _ALL), (_BOOL,)),
    13: (_select, 20, 7, False, ((_BOOL,), _WIDE, _WIDE), _WIDE),
}
