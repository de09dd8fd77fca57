"""The engine in plain Python, where no native module runs: same interface and same bytes as `_tinyinfer`, but slow.

Needs MicroPython 1.23, CircuitPython 9 or CPython 3.9 on a little-endian machine. Unlike the C core it does not mind
where a buffer lies, and it allocates while it runs.
"""

from struct import unpack_from

from ._pure_check import check
from ._pure_proof import AT_HEADER, FAULT_POOL_SMALL, HEADER, byte_view, crc32, fault

ARCH = "python"

# The module whose KERNELS has a kernel, by its number: imported when a blob first needs it, since code is RAM.
_MODULES = {
    1: "_pure_kernels",
    2: "_pure_kernels_window",
    3: "_pure_kernels_window",
    4: "_pure_kernels_window",
    5: "_pure_kernels_window",
    6: "_pure_kernels",
    7: "_pure_kernels",
    8: "_pure_kernels",
    9: "_pure_kernels",
    10: "_pure_kernels",
}


def _kernel(number):
    """The function of a kernel."""
    return __import__("tinyinfer." + _MODULES[number], None, None, ("KERNELS",)).KERNELS[number]


class Engine:
    """A checked blob on a pool, run row by row.

    `blob`: bytes-like, only read. `pool`: writable, at least pool_bytes long; None: the engine makes a bytearray of
    exactly pool_bytes. ValueError(code, place, index, a, b) of ti_fault where either cannot be used, TypeError where it
    is no such buffer.
    """

    def __init__(self, blob, pool):
        self._pool_bytes = check(blob)
        self._blob = byte_view(blob)
        self._pool_object = bytearray(self._pool_bytes) if pool is None else pool
        self._pool = byte_view(self._pool_object)
        if len(self._pool) < self._pool_bytes:
            raise fault(FAULT_POOL_SMALL, AT_HEADER, 0, len(self._pool), self._pool_bytes)
        if self._pool_bytes:
            self._pool[0] = self._pool[0]  # a TypeError now rather than in the middle of a run, if it is read-only
        header = unpack_from(HEADER, self._blob)
        self._n_ops, self._n_steps, self._n_inputs, _, self._seed = header[6:11]
        self._tensors, self._ops, self._steps, self._io = header[11:15]
        self._state_bytes, self._n_init_steps = header[19:21]
        self.reset()

    def restart(self):
        """Start over: the next row is the first. State stays."""
        self._seek(self._n_init_steps)

    def reset(self):
        """Clear the state: zero, then what the initial steps make. The run starts over."""
        for i in range(self._state_bytes):
            self._pool[i] = 0
        if self._n_init_steps:
            self._seek(0)
            while self._row_done(0, self._n_init_steps):
                pass
        self.restart()

    def run(self):
        """To the end, from where the run stands."""
        while self._row_done():
            pass

    def step(self, n):
        """Make the next n output rows. True while rows are left; at the end False, and the run stands at its start."""
        for _ in range(n):
            if not self._row_done():
                return False
        return True

    def op(self):
        """Index of the op whose row comes next."""
        return self._op

    def fill(self, seed):
        """Fill the inputs with the selftest's pseudo-random bytes."""
        pool = self._pool
        s = seed & 0xFFFF
        for i in range(self._n_inputs):
            offset, row_bytes, rows = self._tensor(unpack_from("<H", self._blob, self._io + 44 * i)[0])[:3]
            for at in range(offset, offset + row_bytes * rows):
                s = (s ^ s << 7) & 0xFFFF
                s ^= s >> 9
                s = (s ^ s << 8) & 0xFFFF
                pool[at] = s & 0xFF

    def selftest(self):
        """Run on the selftest's input. The first op whose rows differ from the packer's, or -1."""
        self.reset()
        self.fill(self._seed)
        crcs = [0] * self._n_ops
        more = self._n_steps > self._n_init_steps
        while more:
            op = self._op
            tensor = self._output
            at = tensor[0] + self._row % tensor[3] * tensor[1]
            more = self._row_done()
            crcs[op] = crc32(self._pool[at : at + tensor[1]], crcs[op])
        for op in range(self._n_ops):
            if crcs[op] != unpack_from("<I", self._blob, self._ops + 28 * op + 20)[0]:
                return op
        return -1

    def write(self, offset, data, flip):
        """pool[offset + i] = data[i] ^ flip. ValueError where that is outside the pool."""
        data = byte_view(data)
        end = offset + len(data)
        if offset < 0 or end > self._pool_bytes:
            raise ValueError("a write outside the pool")
        pool = self._pool
        pool[offset:end] = data
        if flip:
            for i in range(offset, end):
                pool[i] = pool[i] & 0xFF ^ flip

    def pool(self):
        """The pool, as it was given."""
        return self._pool_object

    def _tensor(self, index):
        """(offset, row_bytes, rows, ring, dtype, space)."""
        return unpack_from("<IIHHBB", self._blob, self._tensors + 16 * index)

    def _seek(self, step):
        """Stand at the first row of a step, what its kernel needs at hand."""
        self._step = step
        if step == self._n_steps:
            self._op = 0
            return
        self._op, self._row, rows = unpack_from("<2Hh", self._blob, self._steps + 6 * step)
        self._by = 1 if rows > 0 else -1
        self._end = self._row + rows
        kernel, _, output, a, b, c, _, self._params = unpack_from("<BBHHHHHI", self._blob, self._ops + 28 * self._op)
        self._kernel = _kernel(kernel)
        self._inputs = [self._tensor(i) for i in (a, b, c) if i != 0xFFFF]
        self._output = self._tensor(output)

    def _row_done(self, first=None, past=None):
        """Make the next row of the steps first .. past - 1, by default those of an inference. True while rows are left."""
        if past is None:
            first, past = self._n_init_steps, self._n_steps
        if first == past:
            return False
        self._kernel(self._blob, self._pool, self._params, self._inputs, self._output, self._row)
        self._row += self._by
        if self._row != self._end:
            return True
        last = self._step + 1 == past
        self._seek(first if last else self._step + 1)
        return not last
