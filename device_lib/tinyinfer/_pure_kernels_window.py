"""The kernels that look at a window of the input, in plain Python: convolutions, pools. Called as in _pure_kernels."""

from struct import unpack_from

from ._pure_fixed import OutputStage, int8s, row_at
from ._pure_kernels import weight_rows


def _input_rows(window, tensor, row):
    """For each ky of output row `row`: where the input row starts in the pool, -1 where it is padding."""
    in_h, _, _, out_h, _, _, k_h, _, stride_h, _, dilation_h, _, pad_top, _ = window
    first = row // out_h * in_h
    top = row % out_h * stride_h - pad_top
    return [row_at(tensor, first + y) if 0 <= y < in_h else -1 for y in range(top, top + k_h * dilation_h, dilation_h)]


def _patches(pool, window, tensor, row, zero_point):
    """For each output column: what it sees, int8 [k_h][k_w][in_c] flat, padding as `zero_point`."""
    _, in_w, in_c, _, out_w, _, k_h, k_w, _, stride_w, _, dilation_w, _, pad_left = window
    starts = _input_rows(window, tensor, row)
    padding = bytes([zero_point & 0xFF]) * in_c
    patch = bytearray(k_h * k_w * in_c)
    for x in range(out_w):
        left = x * stride_w - pad_left
        to = 0
        for start in starts:
            for column in range(left, left + k_w * dilation_w, dilation_w):
                if start >= 0 and 0 <= column < in_w:
                    at = start + column * in_c
                    patch[to : to + in_c] = pool[at : at + in_c]
                else:
                    patch[to : to + in_c] = padding
                to += in_c
        yield int8s(patch, 0, to)


def conv2d(blob, pool, params, inputs, output, row):
    """out[x][c] = stage(sum over i of patch[x][i] * weights[c][i])."""
    window = unpack_from("<14H", blob, params)
    zero_point, _, weights = unpack_from("<hHI", blob, params + 28)
    out_c = window[5]
    size = window[6] * window[7] * window[2]
    stage = OutputStage(blob, params + 36, out_c)
    patches = list(_patches(pool, window, inputs[0], row, zero_point))
    out = row_at(output, row)
    c = 0
    for weights in weight_rows(blob, params + 62, weights, size, out_c):
        to = out + c
        for patch in patches:
            accumulator = 0
            i = 0
            for w in weights:
                accumulator += w * patch[i]
                i += 1
            pool[to] = stage.byte(accumulator, c)
            to += out_c
        c += 1


def depthwise_conv2d(blob, pool, params, inputs, output, row):
    """out[x][c] = stage(sum over k of patch[x][k][c / (out_c / in_c)] * weights[k][c])."""
    window = unpack_from("<14H", blob, params)
    zero_point, _, weights = unpack_from("<hHI", blob, params + 28)
    in_c = window[2]
    out_c = window[5]
    size = window[6] * window[7] * out_c
    multiplier = out_c // in_c
    stage = OutputStage(blob, params + 36, out_c)
    w = int8s(blob, weights, size)
    to = row_at(output, row)
    for patch in _patches(pool, window, inputs[0], row, zero_point):
        for c in range(out_c):
            accumulator = 0
            i = c // multiplier
            for j in range(c, size, out_c):
                accumulator += patch[i] * w[j]
                i += in_c
            pool[to] = stage.byte(accumulator, c)
            to += 1


def _pool2d(blob, pool, params, inputs, output, row, is_max):
    """One row of either pool; only elements inside the input count."""
    window = unpack_from("<14H", blob, params)
    low, top = unpack_from("<2h", blob, params + 28)
    _, in_w, channels, _, out_w, _, _, k_w, _, stride_w, _, _, _, pad_left = window
    starts = [start for start in _input_rows(window, inputs[0], row) if start >= 0]
    to = row_at(output, row)
    for x in range(out_w):
        left = x * stride_w - pad_left
        columns = range(max(left, 0), min(left + k_w, in_w))
        cells = [int8s(pool, start + column * channels, channels) for start in starts for column in columns]
        n = len(cells)
        for c in range(channels):
            if is_max:
                q = max([cell[c] for cell in cells])
            else:
                q = sum([cell[c] for cell in cells])
                q = (q + n // 2) // n if q > 0 else -((n // 2 - q) // n)
            pool[to] = (low if q < low else top if q > top else q) & 0xFF
            to += 1


def max_pool(blob, pool, params, inputs, output, row):
    """out[x][c] = clamp(max over the window of in[y][x][c])."""
    _pool2d(blob, pool, params, inputs, output, row, True)


def average_pool(blob, pool, params, inputs, output, row):
    """out[x][c] = clamp(mean over the window of in[y][x][c]), rounded half away from zero."""
    _pool2d(blob, pool, params, inputs, output, row, False)


KERNELS = {2: conv2d, 3: depthwise_conv2d, 4: max_pool, 5: average_pool}
