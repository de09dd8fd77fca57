"""Weights from a file: load(path, stream=True). Imported when a model is loaded so.

Of a blob that `packer build --stream-weights` made, all but the weights is read into RAM. They are read into the pool, which has
room for them, when the ops that need them run: a segment at a time.
"""

from struct import unpack_from

from ._errors import lacks, load_error

_SHORT = 72  # bytes of a header and a checksum
_SIZE, _CHECKSUM = 5, 6
_GROUP = 32  # bytes after which a checksum can go on


def open_stream(core, f, path, pool):
    """(engine, what of the blob in file `f` is in RAM), the checksum having been compared. `core`: the engine's module."""
    blob = b""
    if not hasattr(core, "checksum"):
        f.close()
        raise lacks("streamed weights")
    try:
        size = f.seek(0, 2)
        blob = bytearray(min(size, _SHORT))
        _read(path, f, 0, blob)
        blob = _resident(core, path, f, size, blob)
        if pool is None:
            pool = bytearray(max(0, _u32(blob, 12) - _u32(blob, 60)))
        weights = _Weights(path, f, blob, pool)
        return Streamed(core.Engine(blob, pool, None, weights.load), weights), blob
    except (ValueError, TypeError, MemoryError, OverflowError) as e:
        f.close()
        raise load_error(e, _checked, path, blob) from None


def _checked(blob):
    """In place of check(), for load_error(): what is in RAM is aligned."""


def _u32(blob, at):
    return unpack_from("<I", blob, at)[0]


def _resident(core, path, f, size, head):
    """What comes before the first segment of a file of `size` bytes, which starts with `head`."""
    try:
        core.check(head)
    except ValueError as e:
        if e.args[0] != _SIZE:
            raise
    blob_bytes, ops = _u32(head, 8), _u32(head, 32)
    n_ops, n_segments = unpack_from("<H", head, 18)[0], unpack_from("<H", head, 66)[0]
    if blob_bytes > size or blob_bytes < _SHORT or blob_bytes % 4:
        raise ValueError(_SIZE, 0, 0, size, blob_bytes)
    if not n_segments:
        raise ValueError("%s has its weights in one piece: build it with `packer build --stream-weights`" % path)
    word = bytearray(4)
    if ops + 28 * n_ops + 4 <= blob_bytes:
        _read(path, f, ops + 28 * n_ops, word)
    end = _u32(word, 0)
    # Whether that is so, the engine proves; here it is only kept from being absurd.
    blob = memoryview(bytearray(min(max(end, _SHORT), blob_bytes - 4)))
    _compare(core, path, f, blob_bytes - 4, blob[: len(blob) // _GROUP * _GROUP], word)
    _read(path, f, 0, blob)
    return blob


def _compare(core, path, f, end, piece, word):
    """Compare the checksum that lies at `end` with that of all before it, read piece by piece."""
    total = 0
    for at in range(0, end, len(piece)):
        part = piece[: min(len(piece), end - at)]
        _read(path, f, at, part)
        total = core.checksum(total, part)
    _read(path, f, end, word)
    stored = _u32(word, 0)
    if stored != total:
        raise ValueError(_CHECKSUM, 0, 0, stored, total)


def _read(path, f, at, to):
    """Fill `to` from byte `at` of the file on."""
    f.seek(at)
    if f.readinto(to) != len(to):
        raise ValueError("%s has become shorter: copy it again, and load it again" % path)


class _Weights:
    """The file's segments, each with the view of the pool into which it is read. Nothing is allocated by load()."""

    def __init__(self, path, f, blob, pool):
        self.path = path
        self.blob = blob
        self.file = f
        self._at = []
        self._windows = []
        pool = memoryview(pool)
        at = _u32(blob, 32) + 28 * unpack_from("<H", blob, 18)[0]
        past = at + 12 * unpack_from("<H", blob, 66)[0]
        for at in range(at, min(past, len(blob) - 11), 12):
            offset, size, window = unpack_from("<3I", blob, at)
            self._at.append(offset)
            window = max(0, window - _u32(blob, 60))  # the state lies beside the pool
            self._windows.append(pool[window : window + size])

    def load(self, segment):
        _read(self.path, self.file, self._at[segment], self._windows[segment])


class Streamed:
    """An engine with _Weights: what is wrong with them is said in a sentence."""

    def __init__(self, engine, weights):
        self._engine = engine
        self._weights = weights
        self.restart, self.write, self.fill = engine.restart, engine.write, engine.fill
        self.op, self.busy, self.pool, self.state = engine.op, engine.busy, engine.pool, engine.state

    def _sentence(self, error):
        return load_error(error, _checked, self._weights.path, self._weights.blob)

    def run(self):
        try:
            return self._engine.run()
        except ValueError as e:
            raise self._sentence(e) from None

    def step(self, n):
        try:
            return self._engine.step(n)
        except ValueError as e:
            raise self._sentence(e) from None

    def feed(self, rows, flip):
        try:
            return self._engine.feed(rows, flip)
        except ValueError as e:
            raise self._sentence(e) from None

    def reset(self):
        try:
            return self._engine.reset()
        except ValueError as e:
            raise self._sentence(e) from None

    def selftest(self):
        try:
            return self._engine.selftest()
        except ValueError as e:
            raise self._sentence(e) from None

    def close(self):
        self._weights.file.close()
