"""The kernels that only move bytes, in plain Python. Called as in _pure_kernels."""

from array import array
from struct import unpack_from

from ._pure_fixed import row_at

_DIMS = 6


def copy(blob, pool, params, inputs, output, row):
    """A strided copy of bytes: out[out_start + sum(i * out_stride)] = in[in_start + sum(i * in_stride)]."""
    at, to, row_dims = unpack_from("<2IB", blob, params)
    size = unpack_from("<6I", blob, params + 12)
    in_stride = unpack_from("<6i", blob, params + 36)
    out_stride = unpack_from("<6I", blob, params + 60)
    to += row_at(output, row)
    for i in range(row_dims - 1, -1, -1):
        at += row % size[i] * in_stride[i]
        row //= size[i]
    source = inputs[0]
    y, x = divmod(at, source[1])
    at = row_at(source, y) + x
    memory = blob if source[5] else pool
    count, step, out_step = size[-1], in_stride[-1], out_stride[-1]
    index = [0] * _DIMS
    while True:
        if step == out_step == 1:
            pool[to : to + count] = bytes(memory[at : at + count])
        else:
            for i in range(count):
                pool[to + i * out_step] = memory[at + i * step]
        i = _DIMS - 1
        while True:
            if i == row_dims:
                return
            i -= 1
            index[i] += 1
            at += in_stride[i]
            to += out_stride[i]
            if index[i] < size[i]:
                break
            index[i] = 0
            at -= size[i] * in_stride[i]
            to -= size[i] * out_stride[i]


def gather(blob, pool, params, inputs, output, row):
    """out[v][i] = in[v][index[i]], an index outside `in` counting as the nearest that is inside."""
    vectors, depth, count, inner, repeat = unpack_from("<5I", blob, params)
    source, chosen = inputs
    memory = blob if source[5] else pool
    at = row_at(source, row)
    to = row_at(output, row)
    indices = row_at(chosen, row // repeat)
    index = array("i", bytes((blob if chosen[5] else pool)[indices : indices + 4 * count]))
    for _ in range(vectors):
        for i in range(count):
            k = at + min(max(index[i], 0), depth - 1) * inner
            pool[to : to + inner] = bytes(memory[k : k + inner])
            to += inner
        at += depth * inner


KERNELS = {14: copy, 15: gather}
