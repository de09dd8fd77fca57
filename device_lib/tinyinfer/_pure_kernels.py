"""The kernels that need no window, in plain Python: each makes one output row, as SPEC.md says under "Kernels".

Every kernel is called as kernel(blob, pool, params, inputs, output, row): `params` is the offset of its parameters,
`inputs` and `output` are tensors as unpacked from ti_tensor. _pure_check has proved every access.
"""

from array import array
from struct import unpack_from

from ._pure_fixed import OutputStage, high, int8s, int16s, reciprocal, requantise, row_at, rshift, store, wrap


def weight_rows(blob, coded, weights, k, out_c):
    """The weights of one output channel after the other, int8 [k]; `coded` is the offset of ti_pairs.coded."""
    if unpack_from("<H", blob, coded)[0]:
        from ._pure_coded import rows

        return rows(blob, weights, k, out_c)
    return (int8s(blob, weights + c * k, k) for c in range(out_c))


def fully_connected(blob, pool, params, inputs, output, row):
    """out[pixel][c] = stage(sum over i of x[pixel][i] * weights[c][i])."""
    pixels, in_c, out_c, weights = unpack_from("<4I", blob, params)
    stage = OutputStage(blob, params + 16, out_c)
    start = row_at(inputs[0], row)
    vectors = [int8s(pool, start + i * in_c, in_c) for i in range(pixels)]
    out = row_at(output, row)
    c = 0
    for w in weight_rows(blob, params + 42, weights, in_c, out_c):
        to = out + c
        for x in vectors:
            accumulator = 0
            i = 0
            for v in x:
                accumulator += v * w[i]
                i += 1
            pool[to] = stage.byte(accumulator, c)
            to += out_c
        c += 1


def softmax(blob, pool, params, inputs, output, row):
    """out[v][c] = exp(x[v][c]) / sum over c, from the least of the output's dtype on, on a scale of 1/256 or 1/65536."""
    count, depth, table, table_count = unpack_from("<3IH", blob, params)
    exps = unpack_from("<%di" % table_count, blob, table)
    at = row_at(inputs[0], row)
    code, least, bits = ("h", -0x8000, 27) if output[4] == 3 else ("b", -0x80, 35)
    out = array(code)
    for _ in range(count):
        x = int8s(pool, at, depth)
        top = max(x)
        total = 0
        for v in x:
            if top - v < table_count:
                total += rshift(exps[top - v], 12)
        r, zeros = reciprocal(total)
        for v in x:
            q = least
            if top - v < table_count:
                q += rshift(high(r, exps[top - v]), bits - zeros)
            out.append(~least if q > ~least else least if q < least else q)
        at += depth
    store(pool, output, row, out)


def add(blob, pool, params, inputs, output, row):
    """out = requantise(a + b) of two inputs brought to one scale."""
    (count, multiplier1, multiplier2, multiplier_out, zero_point1, zero_point2, zero_point, low, top,
     shift1, shift2, shift_out, left_shift) = unpack_from("<I3i5h3bB", blob, params)  # fmt: skip
    a, b = [int8s(blob if t[5] else pool, row_at(t, row), count) for t in inputs]
    to = row_at(output, row)
    for i in range(count):
        q = requantise((a[i] - zero_point1) << left_shift, multiplier1, shift1)
        q += requantise((b[i] - zero_point2) << left_shift, multiplier2, shift2)
        q = requantise(q, multiplier_out, shift_out) + zero_point
        pool[to + i] = (low if q < low else top if q > top else q) & 0xFF


def pad(blob, pool, params, inputs, output, row):
    """out[n][y][x][c] = in[n][y - pad_top][x - pad_left][c - pad_c], and fill outside."""
    in_h, out_h, pad_top, fill, in_w, _, pad_left, in_c, out_c, pad_c = unpack_from("<3Hh6I", blob, params)
    n = row // out_h
    y = row % out_h - pad_top
    line = bytearray(bytes([fill & 0xFF]) * output[1])
    if 0 <= y < in_h:
        at = row_at(inputs[0], n * in_h + y)
        to = pad_left * out_c + pad_c
        for _ in range(in_w):
            line[to : to + in_c] = pool[at : at + in_c]
            at += in_c
            to += out_c
    to = row_at(output, row)
    pool[to : to + output[1]] = line


def reduce_mean(blob, pool, params, inputs, output, row):
    """The mean over `rows` input rows and over the width of [outer][width][inner], int8 or int16."""
    outer, width, inner, rows, zero_point, multiplier, shift, bias = unpack_from("<3IHh3i", blob, params)
    load, code, least = (int16s, "h", -0x8000) if output[4] == 3 else (int8s, "b", -0x80)
    block = width * inner
    lines = [load(pool, row_at(inputs[0], row * rows + i), outer * block) for i in range(rows)]
    out = array(code)
    for o in range(outer):
        for i in range(inner):
            total = 0
            for line in lines:
                for j in range(o * block + i, (o + 1) * block, inner):
                    total += line[j]
            q = wrap(requantise(wrap(total + bias), multiplier, shift) + zero_point)
            out.append(~least if q > ~least else least if q < least else q)
    store(pool, output, row, out)


def table(blob, pool, params, inputs, output, row):
    """out = table[in as unsigned]."""
    count, offset = unpack_from("<2I", blob, params)
    values = bytes(blob[offset : offset + 256])
    at = row_at(inputs[0], row)
    to = row_at(output, row)
    for i in range(count):
        pool[to + i] = values[pool[at + i]]


KERNELS = {1: fully_connected, 6: softmax, 7: add, 8: pad, 9: reduce_mean, 10: table}
