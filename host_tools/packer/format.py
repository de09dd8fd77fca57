"""The `.tin` blob's structs: the writer's copy of native_modules/core/ti_format.h. SPEC.md says what the fields mean.

A struct is declared as its C fields in order; sizes and offsets follow C's rules for naturally aligned fields, and
tests/test_format.py holds them against the C compiler's.
"""

import struct
from dataclasses import dataclass

MAGIC = b"TINF"
VERSION = 2
BLOB_ALIGN = 4
MAX_DIMS = 6
NONE = 0xFFFF

INT8, UINT8, INT16, INT32, FLOAT32, BOOL = 1, 2, 3, 4, 5, 6
DTYPES = {"int8": INT8, "uint8": UINT8, "int16": INT16, "int32": INT32, "float32": FLOAT32, "bool": BOOL}
DTYPE_NAMES = {code: name for name, code in DTYPES.items()}
DTYPE_BYTES = {INT8: 1, UINT8: 1, INT16: 2, INT32: 4, FLOAT32: 4, BOOL: 1}

POOL, BLOB = 0, 1

KERNELS = {
    "FULLY_CONNECTED": 1,
    "CONV2D": 2,
    "DEPTHWISE_CONV2D": 3,
    "MAX_POOL": 4,
    "AVERAGE_POOL": 5,
    "SOFTMAX": 6,
    "ADD": 7,
    "PAD": 8,
    "REDUCE_MEAN": 9,
    "TABLE": 10,
    "BINARY": 11,
    "COMPARE": 12,
    "SELECT": 13,
    "COPY": 14,
    "GATHER": 15,
    "REDUCE_MAX": 16,
    "ARG_MAX": 17,
    "TRANSPOSE_CONV": 18,
    "BATCH_MATMUL": 19,
    "RESIZE_BILINEAR": 20,
    "L2_NORM": 21,
    "LOG_SOFTMAX": 22,
    "CONVERT": 23,
    "TABLE16": 24,
    "SOFTMAX16": 25,
    "CONV16": 26,
    "POOL16": 27,
    "LSTM": 28,
    "SVDF": 29,
}
KERNEL_NAMES = {code: name for name, code in KERNELS.items()}

_CODES = {"u8": "B", "i8": "b", "u16": "H", "i16": "h", "u32": "I", "i32": "i"}


@dataclass(frozen=True)
class Field:
    """One C field: `kind` is a scalar code (u8 … i32) or a Struct, `count` more than 1 for an array."""

    name: str
    kind: "str | Struct"
    count: int
    offset: int

    @property
    def item_bytes(self):
        return self.kind.size if isinstance(self.kind, Struct) else struct.calcsize(_CODES[self.kind])


class Struct:
    """A C struct of naturally aligned little-endian fields; packs from and unpacks to dicts by field name."""

    def __init__(self, c_name, *fields):
        """`fields`: (kind, name) or (kind, name, count)."""
        self.c_name = c_name
        self.fields = []
        self.align = 1
        offset = 0
        for kind, name, *count in fields:
            item_align = kind.align if isinstance(kind, Struct) else struct.calcsize(_CODES[kind])
            offset = -(-offset // item_align) * item_align
            field = Field(name, kind, count[0] if count else 1, offset)
            self.fields.append(field)
            self.align = max(self.align, item_align)
            offset += field.item_bytes * field.count
        self.size = -(-offset // self.align) * self.align

    def pack(self, values):
        """Bytes of the struct; fields named `reserved…` and fields not given are 0. ValueError names a field out of range."""
        unknown = set(values) - {f.name for f in self.fields}
        if unknown:
            raise ValueError(f"{self.c_name} has no field {sorted(unknown)[0]}")
        out = bytearray(self.size)
        for f in self.fields:
            value = values.get(f.name, 0)
            if isinstance(f.kind, Struct):
                out[f.offset : f.offset + f.kind.size] = f.kind.pack(value)
                continue
            items = ([0] * f.count if value == 0 else list(value)) if f.count > 1 else [value]
            try:
                struct.pack_into(f"<{f.count}{_CODES[f.kind]}", out, f.offset, *items)
            except struct.error as e:
                raise ValueError(f"{self.c_name}.{f.name} cannot hold {value}: {e}") from None
        return bytes(out)

    def unpack(self, data, offset=0):
        """The struct at `offset` of `data` as a dict; arrays as tuples, nested structs as dicts."""
        values = {}
        for f in self.fields:
            at = offset + f.offset
            if isinstance(f.kind, Struct):
                values[f.name] = f.kind.unpack(data, at)
            else:
                items = struct.unpack_from(f"<{f.count}{_CODES[f.kind]}", data, at)
                values[f.name] = items if f.count > 1 else items[0]
        return values


HEADER = Struct(
    "ti_header",
    ("u8", "magic", 4), ("u16", "version"), ("u16", "header_bytes"), ("u32", "blob_bytes"), ("u32", "pool_bytes"),
    ("u16", "n_tensors"), ("u16", "n_ops"), ("u16", "n_steps"), ("u16", "n_inputs"), ("u16", "n_outputs"),
    ("u16", "golden_seed"), ("u32", "tensors"), ("u32", "ops"), ("u32", "steps"), ("u32", "io"), ("u32", "strings"),
    ("u32", "strings_bytes"), ("u32", "name"), ("u32", "metadata"), ("u32", "state_bytes"), ("u16", "n_init_steps"),
    ("u16", "reserved"),
)  # fmt: skip

TENSOR = Struct(
    "ti_tensor",
    ("u32", "offset"), ("u32", "row_bytes"), ("u16", "rows"), ("u16", "ring"), ("u8", "dtype"), ("u8", "space"),
    ("u16", "reserved"),
)  # fmt: skip

OP = Struct(
    "ti_op",
    ("u8", "kernel"), ("u8", "reserved0"), ("u16", "output"), ("u16", "inputs", 3), ("u16", "reserved1"),
    ("u32", "params"), ("u32", "scratch"), ("u32", "check"), ("u32", "name"),
)  # fmt: skip

STEP = Struct("ti_step", ("u16", "op"), ("u16", "row"), ("i16", "rows"))

IO = Struct(
    "ti_io",
    ("u16", "tensor"), ("u8", "dtype"), ("u8", "edge"), ("u8", "ndim"), ("u8", "reserved", 3),
    ("u32", "shape", MAX_DIMS), ("u32", "scale"), ("i32", "zero_point"), ("u32", "name"),
)  # fmt: skip

OUTPUT_STAGE = Struct(
    "ti_output_stage",
    ("u32", "bias"), ("u32", "multiplier"), ("u32", "shift"), ("i16", "zero_point"), ("i16", "min"), ("i16", "max"),
    ("u8", "per_channel"), ("u8", "reserved"),
)  # fmt: skip

FULLY_CONNECTED = Struct(
    "ti_fully_connected",
    ("u32", "pixels"), ("u32", "in_c"), ("u32", "out_c"), ("u32", "weights"), (OUTPUT_STAGE, "stage"),
)  # fmt: skip

WINDOW = Struct(
    "ti_window",
    ("u16", "in_h"), ("u16", "in_w"), ("u16", "in_c"), ("u16", "out_h"), ("u16", "out_w"), ("u16", "out_c"),
    ("u16", "k_h"), ("u16", "k_w"), ("u16", "stride_h"), ("u16", "stride_w"), ("u16", "dilation_h"),
    ("u16", "dilation_w"), ("u16", "pad_top"), ("u16", "pad_left"),
)  # fmt: skip

CONV2D = Struct(
    "ti_conv2d",
    (WINDOW, "window"), ("i16", "in_zero_point"), ("u16", "reserved"), ("u32", "weights"), (OUTPUT_STAGE, "stage"),
)  # fmt: skip

POOL2D = Struct("ti_pool2d", (WINDOW, "window"), ("i16", "min"), ("i16", "max"))

SOFTMAX = Struct(
    "ti_softmax",
    ("u32", "count"), ("u32", "depth"), ("u32", "exp_table"), ("u16", "exp_count"), ("u16", "reserved"),
)  # fmt: skip

ADD = Struct(
    "ti_add",
    ("u32", "count"), ("i32", "multiplier1"), ("i32", "multiplier2"), ("i32", "multiplier_out"),
    ("i16", "zero_point1"), ("i16", "zero_point2"), ("i16", "zero_point_out"), ("i16", "min"), ("i16", "max"),
    ("i8", "shift1"), ("i8", "shift2"), ("i8", "shift_out"), ("u8", "left_shift"), ("u16", "reserved"),
)  # fmt: skip

PAD = Struct(
    "ti_pad",
    ("u16", "in_h"), ("u16", "out_h"), ("u16", "pad_top"), ("i16", "fill"), ("u32", "in_w"), ("u32", "out_w"),
    ("u32", "pad_left"), ("u32", "in_c"), ("u32", "out_c"), ("u32", "pad_c"),
)  # fmt: skip

REDUCE_MEAN = Struct(
    "ti_reduce_mean",
    ("u32", "outer"), ("u32", "width"), ("u32", "inner"), ("u16", "rows"), ("i16", "zero_point"),
    ("i32", "multiplier"), ("i32", "shift"), ("i32", "bias"),
)  # fmt: skip

TABLE = Struct("ti_table", ("u32", "count"), ("u32", "table"))

STRUCTS = [
    HEADER, TENSOR, OP, STEP, IO, OUTPUT_STAGE, FULLY_CONNECTED, WINDOW, CONV2D, POOL2D, SOFTMAX, ADD, PAD,
    REDUCE_MEAN, TABLE,
]  # fmt: skip

PARAMS = {
    "FULLY_CONNECTED": FULLY_CONNECTED,
    "CONV2D": CONV2D,
    "DEPTHWISE_CONV2D": CONV2D,
    "MAX_POOL": POOL2D,
    "AVERAGE_POOL": POOL2D,
    "SOFTMAX": SOFTMAX,
    "ADD": ADD,
    "PAD": PAD,
    "REDUCE_MEAN": REDUCE_MEAN,
    "TABLE": TABLE,
}
