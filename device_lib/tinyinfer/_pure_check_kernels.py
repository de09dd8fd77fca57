"""What the loader proves of each kernel's parameters, in the order of the kernels in native_modules/core/kernels.

Every check is called as check(proof, params, inputs, output, scratch): `params` is the offset of the parameters, and
tensors are as Proof.tensor gives them.
"""

from struct import unpack_from

from ._pure_proof import FAULT_SHAPE

_OFFSET, _ROW_BYTES, _ROWS, _RING, _DTYPE = range(5)


def stage(p, offset, channels, at, is_int16=False, wide=0):
    """ti_output_stage at `offset`; `at` is its byte in the kernel's parameters."""
    bias, multiplier, shift, zero_point, low, high, per_channel, quick = unpack_from("<3I3h2B", p.blob, offset)
    n = channels if per_channel else 1
    least = -0x8000 if is_int16 else -0x80
    p.between(quick, 0, 1, at + 19)
    p.between(per_channel, 0, 1, at + 18)
    p.between(zero_point, least, ~least, at + 12)
    p.between(low, least, ~least, at + 14)
    p.between(high, low, ~least, at + 16)
    p.offset(bias, (8 if wide else 4) * channels, 4)
    p.offset(multiplier, 4 * n, 4)
    p.offset(shift, n, 1)
    low, high = (-23, -1) if quick else (-31, 14 if wide else 30)
    for i in range(n):
        p.between(unpack_from("<i", p.blob, multiplier + 4 * i)[0], 0, 0x7FFFFFFF, at + 4)
        p.between(unpack_from("<b", p.blob, shift + i)[0], low, high, at + 8)


def _weights(p, offset, weights, k, out_c, scratch, single):
    """The matrix [out_c][k] at `weights` and its ti_pairs at `offset`; one pixel by itself takes `single` bytes of scratch."""
    runs, chunk, is_coded = unpack_from("<I2H", p.blob, offset)
    words = (k + 3) // 4 * 4
    p.reserved(chunk & 3)
    p.between(is_coded, 0, 1, 6)
    if chunk:
        p.pool(scratch, 4 * words)
    if is_coded:
        from ._pure_check_coded import coded

        coded(p, chunk, weights, k, out_c, scratch, 4 * words if chunk else single)
    else:
        p.offset(weights, out_c * k, 1)
    if not chunk:
        p.reserved(runs)
        return
    if not is_coded:
        p.offset(weights, out_c * k + words - k, 1)
    if not runs:
        return
    for _ in range(0, out_c, 2):
        done = 0
        while done < -(-words // chunk):
            p.offset(runs, 1, 1)
            done += p.blob[runs] + 1
            runs += 1


def _bytes(tensor):
    """Of an int8 or int16 element."""
    return 2 if tensor[_DTYPE] == 3 else 1


def window(p, fields, source, output):
    """ti_window, as unpacked."""
    for i in range(12):
        p.between(fields[i], 1, 0xFFFF if i < 8 else 256, 2 * i)
    in_h, in_w, in_c, out_h, out_w, out_c, k_h, _, _, _, dilation_h = fields[:11]
    p.images(source, output, in_h, out_h)
    p.product(in_w, in_c, _bytes(source), source[_ROW_BYTES])
    p.product(out_w, out_c, _bytes(output), output[_ROW_BYTES])
    p.ring(source, (k_h - 1) * dilation_h + 1)


def _fully_connected(p, params, inputs, output, scratch):
    source = inputs[0]
    pixels, in_c, out_c, weights = unpack_from("<4I", p.blob, params)
    p.equal(source[_ROWS], output[_ROWS])
    p.product(pixels, in_c, 1, source[_ROW_BYTES])
    p.product(pixels, out_c, 1, output[_ROW_BYTES])
    stage(p, params + 16, out_c, 16)
    _weights(p, params + 36, weights, in_c, out_c, scratch, 0)


def _conv(p, params):
    """What convolutions prove; the offset of their weights."""
    zero_point, reserved, weights = unpack_from("<hHI", p.blob, params + 28)
    p.between(zero_point, -128, 127, 28)
    p.reserved(reserved)
    return weights


def _conv2d(p, params, inputs, output, scratch):
    fields = unpack_from("<14H", p.blob, params)
    patch = fields[6] * fields[7] * fields[2]
    weights = _conv(p, params)
    window(p, fields, inputs[0], output)
    stage(p, params + 36, fields[5], 36)
    p.pool(scratch, patch)
    _weights(p, params + 56, weights, patch, fields[5], scratch, -(-patch // 4) * 4)


def _depthwise_conv2d(p, params, inputs, output, scratch):
    fields = unpack_from("<14H", p.blob, params)
    in_c, out_c = fields[2], fields[5]
    p.offset(_conv(p, params), fields[6] * fields[7] * out_c, 1)
    window(p, fields, inputs[0], output)
    p.product(out_c // in_c, in_c, 1, out_c)
    stage(p, params + 36, out_c, 36)


def _never_empty(p, size, out, taps, stride, pad):
    """Each window begins before the input's end and ends after its start."""
    if pad >= taps:
        p.fail(FAULT_SHAPE, pad + 1, taps)
    if (out - 1) * stride >= size + pad:
        p.fail(FAULT_SHAPE, (out - 1) * stride + 1, size + pad)


def pool_window(p, params, source, output):
    """The ti_window that starts a pool's parameters."""
    fields = unpack_from("<14H", p.blob, params)
    window(p, fields, source, output)
    (in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, stride_h, stride_w, dilation_h, dilation_w,
     pad_top, pad_left) = fields  # fmt: skip
    p.equal(in_c, out_c)
    p.between(dilation_h, 1, 1, 20)
    p.between(dilation_w, 1, 1, 22)
    _never_empty(p, in_h, out_h, k_h, stride_h, pad_top)
    _never_empty(p, in_w, out_w, k_w, stride_w, pad_left)


def _pool2d(p, params, inputs, output, scratch):
    low, high = unpack_from("<2h", p.blob, params + 28)
    p.min_max(low, high, 28)
    pool_window(p, params, inputs[0], output)


def softmax(p, params, inputs, output):
    """The fields of a ti_softmax and the tensors."""
    count, depth, table, table_count, reserved = unpack_from("<3I2H", p.blob, params)
    p.reserved(reserved)
    p.between(table_count, 1, 256, 12)
    p.offset(table, 4 * table_count, 4)
    p.elements(inputs[0], output, count, depth)


def exps(p, params):
    """The depth and the table of a ti_softmax."""
    depth, table, table_count = unpack_from("<2IH", p.blob, params + 4)
    p.between(depth, 1, 4095, 4)
    for i in range(table_count):
        p.between(unpack_from("<i", p.blob, table + 4 * i)[0], 0 if i else 1 << 30, 0x7FFFFFFF, 8)


def _softmax(p, params, inputs, output, scratch):
    softmax(p, params, inputs, output)
    exps(p, params)


def _add(p, params, inputs, output, scratch):
    (count, multiplier1, multiplier2, multiplier_out, zero_point1, zero_point2, zero_point, low, high,
     shift1, shift2, shift_out, left_shift, reserved) = unpack_from("<I3i5h3bBH", p.blob, params)  # fmt: skip
    p.reserved(reserved)
    for tensor in inputs:
        p.equal(output[_ROWS], tensor[_ROWS])
    for tensor in (output, inputs[0], inputs[1]):
        p.equal(count, tensor[_ROW_BYTES])
    for i, multiplier in enumerate((multiplier1, multiplier2, multiplier_out)):
        p.between(multiplier, 0, 0x7FFFFFFF, 4 + 4 * i)
    for i, value in enumerate((zero_point1, zero_point2, zero_point)):
        p.between(value, -128, 127, 16 + 2 * i)
    p.min_max(low, high, 22)
    p.between(shift1, -31, 0, 26)
    p.between(shift2, -31, 0, 27)
    p.between(shift_out, -31, 30, 28)
    p.between(left_shift, 0, 20, 29)


def _pad(p, params, inputs, output, scratch):
    source = inputs[0]
    in_h, out_h, pad_top, fill, in_w, out_w, pad_left, in_c, out_c, pad_c = unpack_from("<3Hh6I", p.blob, params)
    p.between(in_h, 1, 0xFFFF, 0)
    p.between(out_h, 1, 0xFFFF, 2)
    p.between(fill, -128, 127, 6)
    p.product(in_w, in_c, 1, source[_ROW_BYTES])
    p.product(out_w, out_c, 1, output[_ROW_BYTES])
    p.images(source, output, in_h, out_h)
    for before, size, out in (pad_top, in_h, out_h), (pad_left, in_w, out_w), (pad_c, in_c, out_c):
        if before + size > out:
            p.fail(FAULT_SHAPE, before + size, out)


def reduction(p, source, output, outer, width, inner, rows):
    """What the kernels that reduce over `rows` input rows and over the width prove of their tensors' sizes."""
    p.product(output[_ROWS], rows, 1, source[_ROWS])
    p.product(outer, width, inner, source[_ROW_BYTES], _bytes(source))
    p.product(outer, inner, 4 if output[_DTYPE] == 4 else _bytes(output), output[_ROW_BYTES])


def _reduce_mean(p, params, inputs, output, scratch):
    source = inputs[0]
    outer, width, inner, rows, zero_point, multiplier, shift, _ = unpack_from("<3IHh3i", p.blob, params)
    least = -0x8000 if source[_DTYPE] == 3 else -0x80
    p.equal(source[_DTYPE], output[_DTYPE])
    reduction(p, source, output, outer, width, inner, rows)
    p.between(shift, -31, 30, 20)
    p.between(multiplier, 0, 0x7FFFFFFF, 16)
    p.between(zero_point, least, ~least, 14)
    p.ring(source, rows)


def _table(p, params, inputs, output, scratch):
    count, table = unpack_from("<2I", p.blob, params)
    p.elements(inputs[0], output, count, 1)
    p.offset(table, 256, 1)


# dtypes, as in enum ti_dtype
_I8 = (1,)
_I8_I16 = (1, 3)
_BYTE = (1, 2, 6)
_ANY = (1, 2, 3, 4, 6)

# By kernel number: the check, bytes of parameters, bit i: input i may be a constant, has it scratch memory, dtypes of each
# input, of the output.
CHECKS = {
    1: (_fully_connected, 44, 0, True, (_I8,), _I8),
    2: (_conv2d, 64, 0, True, (_I8,), _I8),
    3: (_depthwise_conv2d, 56, 0, False, (_I8,), _I8),
    4: (_pool2d, 32, 0, False, (_I8,), _I8),
    5: (_pool2d, 32, 0, False, (_I8,), _I8),
    6: (_softmax, 16, 0, False, (_I8,), _I8_I16),
    7: (_add, 32, 3, False, (_I8, _I8), _I8),
    8: (_pad, 32, 0, False, (_ANY,), _ANY),
    9: (_reduce_mean, 28, 0, False, (_I8_I16,), _I8_I16),
    10: (_table, 8, 0, False, (_BYTE,), _BYTE),
}
