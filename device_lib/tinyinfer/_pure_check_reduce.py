"""The proofs of the kernels in _pure_kernels_reduce and _pure_kernels_unary; see _pure_check_kernels."""

from struct import unpack_from

from ._pure_check_kernels import exps, reduction, softmax
from ._pure_proof import FAULT_VALUE


def _reduce_max(p, params, inputs, output, scratch):
    outer, width, inner, rows, minimum = unpack_from("<3I2H", p.blob, params)
    reduction(p, inputs[0], output, outer, width, inner, rows)
    p.between(minimum, 0, 1, 14)
    p.ring(inputs[0], rows)


def _l2_norm(p, params, inputs, output, scratch):
    count, depth, zero_point = unpack_from("<2Ii", p.blob, params)
    p.elements(inputs[0], output, count, depth)
    p.between(zero_point, -128, 127, 8)
    if depth > 33025:
        p.fail(FAULT_VALUE, depth, 4)


def _log_softmax(p, params, inputs, output, scratch):
    softmax(p, params, inputs, output)
    p.reserved(unpack_from("<H", p.blob, params + 26)[0])
    p.multipliers(params, 16, 24, 2)
    exps(p, params)


def _convert(p, params, inputs, output, scratch):
    count, _, _, low, top = unpack_from("<I4i", p.blob, params)
    negate, cast = unpack_from("<2B", p.blob, params + 30)
    p.elements(inputs[0], output, count, 1)
    p.between(top, low, 0x7FFFFFFF, 16)
    p.multipliers(params, 20, 28, 2)
    p.between(negate, 0, 2, 30)
    p.between(cast, 0, 1, 31)


def _table16(p, params, inputs, output, scratch):
    count, table, _, shift, is_tanh = unpack_from("<2IH2B", p.blob, params)
    p.elements(inputs[0], output, count, 1)
    p.offset(table, 512, 2)
    p.between(shift, 0, 31, 10)
    p.between(is_tanh, 0, 1, 11)


def _softmax16(p, params, inputs, output, scratch):
    count, depth, table, reciprocals, _, _, *reserved = unpack_from("<4Iib3B", p.blob, params)
    for value in reserved:
        p.reserved(value)
    p.elements(inputs[0], output, count, depth)
    p.multipliers(params, 16, 20, 1)
    p.offset(table, 1026, 2)
    p.offset(reciprocals, 1026, 2)
    if depth > 65536:
        p.fail(FAULT_VALUE, depth, 4)
    for i, value in enumerate(unpack_from("<513h", p.blob, table)):
        p.between(value, 0 if i < 511 else 1 << 14, 0x7FFF, 8)


_I8 = (1,)
_I16 = (3,)
_I32 = (4,)
_ANY = (1, 2, 3, 4, 6)

CHECKS = {
    16: (_reduce_max, 16, 0, False, (_I8,), _I8),
    17: (_reduce_max, 16, 0, False, (_I8,), _I32),
    21: (_l2_norm, 12, 0, False, (_I8,), _I8),
    22: (_log_softmax, 28, 0, False, (_I8,), _I8),
    23: (_convert, 32, 0, False, (_ANY,), _ANY),
    24: (_table16, 12, 0, False, (_I16,), _I16),
    25: (_softmax16, 24, 0, False, (_I16,), _I16),
}
