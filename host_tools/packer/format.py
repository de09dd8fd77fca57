"""The `.tin` blob's structs: the writer's copy of native_modules/core/ti_format.h. SPEC.md says what the fields mean.

A struct is declared as its C fields in order; sizes and offsets follow C's rules for naturally aligned fields, and
tests/test_format.py holds them against the C compiler's.
"""

import struct
from dataclasses import dataclass

MAGIC = b"TINF"
VERSION = 4
BLOB_ALIGN = 4
MAX_DIMS = 6
NONE = 0xFFFF
INPUT_ROWS = 0xFFFF

INT8, UINT8, INT16, INT32, FLOAT32, BOOL = 1, 2, 3, 4, 5, 6
DTYPES = {"int8": INT8, "uint8": UINT8, "int16": INT16, "int32": INT32, "float32": FLOAT32, "bool": BOOL}
DTYPE_NAMES = {code: name for name, code in DTYPES.items()}
DTYPE_BYTES = {INT8: 1, UINT8: 1, INT16: 2, INT32: 4, FLOAT32: 4, BOOL: 1}

POOL, BLOB, STATE = 0, 1, 2
SPACES = 3

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
    "GENERAL_CONV": 26,
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
                out[f.offset : f.offset + f.kind.size] = f.kind.pack(value or {})
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
    ("u16", "n_segments"),
)  # fmt: skip

TENSOR = Struct(
    "ti_tensor",
    ("u32", "offset"), ("u32", "row_bytes"), ("u16", "rows"), ("u16", "ring"), ("u8", "dtype"), ("u8", "space"),
    ("u16", "reserved"),
)  # fmt: skip

OP = Struct(
    "ti_op",
    ("u8", "kernel"), ("u8", "partial"), ("u16", "output"), ("u16", "inputs", 3), ("u16", "segment"),
    ("u32", "params"), ("u32", "scratch"), ("u32", "check"), ("u32", "name"),
)  # fmt: skip

SEGMENT = Struct("ti_segment", ("u32", "offset"), ("u32", "bytes"), ("u32", "window"))

STEP = Struct("ti_step", ("u16", "op"), ("u16", "row"), ("i16", "rows"))

IO = Struct(
    "ti_io",
    ("u16", "tensor"), ("u8", "dtype"), ("u8", "edge"), ("u8", "ndim"), ("u8", "stream"), ("u8", "reserved", 2),
    ("u32", "shape", MAX_DIMS), ("u32", "scale"), ("i32", "zero_point"), ("u32", "name"),
)  # fmt: skip

OUTPUT_STAGE = Struct(
    "ti_output_stage",
    ("u32", "bias"), ("u32", "multiplier"), ("u32", "shift"), ("i16", "zero_point"), ("i16", "min"), ("i16", "max"),
    ("u8", "per_channel"), ("u8", "quick"),
)  # fmt: skip

PAIRS = Struct("ti_pairs", ("u32", "runs"), ("u16", "chunk"), ("u16", "coded"))

CODINGS = {"palette": 1, "channel palette": 2, "entropy": 3, "sparse": 4}
CODING_NAMES = {code: name for name, code in CODINGS.items()}

CODED = Struct(
    "ti_coded", ("u32", "data"), ("u32", "bytes"), ("u32", "table"), ("u16", "block"), ("u8", "coding"), ("u8", "bits")
)

FULLY_CONNECTED = Struct(
    "ti_fully_connected",
    ("u32", "pixels"), ("u32", "in_c"), ("u32", "out_c"), ("u32", "weights"), (OUTPUT_STAGE, "stage"),
    (PAIRS, "pairs"),
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
    (PAIRS, "pairs"),
)  # fmt: skip

DEPTHWISE_CONV2D = Struct(
    "ti_depthwise_conv2d",
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

REDUCE_MAX = Struct(
    "ti_reduce_max", ("u32", "outer"), ("u32", "width"), ("u32", "inner"), ("u16", "rows"), ("u16", "minimum")
)

L2_NORM = Struct("ti_l2_norm", ("u32", "count"), ("u32", "depth"), ("i32", "zero_point"))

LOG_SOFTMAX = Struct(
    "ti_log_softmax",
    (SOFTMAX, "softmax"), ("i32", "multiplier", 2), ("i8", "shift", 2), ("u16", "reserved"),
)  # fmt: skip

CONVERT = Struct(
    "ti_convert",
    ("u32", "count"), ("i32", "zero_point"), ("i32", "zero_point_out"), ("i32", "min"), ("i32", "max"),
    ("i32", "multiplier", 2), ("i8", "shift", 2), ("u8", "negate_below"), ("u8", "cast"),
)  # fmt: skip

TABLE16 = Struct(
    "ti_table16", ("u32", "count"), ("u32", "table"), ("u16", "multiplier"), ("u8", "shift"), ("u8", "is_tanh")
)

SOFTMAX16 = Struct(
    "ti_softmax16",
    ("u32", "count"), ("u32", "depth"), ("u32", "exp_table"), ("u32", "reciprocal_table"), ("i32", "multiplier"),
    ("i8", "shift"), ("u8", "reserved", 3),
)  # fmt: skip

BROADCAST = Struct(
    "ti_broadcast",
    ("u16", "rows", 4), ("u32", "outer"), ("u32", "inner"), ("u8", "single", 3), ("u8", "reserved"),
)  # fmt: skip

RESCALE = Struct("ti_rescale", ("i32", "multiplier"), ("i16", "zero_point"), ("i8", "shift"), ("u8", "left_shift"))

BINARY_OPS = {
    "ADD": 0,
    "SUB": 1,
    "SQUARED_DIFFERENCE": 2,
    "MUL": 3,
    "PRELU": 4,
    "MAXIMUM": 5,
    "MINIMUM": 6,
    "DIV": 7,
}

BINARY = Struct(
    "ti_binary",
    (BROADCAST, "broadcast"), (RESCALE, "in1"), (RESCALE, "in2"), (RESCALE, "out"), (RESCALE, "positive"),
    ("i16", "min"), ("i16", "max"), ("u8", "op"), ("u8", "reserved", 3),
)  # fmt: skip

COMPARE = Struct("ti_compare", (BROADCAST, "broadcast"), (RESCALE, "in1"), (RESCALE, "in2"), ("u32", "holds"))

GENERAL_CONV = Struct(
    "ti_general_conv",
    (WINDOW, "window"), ("u16", "up_h"), ("u16", "up_w"), ("u16", "group_c"), ("i16", "in_zero_point"),
    ("u32", "weights"), ("u16", "wide"), ("u16", "reserved"), (OUTPUT_STAGE, "stage"),
)  # fmt: skip

BATCH_MATMUL = Struct(
    "ti_batch_matmul",
    ("u32", "size", 6), ("u32", "step1", 6), ("u32", "step2", 6), ("i32", "multiplier"), ("i32", "shift"),
    ("i16", "zero_point", 3), ("u16", "reserved"),
)  # fmt: skip

RESIZE_BILINEAR = Struct(
    "ti_resize_bilinear",
    ("u16", "in_h"), ("u16", "out_h"), ("u32", "in_w"), ("u32", "out_w"), ("u32", "depth"), ("i32", "scale_h"),
    ("i32", "offset_h"), ("i32", "scale_w"), ("i32", "offset_w"),
)  # fmt: skip

POOL16 = Struct(
    "ti_pool16",
    (WINDOW, "window"), ("i16", "min"), ("i16", "max"), ("u16", "average"), ("u16", "reserved"),
)  # fmt: skip

COPY_DIMS = 6

COPY = Struct(
    "ti_copy",
    ("u32", "in_start"), ("u32", "out_start"), ("u8", "row_dims"), ("u8", "reserved", 3),
    ("u32", "size", COPY_DIMS), ("i32", "in_stride", COPY_DIMS), ("u32", "out_stride", COPY_DIMS),
)  # fmt: skip

GATHER = Struct(
    "ti_gather", ("u32", "vectors"), ("u32", "depth"), ("u32", "count"), ("u32", "inner"), ("u32", "repeat")
)

LSTM = Struct(
    "ti_lstm",
    ("u16", "in_c"), ("u16", "units"), ("u16", "steps"), ("i16", "zero_point"), ("i16", "cell_min"), ("i16", "cell_max"),
    ("u32", "weights"), ("u32", "bias"), ("u32", "sigmoid"), ("i32", "multiplier", 11), ("i8", "shift", 11),
    ("i8", "tanh_shift"),
)  # fmt: skip

SVDF = Struct(
    "ti_svdf",
    ("u16", "in_c"), ("u16", "units"), ("u16", "rank"), ("u16", "memory"), ("u32", "weights"), ("u32", "time_weights"),
    ("u32", "filter_bias"), ("u32", "bias"), ("i32", "multiplier", 2),
    ("i16", "state_zero_point"), ("i16", "zero_point"), ("i8", "shift", 2), ("u16", "reserved"),
)  # fmt: skip

STRUCTS = [
    HEADER, TENSOR, OP, SEGMENT, STEP, IO, OUTPUT_STAGE, PAIRS, CODED, FULLY_CONNECTED, WINDOW, CONV2D,
    DEPTHWISE_CONV2D, POOL2D, SOFTMAX, ADD, PAD,
    REDUCE_MEAN, TABLE, REDUCE_MAX, L2_NORM, LOG_SOFTMAX, CONVERT, TABLE16, SOFTMAX16,
    COPY, GATHER,
    BROADCAST, RESCALE, BINARY, COMPARE,
    GENERAL_CONV, BATCH_MATMUL, RESIZE_BILINEAR, POOL16,
    LSTM, SVDF,
]  # fmt: skip

PARAMS = {
    "FULLY_CONNECTED": FULLY_CONNECTED,
    "CONV2D": CONV2D,
    "DEPTHWISE_CONV2D": DEPTHWISE_CONV2D,
    "MAX_POOL": POOL2D,
    "AVERAGE_POOL": POOL2D,
    "SOFTMAX": SOFTMAX,
    "ADD": ADD,
    "PAD": PAD,
    "REDUCE_MEAN": REDUCE_MEAN,
    "TABLE": TABLE,
    "REDUCE_MAX": REDUCE_MAX,
    "ARG_MAX": REDUCE_MAX,
    "L2_NORM": L2_NORM,
    "LOG_SOFTMAX": LOG_SOFTMAX,
    "CONVERT": CONVERT,
    "TABLE16": TABLE16,
    "SOFTMAX16": SOFTMAX16,
    "BINARY": BINARY,
    "COMPARE": COMPARE,
    "SELECT": BROADCAST,
    "COPY": COPY,
    "GATHER": GATHER,
    "TRANSPOSE_CONV": GENERAL_CONV,
    "BATCH_MATMUL": BATCH_MATMUL,
    "RESIZE_BILINEAR": RESIZE_BILINEAR,
    "GENERAL_CONV": GENERAL_CONV,
    "POOL16": POOL16,
    "LSTM": LSTM,
    "SVDF": SVDF,
}


def checksum(data):
    """The blob's last word, of the bytes before it, a multiple of 4 (SPEC.md, "Checksum")."""
    total = 0
    for i, (word,) in enumerate(struct.iter_unpack("<I", data)):
        total = total ^ word if i % 2 else (total + word) * 0x9E3779B1 & 0xFFFFFFFF
        if i % 8 == 7:
            total ^= total >> 16
    return total
