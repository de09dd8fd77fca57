"""The proofs of GENERAL_CONV, TRANSPOSE_CONV, POOL16, BATCH_MATMUL and RESIZE_BILINEAR; see _pure_check_kernels."""

from struct import unpack_from

from ._pure_check_kernels import pool_window, stage, window
from ._pure_proof import FAULT_SHAPE, FAULT_VALUE

_ROW_BYTES, _ROWS, _RING, _DTYPE = 1, 2, 3, 4
_INT16 = 3


def _general_conv(p, params, inputs, output, scratch):
    source = inputs[0]
    fields = unpack_from("<14H", p.blob, params)
    up_h, up_w, group_c, zero_point, weights, wide, reserved = unpack_from("<3HhI2H", p.blob, params + 28)
    p.equal(source[_DTYPE], output[_DTYPE])
    in_c, out_c, k_h, k_w = fields[2:3] + fields[5:8]
    p.between(up_h, 1, 256, 28)
    p.between(up_w, 1, 256, 30)
    p.between(group_c, 1, 0xFFFF, 32)
    p.between(zero_point, -128, 127, 34)
    p.between(wide, 0, 1, 40)
    p.reserved(reserved)
    p.offset(weights, k_h * k_w * group_c * out_c, 1)
    window(p, fields, source, output)
    groups = in_c // group_c
    p.product(groups, group_c, 1, in_c)
    p.product(groups, out_c // groups, 1, out_c)
    stage(p, params + 44, out_c, 44, output[_DTYPE] == _INT16, wide)


def _pool16(p, params, inputs, output, scratch):
    low, high, average, reserved = unpack_from("<2h2H", p.blob, params + 28)
    p.between(high, low, 0x7FFF, 30)
    p.between(average, 0, 1, 32)
    p.reserved(reserved)
    pool_window(p, params, inputs[0], output)


def _steps(p, tensor, size, steps):
    """Every element that the steps lead to is one of the tensor's, which is held as a whole, and no sum is endless."""
    elements = tensor[_ROWS] * tensor[_ROW_BYTES] // (2 if tensor[_DTYPE] == _INT16 else 1)
    past = 1
    for i in range(6):
        if size[i] == 0 or i == 5 and steps[i] == 0:
            p.fail(FAULT_VALUE, 0, 4 * i)
        past += (size[i] - 1) * steps[i]
        if past > elements:
            p.fail(FAULT_SHAPE, past, elements)
    p.equal(tensor[_ROWS], tensor[_RING])


def _batch_matmul(p, params, inputs, output, scratch):
    fields = unpack_from("<18I2i3hH", p.blob, params)
    size = fields[:6]
    multiplier, shift = fields[18:20]
    wide = output[_DTYPE] == _INT16
    for i in range(3):
        p.between(fields[20 + i], -128, 127, 80 + 2 * i)
    for tensor in inputs:
        p.equal(tensor[_DTYPE], output[_DTYPE])
    p.product(size[4], 2 if wide else 1, 1, output[_ROW_BYTES])
    p.between(multiplier, 0, 0x7FFFFFFF, 72)
    p.reserved(fields[23])
    _steps(p, inputs[0], size, fields[6:12])
    _steps(p, inputs[1], size, fields[12:18])
    p.between(shift, -31, 14 if wide else 30, 76)


def _resize_bilinear(p, params, inputs, output, scratch):
    source = inputs[0]
    in_h, out_h, in_w, out_w, depth = unpack_from("<2H3I", p.blob, params)
    p.between(in_h, 1, 0xFFFF, 0)
    p.between(out_h, 1, 0xFFFF, 2)
    p.product(in_w, depth, 1, source[_ROW_BYTES])
    p.product(out_w, depth, 1, output[_ROW_BYTES])
    p.images(source, output, in_h, out_h)
    p.ring(source, 2)


# dtypes, as in enum ti_dtype
_I8 = (1,)
_I16 = (3,)

# As in _pure_check_kernels.
CHECKS = {
    18: (_general_conv, 64, 0, False, (_I8 + _I16,), _I8 + _I16),
    19: (_batch_matmul, 88, 3, False, (_I8 + _I16, _I8 + _I16), _I8 + _I16),
    20: (_resize_bilinear, 32, 0, False, (_I8,), _I8),
    26: (_general_conv, 64, 0, False, (_I8 + _I16,), _I8 + _I16),
    27: (_pool16, 36, 0, False, (_I16,), _I16),
}
