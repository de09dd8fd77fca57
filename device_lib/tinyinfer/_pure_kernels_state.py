"""The kernels that remember: they update some of their inputs, which live from one inference to the next."""

from array import array
from struct import unpack_from

from ._pure_fixed import int8s, int16s, requantise, row_at, squash, wrap


def _clamp(x, low, high):
    return low if x < low else high if x > high else x


def _dot(x, w, at):
    """Sum of the products of x with as many elements of w from `at` on."""
    total = 0
    for v in x:
        total += v * w[at]
        at += 1
    return total


def lstm(blob, pool, params, inputs, output, row):
    """One time step of one sequence."""
    in_c, units, steps, zero_point, cell_min, cell_max, weights, biases, table = unpack_from("<3H3h3I", blob, params)
    multiplier = unpack_from("<11i", blob, params + 24)
    shift = unpack_from("<12b", blob, params + 68)  # the last is tanh_shift
    table = unpack_from("<256H", blob, table)
    source, hidden, cell = inputs
    sequence = row // steps % hidden[2]
    x = int8s(pool, row_at(source, row), in_c)
    at_hidden, at_cell, to = row_at(hidden, sequence), row_at(cell, sequence), row_at(output, row)
    parts = x, int8s(pool, at_hidden, units)

    def scaled(k, v):
        return _clamp(requantise(v, multiplier[k], shift[k]), -32768, 32767)

    for c in range(units):
        gates = []
        w = int8s(blob, weights + 4 * c * (in_c + units), 4 * (in_c + units))
        bias = unpack_from("<8i", blob, biases + 32 * c)
        at = 0
        for k in range(0, 8, 2):
            total = 0
            for part in 0, 1:
                total += scaled(k + part, wrap(_dot(parts[part], w, at) + bias[k + part]))
                at += len(parts[part])
            gates.append(squash(table, 3 * _clamp(total, -32768, 32767), k == 4))
        value = int16s(pool, at_cell + 2 * c, 1)[0]
        value = _clamp(scaled(8, gates[1] * value) + scaled(9, gates[0] * gates[2]), cell_min, cell_max)
        pool[at_cell + 2 * c] = value & 0xFF
        pool[at_cell + 2 * c + 1] = value >> 8 & 0xFF
        left = shift[11]
        value = 3 * value << left if left >= 0 else 3 * value + (1 << -left - 1) >> -left
        pool[to + c] = _clamp(scaled(10, squash(table, value, True) * gates[3]) + zero_point, -128, 127) & 0xFF
    pool[at_hidden : at_hidden + units] = bytes(pool[to : to + units])


def svdf(blob, pool, params, inputs, output, row):
    """A filter over the input, and over time one over its last results."""
    (in_c, units, rank, memory, weights, time_weights, filter_bias, biases, m1, m2, state_zero_point, zero_point,
     shift1, shift2) = unpack_from("<4H4I2i2h2b", blob, params)  # fmt: skip
    source, state = inputs
    size = 2 if state[4] == 3 else 1
    code, low = ("h", -32768) if size == 2 else ("b", -128)
    x = int8s(pool, row_at(source, row), in_c)
    at, to = row_at(state, row), row_at(output, row)
    held = memory * size
    f = 0
    for u in range(units):
        total = unpack_from("<i", blob, biases + 4 * u)[0]
        for _ in range(rank):
            w = int8s(blob, weights + f * in_c, in_c)
            newest = wrap(_dot(x, w, 0) + unpack_from("<i", blob, filter_bias + 4 * f)[0])
            newest = _clamp(requantise(newest, m1, shift1), low, ~low) + state_zero_point
            newest = (newest - low & 2 * ~low + 1) + low
            values = array(code, bytes(pool[at + size : at + held]))
            values.append(newest)
            pool[at : at + held] = bytes(values)
            total += _dot(values, array(code, bytes(blob[time_weights : time_weights + held])), 0)
            at += held
            time_weights += held
            f += 1
        pool[to + u] = _clamp(wrap(requantise(wrap(total), m2, shift2) + zero_point), -128, 127) & 0xFF


KERNELS = {28: lstm, 29: svdf}
