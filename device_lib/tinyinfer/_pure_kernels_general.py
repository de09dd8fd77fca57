"""The slow kernels that do any convolution and pool, int8 or int16, in plain Python. Called as in _pure_kernels."""

from struct import unpack_from

from ._pure_fixed import OutputStage, int8s, int16s, row_at, scale_sum, wrap


class _Stage(OutputStage):
    """ti_output_stage of either dtype; where `wide` accumulators and biases are int64."""

    def __init__(self, blob, offset, channels, wide):
        OutputStage.__init__(self, blob, offset, channels)
        self.wide = wide
        if wide:
            self.bias = unpack_from("<%dq" % channels, blob, unpack_from("<I", blob, offset)[0])

    def value(self, accumulator, channel):
        """The output of a channel."""
        k = channel if self.per_channel else 0
        q = scale_sum(accumulator + self.bias[channel], self.multiplier[k], self.shift[k], self.wide) + self.zero_point
        return self.min if q < self.min else self.max if q > self.max else q


def _axis(origin, taps, dilation, up, size):
    """[(tap, element)]: the taps of a window at `origin` of the input spread out by `up` that look at an element of it."""
    first = -origin % up
    found = [(tap, (origin + first) // up + (tap - first) // up * dilation) for tap in range(first, taps, up)]
    return [(tap, at) for tap, at in found if 0 <= at < size]


def _line(pool, tensor, row):
    """The elements of a row."""
    at = row_at(tensor, row)
    return int16s(pool, at, tensor[1] // 2) if tensor[4] == 3 else int8s(pool, at, tensor[1])


def _store(pool, tensor, row, values):
    """Make `values` the elements of a row."""
    to = row_at(tensor, row)
    if tensor[4] == 3:
        for q in values:
            pool[to] = q & 0xFF
            pool[to + 1] = q >> 8 & 0xFF
            to += 2
    else:
        for q in values:
            pool[to] = q & 0xFF
            to += 1


def general_conv(blob, pool, params, inputs, output, row):
    """out[x][c] = stage(sum over taps and the channels of c's group of (in - zero_point) * weights[c][tap][channel])."""
    (in_h, in_w, in_c, out_h, out_w, out_c, k_h, k_w, stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left,
     up_h, up_w, group_c, zero_point, weights, wide) = unpack_from("<17HhIH", blob, params)  # fmt: skip
    stage = _Stage(blob, params + 44, out_c, wide)
    size = k_h * k_w * group_c
    group_out_c = out_c // (in_c // group_c)
    ys = _axis(row % out_h * stride_h - pad_top, k_h, dilation_h, up_h, in_h)
    lines = [(tap * k_w, _line(pool, inputs[0], row // out_h * in_h + at)) for tap, at in ys]
    columns = [_axis(x * stride_w - pad_left, k_w, dilation_w, up_w, in_w) for x in range(out_w)]
    values = [0] * (out_w * out_c)
    for c in range(out_c):
        w = int8s(blob, weights + c * size, size)
        first = c // group_out_c * group_c
        to = c
        for xs in columns:
            accumulator = 0
            for tap_y, line in lines:
                for tap_x, at in xs:
                    k = (tap_y + tap_x) * group_c
                    at = at * in_c + first
                    for i in range(group_c):
                        accumulator += (line[at + i] - zero_point) * w[k + i]
            values[to] = stage.value(accumulator, c)
            to += out_c
    _store(pool, output, row, values)


def pool16(blob, pool, params, inputs, output, row):
    """out[x][c] = clamp(max, or mean rounded half away from zero, over the window of in[y][x][c])."""
    (in_h, in_w, channels, out_h, out_w, _, k_h, k_w, stride_h, stride_w, _, _, pad_top, pad_left, low, top,
     average) = unpack_from("<14H2hH", blob, params)  # fmt: skip
    ys = _axis(row % out_h * stride_h - pad_top, k_h, 1, 1, in_h)
    lines = [_line(pool, inputs[0], row // out_h * in_h + at) for _, at in ys]
    values = []
    for x in range(out_w):
        xs = _axis(x * stride_w - pad_left, k_w, 1, 1, in_w)
        n = len(lines) * len(xs)
        for c in range(channels):
            cells = [line[at * channels + c] for line in lines for _, at in xs]
            q = max(cells)
            if average:
                q = wrap(sum(cells))
                q = (q + n // 2) // n if q > 0 else -((n // 2 - q) // n)
            values.append(low if q < low else top if q > top else q)
    _store(pool, output, row, values)


KERNELS = {18: general_conv, 26: general_conv, 27: pool16}
