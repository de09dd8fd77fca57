"""What the loader proves of the kernels that only move bytes. Called as in _pure_check_kernels."""

from struct import unpack_from

from ._pure_proof import FAULT_SHAPE, FAULT_VALUE, UINT32_MAX

_OFFSET, _ROW_BYTES, _ROWS, _RING, _DTYPE = range(5)
_DIMS = 6


def _reach(p, count, step, room):
    """What is left of `room` bytes after `count` steps of `step` bytes."""
    if step and count > room // step:
        p.fail(FAULT_SHAPE, count, room // step)
    return room - count * step


def _reach_signed(p, count, stride, below, above):
    """The same with room on both sides."""
    if stride < 0:
        return _reach(p, count, -stride, below), above
    return below, _reach(p, count, stride, above)


def _copy(p, params, inputs, output, scratch):
    source = inputs[0]
    in_start, out_start, row_dims, *reserved = unpack_from("<2I4B", p.blob, params)
    size = unpack_from("<6I", p.blob, params + 12)
    in_stride = unpack_from("<6i", p.blob, params + 36)
    out_stride = unpack_from("<6I", p.blob, params + 60)
    for value in reserved:
        p.reserved(value)
    p.between(row_dims, 0, _DIMS - 1, 8)
    total = source[_ROWS] * source[_ROW_BYTES]
    p.equal(total, total & UINT32_MAX)
    unit = total if source[_RING] == source[_ROWS] else source[_ROW_BYTES]
    if in_start >= total:
        p.fail(FAULT_SHAPE, in_start, total)
    room = output[_ROW_BYTES] - 1 - out_start
    if room < 0:
        p.fail(FAULT_SHAPE, out_start, output[_ROW_BYTES])
    below = in_start % unit
    start = in_start - below
    above = unit - 1 - below
    left = room
    for i in range(_DIMS - 1, row_dims - 1, -1):
        if size[i] == 0:
            p.fail(FAULT_VALUE, 0, 12 + 4 * i)
        if size[i] > 1 and out_stride[i] <= room - left:
            p.fail(FAULT_SHAPE, room - left + 1, out_stride[i])
        below, above = _reach_signed(p, size[i] - 1, in_stride[i], below, above)
        left = _reach(p, size[i] - 1, out_stride[i], left)
    if unit != total:
        below = start
        above = total - unit - start
    rows = 1
    for i in range(row_dims):
        p.between(size[i], 1, 0xFFFF, 12 + 4 * i)
        p.reserved(out_stride[i])
        below, above = _reach_signed(p, size[i] - 1, in_stride[i], below, above)
        if unit != total:
            p.equal(0, abs(in_stride[i]) % unit)
        rows *= size[i]
        if rows > output[_ROWS]:
            break
    p.equal(rows, output[_ROWS])


def _gather(p, params, inputs, output, scratch):
    source, chosen = inputs
    vectors, depth, count, inner, repeat = unpack_from("<5I", p.blob, params)
    p.equal(output[_ROWS], source[_ROWS])
    p.product(chosen[_ROWS], repeat, 1, output[_ROWS])
    p.product(vectors, depth, inner, source[_ROW_BYTES])
    p.product(vectors, count, inner, output[_ROW_BYTES])
    p.product(count, 4, 1, chosen[_ROW_BYTES])


_ANY = (1, 2, 3, 4, 6)
_I32 = (4,)

# As in _pure_check_kernels.
CHECKS = {
    14: (_copy, 84, 1, False, (_ANY,), _ANY),
    15: (_gather, 20, 3, False, (_ANY, _I32), _ANY),
}
