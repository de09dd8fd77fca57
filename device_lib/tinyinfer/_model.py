"""Loading a model and running it."""

from struct import unpack_from

from ._blob import string_at
from ._tensor import Tensor

try:
    import _tinyinfer as _core
except ImportError:
    from . import _pure as _core
except ValueError as e:  # a .mpy that was built for something else
    from ._errors import wrong_native_module

    raise wrong_native_module(e)

_BYTES = (bytes, bytearray, memoryview)
backend = _core.BACKEND


def Pool(size):
    """RAM of `size` bytes for models that do not run at the same time: load("a.tin", pool), load("b.tin", pool).

    A model in the middle of an inference, begun by steps() or feed(), holds the pool: until it is done, or restarted,
    other models of the pool, and load() with it, raise a RuntimeError. pool.close() gives the memory back.
    """
    from ._pool import Pool  # code is RAM

    return Pool(size)


def load(source, pool=None, stream=False):
    """The model in `source`: a path, or a bytes-like object, at an address that is a multiple of 4.

    A file that is mapped into memory (on a ROMFS) and a buffer are used where they lie; another file is read into RAM.
    The buffer must not change as long as the model is used.

    pool: a Pool of at least `pool_bytes - state_bytes` bytes, for several models to share. Inputs and outputs are views
    of it, and hold until another model runs. The state is allocated beside it. A bytearray or writable memoryview does
    as well, but then nobody sees to it that models do not run at the same time. Without it the model allocates
    `pool_bytes`, once.

    stream: the weights stay in the file, and are read into the pool when they are needed; RAM holds the rest. The blob
    must be one that `packer build --stream-weights` made, and the file must not change.

    ValueError where the blob is damaged, or the pool too small; MemoryError where the pool does not fit the heap;
    RuntimeError where a model is using the Pool, or it was closed.
    """
    place = "blob"
    if stream:
        file, blob = _file(source), b""
    elif isinstance(source, str):
        blob, place = _open(source)
    else:
        try:
            blob = _view(source)
        except TypeError:
            raise TypeError("load() takes a path or bytes, not %s" % type(source).__name__) from None
    shared = hasattr(pool, "claim")
    if shared:
        pool.claim(None, "load()")
    try:
        memory = pool.memory if shared else pool
        if stream:
            from ._stream import open_stream

            engine, blob = open_stream(_core, file, source, memory)
            place = "file, {:,} B of it in RAM".format(len(blob))
        else:
            engine = _core.Engine(blob, memory)
        if shared:
            from ._pool import Shared

            engine = Shared(engine, pool, "model " + string_at(blob, unpack_from("<I", blob, 52)[0]))
        return Model(engine, blob, place)
    except (ValueError, TypeError, MemoryError, OverflowError) as e:
        from ._errors import load_error

        raise load_error(e, _core.check, source, blob) from None


def _file(path):
    if not isinstance(path, str):
        raise TypeError("load() reads weights from a path, not from %s" % type(path).__name__)
    try:
        return open(path, "rb")
    except OSError as e:
        raise OSError(e.args[0], "cannot open %s: copy it to the device, or mend the path" % path) from None


def _open(path):
    """A file's bytes and where they lie."""
    with _file(path) as f:
        try:
            return memoryview(f), "flash"
        except TypeError:
            pass
        blob = bytearray(f.seek(0, 2))
        f.seek(0)
        f.readinto(blob)
        return memoryview(blob), "blob in RAM"


def _view(buffer):
    view = memoryview(buffer)
    return view.cast("B") if hasattr(view, "cast") else view


class Model:
    """A loaded model, made by load().

    inputs, outputs: tuples of Tensor, views of the pool. A run may use the memory of the inputs for something else:
    write them before each run, and read the outputs before the next one.
    """

    def __init__(self, engine, blob, place):
        n_inputs, n_outputs = unpack_from("<HH", blob, 22)
        self._engine = engine
        self._blob = blob
        self._place = place  # what its bytes are called: "flash", "blob in RAM", or "blob" where nobody knows
        self._meta = None
        pool, state = engine.pool(), engine.state()
        memory = (_view(pool), 0 if state is pool else self.state_bytes), None, (_view(state), 0)
        io = unpack_from("<I", blob, 40)[0]
        tensors = [Tensor(engine, blob, memory, io + 44 * i) for i in range(n_inputs + n_outputs)]
        self.inputs = tuple(tensors[:n_inputs])
        self.outputs = tuple(tensors[n_inputs:])

    def __call__(self, x, *more):
        """Set the inputs, run, and return the first output: a view of the pool, which the next run overwrites."""
        inputs = self.inputs
        if len(more) + 1 != len(inputs):
            raise TypeError("model %s takes %d inputs, %d were given" % (self.name, len(inputs), len(more) + 1))
        if inputs[0].stream:
            self._engine.restart()
            if self.feed(x) is None:
                self._engine.restart()
                raise ValueError("model %s needs all rows of its input in a call: use feed() for parts" % self.name)
            return self.outputs[0]
        inputs[0].set(x)
        for i in range(len(more)):
            inputs[i + 1].set(more[i])
        self._engine.run()
        return self.outputs[0]

    def feed(self, rows):
        """Hand over the next rows of an input that was built with --stream-input, and run as far as they go.

        What a row may be is said at Tensor. Returns the first output after the input's last row, before that None.
        """
        tensor = self.inputs[0]
        if not tensor.stream:
            raise ValueError("feed() takes whole rows of a streamed input")
        if isinstance(rows, _BYTES):
            done = self._engine.feed(rows, tensor.flip)
        else:
            done = self._engine.feed(tensor.raw(rows), 0)
        return self.outputs[0] if done else None

    def run(self):
        """Run to the end on what the inputs hold; where steps() was left before its end, from there on."""
        if not self._engine.run():
            raise ValueError("model %s takes its input row by row: hand the rows to feed()" % self.name)

    def steps(self, rows=1):
        """Run, yielding after each `rows` output rows but the last: `for _ in m.steps(): await asyncio.sleep(0)`."""
        if rows < 1:
            raise ValueError("steps() makes at least 1 row at a time, not %d" % rows)
        if self.inputs and self.inputs[0].stream:
            raise ValueError("model %s takes its input row by row: feed() runs it in steps" % self.name)
        while self._engine.step(rows):
            yield

    def restart(self):
        """Give up a run that steps() left unfinished, with what it did to the state. Tensor.set() does so too."""
        self._engine.restart()

    def reset(self):
        """Forget earlier runs: the state becomes that of a model just loaded, and the next run starts over."""
        self._engine.reset()

    def profile(self):
        """Run on what the inputs hold, and time it: a list of (layer, kernel, microseconds)."""
        from ._profile import profile

        if self.inputs and self.inputs[0].stream:
            raise ValueError("model %s takes its input row by row: build it without --stream-input to profile it" % self.name)
        return profile(self._engine, self._blob)

    def selftest(self):
        """Run on the blob's own input. RuntimeError names the first layer whose bytes differ from the packer's.

        State is lost: the model is reset before and after.
        """
        try:
            op = self._engine.selftest()
        except AttributeError:
            from ._errors import lacks

            raise lacks("selftest()") from None
        self._engine.reset()
        if op >= 0:
            from ._errors import selftest_error

            raise selftest_error(self._blob, op)

    def close(self):
        """Give the model up, in the middle of an inference too: its memory is free once nothing views it any more.

        What is done with it or its tensors afterwards is a RuntimeError.
        """
        if not self._place:
            return
        from ._pool import Closed

        closed = Closed(self._engine, "model " + self.name)
        for tensor in self.inputs + self.outputs:
            tensor._engine = closed
        self._engine = self._blob = self.inputs = self.outputs = closed
        self._place = ""

    def _u32(self, at):
        """The field at byte `at` of the header."""
        return unpack_from("<I", self._blob[at : at + 4])[0]

    @property
    def name(self):
        return string_at(self._blob, self._u32(52))

    @property
    def input(self):
        """The first input."""
        return self.inputs[0]

    @property
    def output(self):
        """The first output."""
        return self.outputs[0]

    @property
    def pool_bytes(self):
        """RAM the model needs, state included."""
        return self._u32(12)

    @property
    def state_bytes(self):
        """The part of it that lives from one run to the next; on a pool that was given to load() it lies beside that."""
        return self._u32(60)

    @property
    def blob_bytes(self):
        return self._u32(8)

    @property
    def meta(self):
        """The metadata that was given to the packer, a dict."""
        if self._meta is None:
            import json

            at = self._u32(56)
            self._meta = json.loads(string_at(self._blob, at)) if at else {}
        return self._meta

    @property
    def labels(self):
        """A name for each element of the first output, or None."""
        return self.meta.get("labels")

    def __repr__(self):
        if not self._place:
            return "<Model, closed>"
        return "<Model %s: %s -> %s, %s B RAM, %s B %s>" % (
            self.name,
            ", ".join([t.spec() for t in self.inputs]),
            ", ".join([t.spec() for t in self.outputs]),
            "{:,}".format(self.pool_bytes),
            "{:,}".format(self.blob_bytes),
            self._place,
        )
