"""Makes small `.tflite` models from Python, for tests.

    g = Graph()
    x = g.input((1, 8, 8, 3), scale=0.02, zero_point=-3)
    w = g.const(weights, scale=[0.01, 0.02], axis=0)
    y = g.op("CONV_2D", [x, w, None], (1, 8, 8, 2), 0.05, 4, padding="SAME", stride_h=1, stride_w=1)
    g.output(y)
    model = g.finish()

Ops and options have the names of TFLite's schema, options in snake case. An op with several outputs is `g.node()` on
tensors made by `g.tensor()`; `g.subgraph()` makes the body that CALL_ONCE and its like name by its index.
"""

import re

import flatbuffers
import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

BUFFER_ALIGNMENT = 16
DEPRECATED_CODE_MAX = 127  # the old one-byte field of the operator code; larger codes only fit the new field

TYPES = {
    "int8": schema.TensorType.INT8, "uint8": schema.TensorType.UINT8, "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32, "int64": schema.TensorType.INT64, "float32": schema.TensorType.FLOAT32,
    "bool": schema.TensorType.BOOL, "resource": schema.TensorType.RESOURCE, "int4": schema.TensorType.INT4,
}

# Options tables that do not bear their op's name.
OPTIONS_OF = {
    "AVERAGE_POOL_2D": "Pool2DOptions", "MAX_POOL_2D": "Pool2DOptions", "L2_NORMALIZATION": "L2NormOptions",
    "MEAN": "ReducerOptions", "SUM": "ReducerOptions", "REDUCE_MAX": "ReducerOptions", "REDUCE_MIN": "ReducerOptions",
    "MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions",
}

# Option fields whose values may be given by name: padding="SAME".
ENUM_OF = {
    "padding": schema.Padding, "fused_activation_function": schema.ActivationFunctionType,
    "weights_format": schema.FullyConnectedOptionsWeightsFormat, "mode": schema.MirrorPadMode,
    "in_data_type": schema.TensorType, "out_data_type": schema.TensorType, "out_type": schema.TensorType,
    "output_type": schema.TensorType,
}


class Tensor:
    """A tensor of a graph being built: its index in the subgraph, shape, numpy dtype and quantisation."""

    def __init__(self, index, shape, dtype, scale, zero_point):
        self.index = index
        self.shape = tuple(int(n) for n in shape)
        self.dtype = dtype
        self.scale = scale
        self.zero_point = zero_point


class _Buffer(schema.BufferT):
    """A buffer whose bytes start at a multiple of 16: the schema wants it, its generated code forgets it."""

    def Pack(self, builder):
        if self.data is not None:
            builder.StartVector(1, len(self.data), BUFFER_ALIGNMENT)
            builder.head -= len(self.data)
            builder.Bytes[builder.head:builder.head + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if self.data is not None:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)


class Graph:
    """A subgraph; the one made by `Graph()` is the model's main graph."""

    def __init__(self):
        self._model = schema.ModelT(version=3, operatorCodes=[], subgraphs=[], buffers=[_Buffer()], description="test")
        self._add_subgraph("main")

    def _add_subgraph(self, name):
        self.index = len(self._model.subgraphs)
        self._graph = schema.SubGraphT(tensors=[], inputs=[], outputs=[], operators=[], name=name)
        self._model.subgraphs.append(self._graph)

    def subgraph(self, name):
        """Another subgraph of the same model; its `index` is what options such as `init_subgraph_index` want."""
        graph = object.__new__(Graph)
        graph._model = self._model
        graph._add_subgraph(name)
        return graph

    def tensor(self, shape, scale=None, zero_point=0, dtype=np.int8, axis=0, data=None, variable=False, name=None):
        """A new tensor. `scale` is one number, or a list along `axis`, or None for a tensor that is not quantised;
        `dtype` is a numpy type, "resource" or "int4"; `data` the bytes of a constant."""
        type_name = dtype if dtype in ("resource", "int4") else np.dtype(dtype).name
        buffer = 0
        if data is not None:
            buffer = len(self._model.buffers)
            self._model.buffers.append(_Buffer(data=data))
        tensor = Tensor(len(self._graph.tensors), shape, dtype, scale, zero_point)
        self._graph.tensors.append(schema.TensorT(
            shape=list(tensor.shape), type=TYPES[type_name], buffer=buffer, name=name or f"t{tensor.index}",
            quantization=_quantization(scale, zero_point, axis), isVariable=variable))
        return tensor

    def input(self, shape, scale=None, zero_point=0, dtype=np.int8, name=None):
        """A new tensor that is the graph's next input."""
        tensor = self.tensor(shape, scale, zero_point, dtype, name=name)
        self._graph.inputs.append(tensor.index)
        return tensor

    def output(self, *tensors):
        """Makes tensors the graph's next outputs."""
        self._graph.outputs.extend(tensor.index for tensor in tensors)

    def const(self, array, scale=None, zero_point=0, axis=0, name=None):
        """A constant tensor of the array's shape, dtype and values."""
        array = np.asarray(array)
        little_endian = array.astype(array.dtype.newbyteorder("<"))
        return self.tensor(array.shape, scale, zero_point, array.dtype, axis, little_endian.tobytes(), name=name)

    def int4(self, array, scale=None, axis=0, name=None):
        """A constant tensor of -8 … 7 that is stored in 4 bits: two to a byte, the first in the low ones."""
        nibbles = np.asarray(array).ravel().astype(np.uint8) & 15
        nibbles = np.append(nibbles, np.zeros(nibbles.size % 2, np.uint8))
        data = nibbles[0::2] | nibbles[1::2] << 4
        return self.tensor(np.shape(array), scale, 0, "int4", axis, data.tobytes(), name=name)

    def op(self, code, inputs, shape, scale=None, zero_point=0, dtype=np.int8, **options):
        """An op with one output, which is returned; the other arguments are those of `tensor()` and `node()`."""
        output = self.tensor(shape, scale, zero_point, dtype)
        self.node(code, inputs, [output], **options)
        return output

    def node(self, code, inputs, outputs, version=1, intermediates=(), **options):
        """An op that reads `inputs` (None where an optional one is absent) and writes `outputs`."""
        builtin = getattr(schema.BuiltinOperator, code)
        options_type, table = _options(code, options)
        self._graph.operators.append(schema.OperatorT(
            opcodeIndex=self._code_index(builtin, version), inputs=[-1 if t is None else t.index for t in inputs],
            outputs=[t.index for t in outputs], intermediates=[t.index for t in intermediates] or None,
            builtinOptionsType=options_type, builtinOptions=table))

    def _code_index(self, builtin, version):
        codes = self._model.operatorCodes
        for index, code in enumerate(codes):
            if (code.builtinCode, code.version) == (builtin, version):
                return index
        codes.append(schema.OperatorCodeT(
            deprecatedBuiltinCode=min(builtin, DEPRECATED_CODE_MAX), builtinCode=builtin, version=version))
        return len(codes) - 1

    def finish(self):
        """The model, subgraphs and all, as the bytes of a `.tflite` file."""
        builder = flatbuffers.Builder(4096)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())


def _quantization(scale, zero_point, axis):
    if scale is None:
        return None
    scales = [float(s) for s in np.atleast_1d(scale)]
    zero_points = [int(z) for z in np.broadcast_to(zero_point, len(scales))]
    return schema.QuantizationParametersT(scale=scales, zeroPoint=zero_points, quantizedDimension=axis)


def _options(code, options):
    """The (type, table) pair for an op's options; an op without a table of its own takes none."""
    wanted = OPTIONS_OF.get(code, code.replace("_", "") + "Options").lower()
    name = next((n for n in vars(schema.BuiltinOptions) if n.lower() == wanted), None)
    if name is None:
        if options:
            raise ValueError(f"{code} has no options, got {', '.join(options)}")
        return 0, None
    table = getattr(schema, name + "T")()
    for key, value in options.items():
        if isinstance(value, str) and key in ENUM_OF:
            value = getattr(ENUM_OF[key], value)
        field = re.sub(r"_(\w)", lambda match: match[1].upper(), key)
        if not hasattr(table, field):
            raise ValueError(f"{name} has no field {key}")
        setattr(table, field, value)
    return getattr(schema.BuiltinOptions, name), table
