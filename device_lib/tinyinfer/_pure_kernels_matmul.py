"""BATCH_MATMUL and RESIZE_BILINEAR in plain Python. Called as in _pure_kernels."""

from struct import pack, unpack_from

from ._pure_fixed import int8s, int16s, row_at, rshift, scale_sum, wrap


def _elements(buffer, tensor, first, step, count):
    """`count` elements of a whole tensor, from number `first` on, `step` apart."""
    if tensor[4] == 3:
        return [int16s(buffer, tensor[0] + 2 * (first + i * step), 1)[0] for i in range(count)]
    return [(buffer[tensor[0] + first + i * step] & 0xFF ^ 0x80) - 0x80 for i in range(count)]


def batch_matmul(blob, pool, params, inputs, output, row):
    """out[c] = scaled sum over depth of (in - zero_point1) * (in2 - zero_point2), along the steps of each axis."""
    fields = unpack_from("<18I2i3h", blob, params)
    size, step1, step2 = fields[:6], fields[6:12], fields[12:18]
    multiplier, shift, zero_point1, zero_point2, zero_point = fields[18:]
    wide = output[4] == 3
    low, code, step = (-0x8000, "<h", 2) if wide else (-0x80, "<b", 1)
    memory1, memory2 = [blob if tensor[5] else pool for tensor in inputs]
    to = row_at(output, row)
    at1 = at2 = 0
    for axis in (3, 2, 1, 0):
        at1 += row % size[axis] * step1[axis]
        at2 += row % size[axis] * step2[axis]
        row //= size[axis]
    for _ in range(size[4]):
        a = _elements(memory1, inputs[0], at1, step1[5], size[5])
        b = _elements(memory2, inputs[1], at2, step2[5], size[5])
        total = 0
        for i in range(size[5]):
            total += (a[i] - zero_point1) * (b[i] - zero_point2)
        q = scale_sum(total, multiplier, shift, wide) + zero_point
        pool[to : to + step] = pack(code, low if q < low else ~low if q > ~low else q)
        to += step
        at1 += step1[4]
        at2 += step2[4]


def _position(i, scale, offset, size):
    """Where output element `i` lies in the input, in 1/1024 of an element; never outside it."""
    return min(max(wrap(i * scale + offset), 0), (size - 1 << 10) & 0xFFFFFFFF)


def _mix(a, b, distance):
    """The element 1/1024 * distance of the way from `a` to `b`, times 1024."""
    return a * 1024 + (b - a) * distance


def resize_bilinear(blob, pool, params, inputs, output, row):
    """out[x] = the mean of the four elements around (y, x), weighted by distance."""
    (in_h, out_h, in_w, out_w, depth, scale_h, offset_h, scale_w, offset_w) = unpack_from("<2H3I4i", blob, params)
    y = _position(row % out_h, scale_h, offset_h, in_h)
    above = row // out_h * in_h + (y >> 10)
    y &= 1023
    above, below = [int8s(pool, row_at(inputs[0], at), inputs[0][1]) for at in (above, above + (y > 0))]
    to = row_at(output, row)
    for i in range(out_w):
        x = _position(i, scale_w, offset_w, in_w)
        left = (x >> 10) * depth
        x &= 1023
        right = left + depth if x else left
        for c in range(depth):
            top = _mix(above[left + c], above[right + c], x)
            bottom = _mix(below[left + c], below[right + c], x)
            pool[to] = rshift(_mix(top, bottom, y), 20) & 0xFF
            to += 1


KERNELS = {19: batch_matmul, 20: resize_bilinear}
