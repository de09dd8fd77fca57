"""The engine in plain Python, where no native module runs: same interface and same bytes as `_tinyinfer`, but slow.

Needs MicroPython 1.23, CircuitPython 9 or CPython 3.9 on a little-endian machine. Unlike the C core it does not mind
where a buffer lies, and it allocates while it runs.
"""

from struct import unpack_from

from ._pure_check import check, check_data
from ._pure_proof import AT_HEADER, FAULT_POOL_SMALL, HEADER, byte_view, checksum, crc32, fault

BACKEND = "pure Python"
DONE, MORE, WAITS = 0, 1, 2  # enum ti_progress

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
    11: "_pure_kernels_binary",
    12: "_pure_kernels_binary",
    13: "_pure_kernels_binary",
    14: "_pure_kernels_movement",
    15: "_pure_kernels_movement",
    16: "_pure_kernels_reduce",
    17: "_pure_kernels_reduce",
    18: "_pure_kernels_general",
    19: "_pure_kernels_matmul",
    20: "_pure_kernels_matmul",
    21: "_pure_kernels_reduce",
    22: "_pure_kernels_reduce",
    23: "_pure_kernels_unary",
    24: "_pure_kernels_unary",
    25: "_pure_kernels_reduce",
    26: "_pure_kernels_general",
    27: "_pure_kernels_general",
    28: "_pure_kernels_state",
    29: "_pure_kernels_state",
}


def _kernel(number):
    """The function of a kernel."""
    return __import__("tinyinfer." + _MODULES[number], None, None, ("KERNELS",)).KERNELS[number]


def _fill(s, to, at, count):
    """`count` bytes of the selftest's generator, whose state is `s`; returns its next state."""
    for i in range(at, at + count):
        s = (s ^ s << 7) & 0xFFFF
        s ^= s >> 9
        s = (s ^ s << 8) & 0xFFFF
        to[i] = s & 0xFF
    return s


class Engine:
    """A checked blob on a pool, run row by row.

    `blob`: bytes-like, only read. `pool`: writable; other models may use it between two inferences, so the state, the
    first of pool_bytes, lies in a bytearray beside it. None: the engine makes a bytearray of exactly pool_bytes.
    `state`: for the next part of a model, with the pool of the first: where the first has its state.
    `load`: for a blob with segments, of which only what comes before them is given: load(i) reads segment i into its window
    in the pool, and is called when its ops run.
    ValueError(code, place, index, a, b) of ti_fault where either cannot be used, TypeError where it is no such buffer.
    """

    def __init__(self, blob, pool, state=None, load=None):
        pool_bytes = check(blob, load is not None)
        self._load = load
        self._blob = byte_view(blob)
        state_bytes = unpack_from(HEADER, self._blob)[19]
        if pool is None:
            pool = state = bytearray(pool_bytes)
        elif state is None:
            state = bytearray(state_bytes) if state_bytes else pool
        self._pool_object = pool
        self._state_object = state
        self._open(pool_bytes)
        self.reset()

    def reopen(self):
        """The blob's bytes are others now: prove them, and start over. State stays."""
        self._open(check(self._blob))
        self.restart()

    def _open(self, pool_bytes):
        """Take over a blob that was checked; the state stays as it is."""
        header = unpack_from(HEADER, self._blob)
        self._n_tensors, self._n_ops, self._n_steps, self._n_inputs, _, self._seed = header[5:11]
        self._tensors, self._ops, self._steps, self._io = header[11:15]
        self._state_bytes, self._n_init_steps, self._n_segments = header[19:22]
        beside = 0 if self._state_object is self._pool_object else self._state_bytes
        needed = pool_bytes - beside
        self._pool = byte_view(self._pool_object)
        if len(self._pool) < needed:
            raise fault(FAULT_POOL_SMALL, AT_HEADER, 0, len(self._pool), needed)
        if needed:
            self._pool[0] = self._pool[0]  # a TypeError now rather than in the middle of a run, if it is read-only
        if beside:
            from ._pure_split import Split

            state = byte_view(self._state_object)
            if len(state) < beside:
                raise ValueError("the state is too short")
            self._pool = Split(state[:beside], self._pool)

    def restart(self):
        """Start over: the next row is the first. State stays."""
        self._fed = 0
        self._held = None  # the segment at hand
        self._data = self._blob  # what the offsets of its ops count from
        self._seek(self._n_init_steps)

    def reset(self):
        """Clear the state: zero, then what the initial steps make. The run starts over."""
        for i in range(self._state_bytes):
            self._pool[i] = 0
        self._held, self._data = None, self._blob
        if self._n_init_steps:
            self._seek(0)
            while self._row_done(0, self._n_init_steps) == MORE:
                pass
        self.restart()

    def run(self):
        """To the end, from where the run stands: True; False where it waits for rows of a streamed input."""
        while True:
            progress = self._row_done()
            if progress != MORE:
                return progress == DONE

    def step(self, n):
        """Make the next n output rows. True while rows are left; at the end False, and the run stands at its start."""
        for _ in range(n):
            progress = self._row_done()
            if progress != MORE:
                return progress == WAITS
        return True

    def feed(self, data, flip):
        """Hand over rows of the streamed input, each byte ^ flip, and run as far as they go. True at the end of the run.

        ValueError where the input is not streamed, or `data` is not a whole number of its rows, or more than are left.
        """
        rows, row_bytes = self._stream_rows()
        data = byte_view(data)
        if not rows or len(data) % row_bytes:
            raise ValueError("feed() takes whole rows of a streamed input")
        if len(data) // row_bytes > rows - self._fed:
            raise ValueError("feed() got too many rows")
        done = False
        for at in range(0, len(data), row_bytes):
            if self.run():
                raise ValueError("feed() got too many rows")
            self._feed_row(bytes([b ^ flip for b in data[at : at + row_bytes]]))
            done = self.run()
        return done

    def _stream_rows(self):
        """(rows, row_bytes) of the streamed input, (0, 1) where there is none."""
        tensor, _, _, _, stream = unpack_from("<H4B", self._blob, self._io) if self._n_inputs else (0, 0, 0, 0, 0)
        if not stream:
            return 0, 1
        _, row_bytes, rows = self._tensor(tensor)[:3]
        return rows, row_bytes

    def _feed_row(self, row):
        """Put the next row of the streamed input into its place."""
        offset, row_bytes, _, ring = self._tensor(unpack_from("<H", self._blob, self._io)[0])[:4]
        at = offset + self._fed % ring * row_bytes
        self._pool[at : at + row_bytes] = row
        self._fed += 1

    def busy(self):
        """Does the run stand in the middle of an inference?"""
        return self._fed > 0 or self._step != self._n_init_steps or self._row != self._first

    def op(self):
        """Index of the op whose row comes next."""
        return self._op

    def fill(self, seed):
        """Fill the inputs with the selftest's pseudo-random bytes."""
        s = seed & 0xFFFF
        for i in range(self._n_inputs):
            tensor, _, _, _, stream = unpack_from("<H4B", self._blob, self._io + 44 * i)
            if not stream:
                offset, row_bytes, rows = self._tensor(tensor)[:3]
                s = _fill(s, self._pool, offset, row_bytes * rows)

    def selftest(self):
        """Run on the selftest's input. The first op whose rows differ from the packer's, or -1."""
        self.reset()
        self.fill(self._seed)
        crcs = [0] * self._n_ops
        progress = MORE if self._n_steps > self._n_init_steps else DONE
        s = self._seed  # a streamed input is the only one, and gets its bytes as it goes
        while progress != DONE:
            if progress == WAITS:
                row = bytearray(self._stream_rows()[1])
                s = _fill(s, row, 0, len(row))
                self._feed_row(row)
            op = self._op
            if self._waits_for:
                progress = self._row_done()
                continue
            tensor = self._output
            at = tensor[0] + self._row % tensor[3] * tensor[1]
            progress = self._row_done()
            if not self._blob[self._ops + 28 * op + 1]:  # partial
                crcs[op] = crc32(self._pool[at : at + tensor[1]], crcs[op])
        for op in range(self._n_ops):
            if crcs[op] != unpack_from("<I", self._blob, self._ops + 28 * op + 20)[0]:
                return op
        return -1

    def write(self, tensor, data, flip):
        """The first bytes of a tensor = each of data ^ flip. ValueError where there is no such tensor, or it is shorter."""
        data = byte_view(data)
        offset, row_bytes, _, ring, _, constant = self._tensor(tensor if 0 <= tensor < self._n_tensors else 0)
        if not 0 <= tensor < self._n_tensors or constant or len(data) > ring * row_bytes:
            raise ValueError("a write outside a tensor")
        end = offset + len(data)
        pool = self._pool
        pool[offset:end] = data
        if flip:
            for i in range(offset, end):
                pool[i] = pool[i] & 0xFF ^ flip

    def pool(self):
        """The pool, as it was given."""
        return self._pool_object

    def state(self):
        """Where the state is: the pool, or a bytearray of its own."""
        return self._state_object

    def _tensor(self, index):
        """(offset, row_bytes, rows, ring, dtype, whether it lies in the blob)."""
        offset, row_bytes, rows, ring, dtype, space = unpack_from("<2I2H2B", self._blob, self._tensors + 16 * index)
        return offset, row_bytes, rows, ring, dtype, space == 1

    def _seek(self, step):
        """Stand at the first row of a step, what its kernel needs at hand."""
        self._step = step
        self._waits_for = 0  # rows of the streamed input that must be there
        if step == self._n_steps:
            self._op = self._row = self._first = 0
            return
        self._op, self._row, rows = unpack_from("<2Hh", self._blob, self._steps + 6 * step)
        self._first = self._row
        self._by = 1 if rows > 0 else -1
        self._end = self._row + rows
        if self._op == 0xFFFF:
            self._op = 0
            self._waits_for = self._end
            return
        kernel, _, output, a, b, c, self._segment, self._params = unpack_from("<BBHHHHHI", self._blob, self._ops + 28 * self._op)
        self._kernel = _kernel(kernel)
        self._inputs = [self._tensor(i) for i in (a, b, c) if i != 0xFFFF]
        self._output = self._tensor(output)

    def _enter_segment(self):
        """Have the segment of the present op at hand; what is loaded is proved."""
        self._held = None
        place = offset, size, window = unpack_from("<3I", self._blob, self._ops + 28 * self._n_ops + 12 * self._segment)
        if self._load is None:
            self._data = self._blob[offset : offset + size]
        else:
            self._load(self._segment)
            self._data = self._pool[window : window + size]
            for op in range(self._n_ops):
                if unpack_from("<H", self._blob, self._ops + 28 * op + 10)[0] == self._segment:
                    check_data(self._blob, op, place, self._data)
        self._held = self._segment

    def _row_done(self, first=None, past=None):
        """Make the next row of the steps first .. past - 1, by default those of an inference. Returns the progress."""
        if past is None:
            first, past = self._n_init_steps, self._n_steps
        if first == past:
            return DONE
        if self._waits_for:
            if self._fed < self._waits_for:
                return WAITS
        else:
            if self._n_segments and self._held != self._segment:
                self._enter_segment()
            self._kernel(self._data, self._pool, self._params, self._inputs, self._output, self._row)
            self._row += self._by
            if self._row != self._end:
                return MORE
        if self._step + 1 < past:
            self._seek(self._step + 1)
            return MORE
        self._fed = 0
        self._held = None
        self._seek(first)
        return DONE
