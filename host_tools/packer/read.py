"""Read a `.tflite` file (a flatbuffer) into a Graph. Any bytes at all give a Graph or a PackerError."""

import struct

import numpy as np
import tflite

from .errors import PackerError
from .graph import Graph, Op, Tensor


def _enum_names(enum):
    return {v: k for k, v in vars(enum).items() if isinstance(v, int)}


_OPS = _enum_names(tflite.BuiltinOperator)
_DTYPES = {code: name.lower() for code, name in _enum_names(tflite.TensorType).items()}
_ACTIVATIONS = _enum_names(tflite.ActivationFunctionType)
_PADDINGS = _enum_names(tflite.Padding)

# op -> (options table, its fields), under the schema's own accessor names
_CONV = ("Padding", "StrideW", "StrideH", "DilationWFactor", "DilationHFactor", "FusedActivationFunction")
_POOL = ("Padding", "StrideW", "StrideH", "FilterWidth", "FilterHeight", "FusedActivationFunction")
_ACTIVATION = ("FusedActivationFunction",)
_REDUCE = (tflite.ReducerOptions, ("KeepDims",))
_OPTIONS = {
    "CONV_2D": (tflite.Conv2DOptions, _CONV),
    "DEPTHWISE_CONV_2D": (tflite.DepthwiseConv2DOptions, _CONV),
    "TRANSPOSE_CONV": (tflite.TransposeConvOptions, ("Padding", "StrideW", "StrideH", "FusedActivationFunction")),
    "FULLY_CONNECTED": (tflite.FullyConnectedOptions, (*_ACTIVATION, "WeightsFormat")),
    "BATCH_MATMUL": (tflite.BatchMatMulOptions, ("AdjX", "AdjY")),
    "MAX_POOL_2D": (tflite.Pool2DOptions, _POOL),
    "AVERAGE_POOL_2D": (tflite.Pool2DOptions, _POOL),
    "SOFTMAX": (tflite.SoftmaxOptions, ("Beta",)),
    "ADD": (tflite.AddOptions, _ACTIVATION),
    "SUB": (tflite.SubOptions, _ACTIVATION),
    "MUL": (tflite.MulOptions, _ACTIVATION),
    "DIV": (tflite.DivOptions, _ACTIVATION),
    "MEAN": _REDUCE,
    "SUM": _REDUCE,
    "REDUCE_MAX": _REDUCE,
    "REDUCE_MIN": _REDUCE,
    "REDUCE_PROD": _REDUCE,
    "L2_NORMALIZATION": (tflite.L2NormOptions, _ACTIVATION),
    "LEAKY_RELU": (tflite.LeakyReluOptions, ("Alpha",)),
    "STRIDED_SLICE": (
        tflite.StridedSliceOptions,
        ("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask", "Offset"),
    ),
    "PACK": (tflite.PackOptions, ("Axis", "ValuesCount")),
    "UNPACK": (tflite.UnpackOptions, ("Axis", "Num")),
    "CONCATENATION": (tflite.ConcatenationOptions, ("Axis", *_ACTIVATION)),
    "GATHER": (tflite.GatherOptions, ("Axis", "BatchDims")),
    "MIRROR_PAD": (tflite.MirrorPadOptions, ("Mode",)),
    "SPACE_TO_DEPTH": (tflite.SpaceToDepthOptions, ("BlockSize",)),
    "DEPTH_TO_SPACE": (tflite.DepthToSpaceOptions, ("BlockSize",)),
    "RESIZE_BILINEAR": (tflite.ResizeBilinearOptions, ("AlignCorners", "HalfPixelCenters")),
    "RESIZE_NEAREST_NEIGHBOR": (tflite.ResizeNearestNeighborOptions, ("AlignCorners", "HalfPixelCenters")),
    "VAR_HANDLE": (tflite.VarHandleOptions, ("Container", "SharedName")),
    "CALL_ONCE": (tflite.CallOnceOptions, ("InitSubgraphIndex",)),
    "SVDF": (tflite.SVDFOptions, ("Rank", *_ACTIVATION)),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        tflite.UnidirectionalSequenceLSTMOptions,
        (*_ACTIVATION, "CellClip", "ProjClip", "TimeMajor"),
    ),
}


def read(data, name="model"):
    """Graph of the main subgraph of the `.tflite` in `data` (bytes), called `name`; it has the others in `subgraphs`.

    PackerError if it is not a valid model.
    """
    if len(data) < 8 or data[4:8] != b"TFL3":
        raise PackerError(f"{name}: this is not a .tflite file (no TFL3 mark at byte 4); hand over a TFLite flatbuffer")
    try:
        return _Reader(bytes(data)).graphs(name)
    except (struct.error, IndexError, TypeError, ValueError, AttributeError, OverflowError, UnicodeDecodeError) as e:
        raise PackerError(f"{name}: the .tflite file is damaged ({e}); convert or copy it again") from e


class _Reader:
    def __init__(self, data):
        self.data = data
        self.records = 0
        self.model = tflite.Model.GetRootAs(data, 0)

    def bounded(self, length, what):
        """A vector's length; no vector can have more entries than the file has bytes."""
        if not 0 <= length <= len(self.data):
            raise ValueError(f"{length} {what} in a file of {len(self.data)} bytes")
        return length

    def graphs(self, name):
        """The main graph."""
        count = self.bounded(self.model.SubgraphsLength(), "subgraphs")
        if count < 1:
            raise ValueError("no subgraph")
        graphs = [self.graph(name, self.model.Subgraphs(i)) for i in range(count)]
        graphs[0].subgraphs = graphs
        return graphs[0]

    def graph(self, name, sub):
        # Subgraphs of a damaged file may share their records; all of them together are bounded, too.
        self.records = self.bounded(self.records + sub.TensorsLength() + sub.OperatorsLength(), "tensors and operators")
        tensors = [self.tensor(sub.Tensors(i), i) for i in range(self.bounded(sub.TensorsLength(), "tensors"))]
        ops = [self.op(sub.Operators(i), i, tensors) for i in range(self.bounded(sub.OperatorsLength(), "operators"))]
        inputs = [tensors[i] for i in self.indexes(sub.InputsAsNumpy(), len(tensors))]
        outputs = [tensors[i] for i in self.indexes(sub.OutputsAsNumpy(), len(tensors))]
        return Graph(name, inputs, outputs, ops, tensors)

    @staticmethod
    def indexes(array, count, optional=False):
        """A flatbuffer's int vector (0 when absent) as tensor indexes below `count`; -1 only where optional."""
        values = [] if isinstance(array, int) else [int(i) for i in array]
        for i in values:
            if not (-1 if optional else 0) <= i < count:
                raise ValueError(f"tensor index {i} of {count}")
        return values

    def tensor(self, t, index):
        # A dimension of -1 (a dynamic batch that the converter left open) is 1, as in TFLite's own shape field.
        shape = tuple(max(int(d), 1) if d < 0 else int(d) for d in t.ShapeAsNumpy()) if t.ShapeLength() > 0 else ()
        dtype = _DTYPES.get(t.Type(), f"type {t.Type()}")
        q = t.Quantization()
        scales = np.zeros(0, np.float32)
        zero_points = np.zeros(0, np.int64)
        if q is not None and q.ScaleLength() > 0:
            scales = np.array(q.ScaleAsNumpy(), np.float32)
            zero_points = np.array(q.ZeroPointAsNumpy(), np.int64) if q.ZeroPointLength() > 0 else zero_points
            if len(zero_points) != len(scales):
                zero_points = np.resize(zero_points, len(scales)) if len(zero_points) else np.zeros(len(scales), np.int64)
            if not np.all(np.isfinite(scales)) or np.any(scales < 0):
                raise ValueError(f"tensor {index} has a scale that is negative or not finite")
        name = (t.Name() or b"").decode("utf-8", "replace")
        return Tensor(index, name, shape, dtype, scales, zero_points, self.constant(t, index, shape, dtype), bool(t.IsVariable()))

    def constant(self, t, index, shape, dtype):
        if not 0 <= t.Buffer() < self.model.BuffersLength():
            raise ValueError(f"tensor {index} names buffer {t.Buffer()} of {self.model.BuffersLength()}")
        buffer = self.model.Buffers(t.Buffer())
        if self.bounded(buffer.DataLength(), "bytes") == 0:
            return None
        raw = np.array(buffer.DataAsNumpy(), np.uint8).tobytes()
        if dtype == "int4":
            return self.unpacked(raw, index, shape)
        try:
            np_dtype = np.dtype(dtype)
        except TypeError:
            raise ValueError(f"constant tensor {index} has dtype {dtype}") from None
        elements = int(np.prod(shape, dtype=np.int64))
        if len(raw) != elements * np_dtype.itemsize:
            raise ValueError(f"tensor {index} holds {len(raw)} bytes, its shape {list(shape)} needs {elements} {dtype}")
        return np.frombuffer(raw, np_dtype.newbyteorder("<")).astype(np_dtype).reshape(shape)

    @staticmethod
    def unpacked(raw, index, shape):
        """int8 of a constant of -8 … 7 that lie two in a byte, the first in its low bits."""
        elements = int(np.prod(shape, dtype=np.int64))
        if len(raw) != -(-elements // 2):
            raise ValueError(f"tensor {index} holds {len(raw)} bytes, its shape {list(shape)} needs {elements} int4")
        nibbles = np.frombuffer(raw, np.uint8)
        both = np.stack([nibbles & 15, nibbles >> 4], axis=1).ravel()[:elements].astype(np.int8)
        return np.where(both > 7, both - 16, both).astype(np.int8).reshape(shape)

    def op(self, o, index, tensors):
        code = self.model.OperatorCodes(self.bounded(o.OpcodeIndex(), "operator codes"))
        # Old files use the deprecated byte, some new ones only the wide field: the larger is right.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = _OPS.get(number, f"op {number}")
        if kind == "CUSTOM":
            kind = f"CUSTOM {(code.CustomCode() or b'').decode('utf-8', 'replace')}"
        inputs = [tensors[i] if i >= 0 else None for i in self.indexes(o.InputsAsNumpy(), len(tensors), optional=True)]
        outputs = [tensors[i] for i in self.indexes(o.OutputsAsNumpy(), len(tensors))]
        if not outputs and not kind.startswith(("CALL_ONCE", "ASSIGN_VARIABLE")):
            raise ValueError(f"operator {index} ({kind}) has no output")
        return Op(index, kind, inputs, outputs, self.options(o, kind))

    @staticmethod
    def options(o, kind):
        if kind not in _OPTIONS:
            return {}
        cls, names = _OPTIONS[kind]
        table = cls()
        raw = o.BuiltinOptions()
        if raw is None:
            return {}
        table.Init(raw.Bytes, raw.Pos)
        values = {n: getattr(table, n)() for n in names}
        if "FusedActivationFunction" in values:
            values["FusedActivationFunction"] = _ACTIVATIONS.get(values["FusedActivationFunction"], "unknown")
        if "Padding" in values:
            values["Padding"] = _PADDINGS.get(values["Padding"], "unknown")
        return values
