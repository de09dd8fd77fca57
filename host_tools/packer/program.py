"""The lowered model: device ops over buffers. Lowering makes it, the planner gives it addresses, emit writes it out."""

from dataclasses import dataclass, field

import numpy as np

from . import format as f


INPUT_ROWS = "INPUT_ROWS"  # in place of a kernel: rows of a streamed input, which the caller hands over


@dataclass(eq=False)
class Buffer:
    """A block of pool memory, or a constant in the blob when `data` is given."""

    name: str
    nbytes: int
    dtype: str
    data: "np.ndarray | None" = None
    tensors: list = field(default_factory=list)  # indexes of the TFLite tensors whose value it holds
    offset: "int | None" = None  # pool offset, from the planner
    order: "np.ndarray | None" = None  # of its channels: the tensor's by position, where lowering has changed it
    held_bytes: "int | None" = None  # bytes of it that exist at a time: nbytes, or less where it is a ring


@dataclass(frozen=True)
class Rows:
    """A buffer, or a part of it, seen as `rows` rows of `row_bytes` bytes."""

    buffer: Buffer
    rows: int
    row_bytes: int
    start: int = 0  # byte of the buffer at which row 0 starts

    @property
    def nbytes(self):
        return self.rows * self.row_bytes

    @property
    def is_whole(self):
        return self.nbytes == self.buffer.nbytes


@dataclass(eq=False)
class DeviceOp:
    """One kernel call. In `params`, a numpy array in an offset field is data that the emitter places in the blob."""

    kernel: str
    name: str
    layer: int  # index of the TFLite op it comes from
    tensor: "int | None"  # index of the TFLite tensor that it makes, None where what it makes is none of them
    inputs: list  # Rows
    output: Rows
    params: dict
    macs: int = 0
    scratch: "Buffer | None" = None
    partial: bool = False  # it makes a part of its rows only, a later op the rest
    data_bytes: int = 0  # of its parameters and data, where they are read from a file before it runs
    coded: "object | None" = None  # its weights as coding.Coded, where they lie in the blob so


@dataclass(frozen=True)
class Edge:
    """A model input or output: the buffer in the pool, and how the `.tflite` typed it."""

    buffer: Buffer
    rows: Rows
    name: str
    shape: tuple
    dtype: str  # in the pool
    edge: str  # in the .tflite
    scale: float
    zero_point: int


@dataclass(eq=False)
class Segment:
    """Ops whose parameters and data are read together from a file, into pool memory that keeps them while the ops run."""

    ops: list
    window: Buffer


@dataclass(eq=False)
class Program:
    name: str
    ops: list
    inputs: list  # Edge
    outputs: list  # Edge
    steps: list = field(default_factory=list)  # (op, row, rows) in order of work, from the planner
    init_ops: list = field(default_factory=list)  # run at reset, to make the initial state
    state: list = field(default_factory=list)  # Buffers that live from one inference to the next, first in the pool
    segments: list = field(default_factory=list)  # from the planner, of all device ops in order, if they have data_bytes

    @property
    def streams(self):
        """Is the input handed over row by row?"""
        return any(op.kernel == INPUT_ROWS for op in self.ops)

    @property
    def state_bytes(self):
        """The pool's first bytes, which the state takes."""
        return -(-max((b.offset + b.nbytes for b in self.state), default=0) // 4) * 4

    @property
    def device_ops(self):
        """The ops that the blob holds, in its order: initial ones first, a streamed input is none."""
        return [*self.init_ops, *(op for op in self.ops if op.kernel != INPUT_ROWS)]

    def buffers(self):
        """Every pool buffer, scratch included, in the order of first use."""
        seen = {id(b): b for b in self.state}
        for edge in self.inputs:
            seen.setdefault(id(edge.buffer), edge.buffer)
        for op in [*self.init_ops, *self.ops]:
            for rows in [*op.inputs, op.output]:
                if rows.buffer.data is None:
                    seen.setdefault(id(rows.buffer), rows.buffer)
            if op.scratch is not None:
                seen.setdefault(id(op.scratch), op.scratch)
        for edge in self.outputs:
            if edge.buffer.data is None:
                seen.setdefault(id(edge.buffer), edge.buffer)
        return list(seen.values())

    @property
    def macs(self):
        return sum(op.macs for op in self.ops)


def natural_rows(shape, itemsize=1):
    """(rows, row_bytes) of a tensor: [.., H, W, C] has a row for each y, [.., T, C] one for each step, a vector is one row."""
    elements = int(np.prod(shape, dtype=np.int64)) * itemsize
    axes = len(shape) - 2 if len(shape) >= 4 else len(shape) - 1
    rows = int(np.prod(shape[: max(axes, 0)], dtype=np.int64))
    if rows > 0xFFFF:  # rows are counted in 16 bits
        rows = 1
    return rows, elements // rows


DTYPE_BYTES = {name: f.DTYPE_BYTES[code] for name, code in f.DTYPES.items()}
