"""A model in parts, as `packer split` writes it: blobs that run one after the other in one pool.

Parts in files are read one at a time into a buffer that they share; a part is proved each time it is read. What crosses
from one part to the next lies in the pool where the next one reads it. Imported when there is such a model.
"""

from struct import pack_into, unpack_from

from ._blob import string_at
from ._errors import lacks, load_error, selftest_error
from ._model import Model, _core, _view


def load_parts(sources, pool=None):
    shared = hasattr(pool, "claim")
    if shared:
        pool.claim(None, "load_parts()")
    parts = []
    try:
        for source in sources:
            parts.append(_Part(source))
        engine = _Engine(parts)
        head = engine.open(pool.memory if shared else pool)
        if shared:
            from ._pool import Shared

            engine = Shared(engine, pool, "model " + string_at(head, unpack_from("<I", head, 52)[0]))
        model = Parts(engine, head, "in %d parts" % len(parts))
    except:
        _close(parts)
        raise
    model.parts = parts
    return model


def _close(parts):
    for part in parts:
        if part.file:
            part.file.close()


class Parts(Model):
    """A Model on an _Engine, with a head for a blob."""

    def close(self):
        super().close()
        _close(self.parts)

    def profile(self):
        raise ValueError("model %s is in parts: profile one that was built whole" % self.name)


class _Part:
    """One of the blobs: a buffer, memory that a file is mapped to, or a file, which stays open.

    file: None where the blob is in memory. size: bytes of it. view: they themselves, as long as no other part is read.
    """

    def __init__(self, source):
        self.source = source
        self.file = None
        if isinstance(source, str):
            try:
                f = open(source, "rb")
            except OSError as e:
                raise OSError(e.args[0], "cannot open %s: copy it to the device, or mend the path" % source) from None
            try:
                self.view = memoryview(f)
            except TypeError:
                self.file = f
                self.size = f.seek(0, 2)
                return
        else:
            try:
                self.view = _view(source)
            except TypeError:
                raise TypeError("load_parts() takes paths and bytes, not %s" % type(source).__name__) from None
        self.size = len(self.view)

    def name(self):
        return self.source if isinstance(self.source, str) else "the buffer"

    def open(self, buffer):
        """Prove the blob, in `buffer` if it is a file's. Returns [its number, how many parts there are, their id]."""
        import json

        if self.file:
            self.view = buffer[: self.size]
            self.read()
            self.last = self.view[-4:]
            self.checksum = bytes(self.last)
        try:
            _core.check(self.view)
        except (ValueError, TypeError) as e:
            raise load_error(e, _core.check, self.source, self.view) from None
        try:
            k, count, identity = json.loads(string_at(self.view, unpack_from("<I", self.view, 56)[0]))["part"]
            return [int(k), int(count), int(identity)]
        except (ValueError, TypeError, KeyError):
            raise ValueError("%s is no part of a model: make parts with `packer split`" % self.name()) from None

    def start(self, *memory):
        """Make the engine; `memory`: a pool, and where the state is if that is known."""
        try:
            self.engine = _core.Engine(self.view, *memory)
        except (ValueError, TypeError, MemoryError, OverflowError) as e:
            raise load_error(e, _core.check, self.source, self.view) from None
        if not hasattr(self.engine, "reopen"):
            raise lacks("load_parts()")

    def reopen(self):
        """Read the file again, and prove it again. ValueError if it is no longer what it was."""
        if not self.read() or self.last != self.checksum:
            raise ValueError("%s is not what it was when it was loaded: load the parts again" % self.source)
        try:
            self.engine.reopen()
        except ValueError as e:
            raise load_error(e, _core.check, self.source, self.view) from None

    def read(self):
        """Is the file as long as it was?"""
        self.file.seek(0)
        return self.file.readinto(self.view) == self.size


class _Engine:
    """What a Model needs of _core.Engine, for parts: one is entered when that before it has ended."""

    def __init__(self, parts):
        self.parts = parts
        self._at = 0
        self._entered = None  # the engine of part _at, None where that is still to be entered
        self._held = None  # the part that is in the buffer

    def open(self, pool):
        """Open every part, on a pool or, for None, a new one; returns a head."""
        if not self.parts:
            raise ValueError("load_parts() takes the parts of a model, and was given none")
        room = 0
        for part in self.parts:
            if part.file:
                room = max(room, part.size)
        try:
            buffer = memoryview(bytearray(room))
        except MemoryError:
            raise MemoryError("the largest part has %d bytes, and the heap has no such block" % room) from None
        self._memory = (pool,)
        for k, part in enumerate(self.parts):
            found = part.open(buffer)
            if k == 0:
                identity = found[1:]
            if found != [k] + identity or identity[0] != len(self.parts):
                place = part.name(), found[0], found[1], k, len(self.parts)
                raise ValueError(
                    "%s is part %d of %d of some model, not part %d of %d of this one: "
                    "give all parts of one `packer split`, in order" % place
                )
            part.start(*self._memory)
            n_inputs, n_outputs = unpack_from("<HH", part.view, 22)
            if k == 0:
                self._memory = part.engine.pool(), part.engine.state()
                inputs = _edges(part.view, 0, n_inputs)
                self._inputs = [unpack_from("<H", io)[0] for _, io, _ in inputs]
        head = _head(part.view, inputs, _edges(part.view, n_inputs, n_outputs), sum([part.size for part in self.parts]))
        self.reset()
        return head

    def _enter(self):
        """Stand at the start of part _at, its blob in memory."""
        part = self.parts[self._at]
        if not part.file or self._held is part:
            part.engine.restart()
        else:
            self._held = None
            part.reopen()
            self._held = part
        self._entered = part.engine

    def _leave(self):
        """On to the next part. False where that is the first again."""
        self._entered = None
        self._at += 1
        if self._at < len(self.parts):
            return True
        self._at = 0
        return False

    def run(self):
        while True:
            if self._entered is None:
                self._enter()
            self._entered.run()
            if not self._leave():
                return True

    def step(self, n):
        if self._entered is None:
            self._enter()
        return self._entered.step(n) or self._leave()

    def feed(self, rows, flip):
        raise ValueError("feed() takes whole rows of a streamed input")

    def restart(self):
        self._entered = None
        self._at = 0

    def reset(self):
        self.restart()
        self._enter()
        self._entered.reset()

    def write(self, tensor, data, flip):
        if self._entered is None:
            self._enter()
        self._entered.write(self._inputs[tensor], data, flip)

    def selftest(self):
        for k, part in enumerate(self.parts):
            self._at = k
            self._enter()
            op = part.engine.selftest()
            if op >= 0:
                error = selftest_error(part.view, op)
                self.reset()
                raise error
        self.restart()
        return -1

    def busy(self):
        return self._at > 0 or self._entered is not None and self._entered.busy()

    def pool(self):
        return self._memory[0]

    def state(self):
        return self._memory[1]


def _edges(blob, first, count):
    """[(ti_tensor, ti_io, name)] of these inputs and outputs, copied."""
    tensors, _, _, io = unpack_from("<4I", blob, 28)
    edges = []
    for at in range(io + 44 * first, io + 44 * (first + count), 44):
        tensor = tensors + 16 * unpack_from("<H", blob, at)[0]
        name = string_at(blob, unpack_from("<I", blob, at + 40)[0])
        edges.append((bytes(blob[tensor : tensor + 16]), bytearray(blob[at : at + 44]), name))
    return edges


def _head(last, inputs, outputs, blob_bytes):
    """All that a Model reads of its blob, as one: inputs of the first part, outputs and metadata of the last one's blob.

    Tensors are numbered as the inputs and outputs are, the number of the part is left out of the name.
    """
    edges = inputs + outputs
    name, metadata = [string_at(last, at) for at in unpack_from("<2I", last, 52)]
    start = unpack_from("<H", last, 6)[0]
    at = start + 60 * len(edges)
    offsets = []
    strings = b""
    for text in [name[: name.rfind(".")], metadata] + [name for _, _, name in edges]:
        offsets.append(at + len(strings))
        strings += text.encode() + b"\0"
    head = bytearray(last[:start])
    pack_into("<I", head, 8, blob_bytes)
    pack_into("<2H", head, 22, len(inputs), len(outputs))
    pack_into("<I", head, 28, start)
    pack_into("<I", head, 40, start + 16 * len(edges))
    pack_into("<2I", head, 52, offsets[0], offsets[1])
    for tensor, _, _ in edges:
        head += tensor
    for i, (_, io, _) in enumerate(edges):
        pack_into("<H", io, 0, i)
        pack_into("<I", io, 40, offsets[2 + i])
        head += io
    return head + strings
