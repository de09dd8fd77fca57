"""Runs int8 TensorFlow Lite models that `packer build` has compiled.

    import tinyinfer
    m = tinyinfer.load("kws.tin")  # or any buffer: bytes, a memoryview of flash
    y = m(x)                       # bytes, an array, or a list in; a Tensor out, a view of the pool
    m.input[:] = frame; m.run(); print(m.output.argmax())
"""

from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, Literal, Union, overload

Buffer = Union[bytes, bytearray, memoryview, array[Any]]
WritableBuffer = Union[bytearray, memoryview]
Numbers = Union[Sequence[float], Sequence["Numbers"]]
"""Numbers, nested or not."""
Values = Union[Buffer, Numbers]

version: str
"""The package's version, "0.1.0"."""

backend: str
"""What runs the models: "native x64, SSE2" for the .mpy of an architecture, "user module, SSE2", or "pure Python". After the comma,
whose inner loops: "SSE2", "DSP" (Cortex-M4, M7, M33), "assembly" (Cortex-M0, RV32), or "C"."""

class Pool:
    """RAM of `size` bytes for models that do not run at the same time: load("a.tin", pool), load("b.tin", pool).

    A model in the middle of an inference, begun by steps() or feed(), holds the pool: until it is done, or restarted,
    other models of the pool, and load() with it, raise a RuntimeError. Each model's state lies beside the pool.
    """

    def __init__(self, size: int) -> None: ...
    def __len__(self) -> int: ...
    def close(self) -> None:
        """Give the memory back: it is free once its models are gone, too. Until then all they do is a RuntimeError."""

def load(source: Union[str, Buffer], pool: Union[Pool, WritableBuffer, None] = None, stream: bool = False) -> Model:
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

def load_parts(sources: Iterable[Union[str, Buffer]], pool: Union[Pool, WritableBuffer, None] = None) -> Model:
    """The model that `packer split` made these parts of: paths or bytes-like objects, in order.

    Parts in memory, or in files that are mapped into it, are used where they lie. Other files stay open: one part at a
    time is read into a buffer of the largest one's size, and checked, whenever its turn comes. pool: as for load().

    ValueError where these are not the parts of one model in order, or what load() raises. Whatever runs the model may
    also raise OSError where a part cannot be read, and ValueError where it is no longer what it was.
    """

def load_slot(pool: Union[Pool, WritableBuffer, None] = None) -> Model:
    """The model that `packer deploy --slot` put into an RP2's flash, where it stays; the last one that arrived whole.

    OSError where there are no slots; ValueError where no slot holds a good model, or what load() raises.
    """

class SlotWriter:
    """Replaces load_slot()'s model by a new one of `blob_bytes`: write(data) in order, then commit(crc32 of it all).

    The model there was is the one that counts until commit() is done, whatever happens. ValueError where the new one does
    not fit, or did not arrive whole; OSError where there are no slots.
    """

    def __init__(self, blob_bytes: int) -> None: ...
    def write(self, data: Buffer) -> None: ...
    def commit(self, crc: int) -> None: ...

class Model:
    """A loaded model, made by load().

    A run may use the memory of the inputs for something else: write them before each run, and read the outputs before
    the next one.
    """

    inputs: tuple[Tensor, ...]
    """Views of the pool."""
    outputs: tuple[Tensor, ...]
    """Views of the pool."""

    @property
    def input(self) -> Tensor:
        """The first input."""
    @property
    def output(self) -> Tensor:
        """The first output."""
    @property
    def name(self) -> str: ...
    @property
    def pool_bytes(self) -> int:
        """RAM the model needs, state included."""
    @property
    def state_bytes(self) -> int:
        """The part of it that lives from one run to the next; on a pool that was given to load() it lies beside that."""
    @property
    def blob_bytes(self) -> int:
        """Size of the .tin blob."""
    @property
    def meta(self) -> dict[str, Any]:
        """The metadata that was given to the packer."""
    @property
    def labels(self) -> Union[list[str], None]:
        """A name for each element of the first output, or None."""
    def __call__(self, x: Values, *more: Values) -> Tensor:
        """Set the inputs, run, and return the first output: a view of the pool, which the next run overwrites.

        What an input takes is said at Tensor. TypeError where the number of inputs is another.
        """
    def feed(self, rows: Values) -> Union[Tensor, None]:
        """Hand over the next rows of an input that was built with --stream-input, and run as far as they go.

        Returns the first output after the input's last row, before that None. ValueError where these are not whole rows,
        or more than are left of the input.
        """
    def run(self) -> None:
        """Run to the end on what the inputs hold; where steps() was left before its end, from there on.

        Allocates nothing.
        """
    def steps(self, rows: int = 1) -> Generator[None, None, None]:
        """Run, yielding after each `rows` output rows but the last: `for _ in m.steps(): await asyncio.sleep(0)`."""
    def restart(self) -> None:
        """Give up a run that steps() left unfinished, with what it did to the state. Tensor.set() does so too."""
    def close(self) -> None:
        """Give the model up, in the middle of an inference too: its memory is free once nothing views it any more.

        What is done with it or its tensors afterwards is a RuntimeError.
        """
    def reset(self) -> None:
        """Forget earlier runs: the state becomes that of a model just loaded, and the next run starts over."""
    def profile(self) -> list[tuple[str, str, int]]:
        """Run on what the inputs hold, and time it: a list of (layer, kernel, microseconds)."""
    def selftest(self) -> None:
        """Run on the blob's own input. RuntimeError names the first layer whose bytes differ from the packer's.

        State is lost: the model is reset before and after.
        """

class Tensor:
    """An input or output: a sequence of raw values, quantised integers or bools, that lies in the model's pool.

    What set(x), t[:] = x and model(x) take: as many bytes as the tensor has, in bytes, a bytearray, a memoryview or an
    array of elements of its size, are raw values as they are, little-endian; floats, in an array or a list, are real
    values and are quantised; a list of nothing but ints holds raw values. Nested lists are flattened. ValueError where
    their number is not the tensor's, or a value is out of range.
    """

    stream: bool
    """An input that is handed over row by row with Model.feed(); it has no data of its own."""

    data: memoryview
    """The tensor's bytes in the pool, to read and write without a copy: little-endian in two's complement. Where the model
    computes in int8 and dtype is uint8, each byte is the value ^ 0x80."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Literal["int8", "uint8", "int16", "int32", "bool"]: ...
    @property
    def scale(self) -> float:
        """real value = scale * (raw value - zero_point)"""
    @property
    def zero_point(self) -> int: ...
    def set(self, x: Values) -> None:
        """Write the whole tensor. A run that steps() left unfinished is given up: the next one starts over."""
    def quantize(self, values: Values) -> bytes:
        """Real values, any number of them, as the raw bytes that TFLite Micro's QUANTIZE gives. NaN is a ValueError."""
    def dequantize(self) -> array[float]:
        """array('f') of the real values, scale * (q - zero_point)."""
    def argmax(self) -> int:
        """Index of the largest value, the first one of equals."""
    def spec(self) -> str:
        """Its type as text: int8[1,49,10,1]."""
    def label(self) -> str:
        """Its name and type as text, as in error messages."""
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[int]: ...
    @overload
    def __getitem__(self, i: int) -> int: ...
    @overload
    def __getitem__(self, i: slice) -> array[int]: ...
    @overload
    def __setitem__(self, i: int, x: float) -> None: ...
    @overload
    def __setitem__(self, i: slice, x: Values) -> None: ...
