"""`packer quantize`: a float32 or hybrid `.tflite` becomes an int8 one, by ai-edge-quantizer and on measured ranges.

The schemes and their formulas are in docs/quantisation.md.
"""

import contextlib
import importlib.util
import os
import struct
import tempfile
import warnings
from dataclasses import dataclass

import numpy as np

from .errors import PackerError
from .read import read

LARGEST_BIAS = 1 << 30  # in int32, with as much left for the products that are added to it
# {op: inputs that are its activation, weights, bias}
_BIASED = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
BUFFER_ALIGNMENT = 16  # of constants in the file, as the schema has it
LAST_NARROW_CODE = 127  # PLACEHOLDER_FOR_GREATER_OP_CODES: larger op codes have no place in the old one-byte field

# What LiteRT and ai-edge-quantizer raise at a model that they cannot take.
_REFUSALS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class QuantizeResult:
    """A quantised model."""

    name: str
    tflite: bytes
    float_bytes: int  # of the file it was made from
    samples: int
    inputs: list  # (name, dtype, scale, zero point), the model's edges
    outputs: list

    def summary(self):
        """What `packer quantize --json` prints."""
        keys = ("name", "dtype", "scale", "zero_point")
        return {
            "name": self.name,
            "tflite_bytes": len(self.tflite),
            "float_bytes": self.float_bytes,
            "samples": self.samples,
            "inputs": [dict(zip(keys, io)) for io in self.inputs],
            "outputs": [dict(zip(keys, io)) for io in self.outputs],
        }


def quantize(tflite_bytes, name, data, float_edges=False, on_progress=lambda text: None):
    """QuantizeResult of a float32 `.tflite`, or of one with float32 activations and int8 or float16 weights.

    data: an array [samples, …] for each input of the model, samples like those that it will meet: the least and largest
    values on them set the scale of every activation. float_edges: inputs and outputs stay float32. PackerError if the
    model is damaged or not float32, if the data does not fit it, or if an op of it cannot be made int8.
    """
    graph = read(tflite_bytes, name)
    if not any(t.dtype == "float32" for op in _computing(graph) for t in op.outputs):
        raise PackerError(f"{name}: no op of it computes in float32; it can go to `packer build` as it is")
    if len(graph.subgraphs) != 1:
        raise PackerError(f"{name}: it has {len(graph.subgraphs)} subgraphs; only models with one can be quantised")
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        raise PackerError("quantising needs the Python package ai-edge-quantizer: pip install 'tinyinfer[quantize]'")
    try:
        float_model = _pack(_in_float(tflite_bytes, graph))
        graph = read(float_model, name)
        samples = _samples(graph, data)
        ranges = _calibrate(float_model, graph, samples, on_progress)
        on_progress("quantising")
        model = _unpack(_quantise(float_model, ranges, float_edges))
        _make_room_for_biases(model, graph)
        quantised = _pack(model)
    except _REFUSALS as e:
        raise PackerError(f"{name}: ai-edge-quantizer cannot make it int8: {' '.join(str(e).split())[:300]}") from e
    made = read(quantised, name)
    _check_int8(made, graph)
    listed = [[_edge(t) for t in ios] for ios in (made.inputs, made.outputs)]
    return QuantizeResult(name, quantised, len(tflite_bytes), len(samples[0]), *listed)


def _edge(tensor):
    quantised = (tensor.scale, tensor.zero_point) if tensor.is_quantised else (None, None)
    return (tensor.name, tensor.dtype, *quantised)


def _samples(graph, data):
    """The arrays of `data`, of the inputs' dtypes, as [samples, *shape of the input]."""
    if len(data) != len(graph.inputs):
        raise PackerError(f"{graph.name}: it has {len(graph.inputs)} inputs, samples for {len(data)} were given")
    samples = []
    for number, (tensor, array) in enumerate(zip(graph.inputs, data)):
        fits = array.ndim > 0 and len(array) and array.size == len(array) * tensor.elements
        if not fits or array.dtype.kind not in "fiub" or tensor.dtype != "float32" and array.dtype != tensor.dtype:
            shape = [d for d in tensor.shape[1:]] if tensor.shape[:1] == (1,) else list(tensor.shape)
            wanted = f"{tensor.dtype}{['samples', *shape]}".replace("'", "")
            given = f"{array.dtype}{list(array.shape)}"
            raise PackerError(f"{graph.name}: samples of input {number} must be {wanted}, {given} was given")
        if not np.isfinite(array).all():
            raise PackerError(f"{graph.name}: the samples of input {number} hold NaN or infinity; leave those out")
        samples.append(array.astype(tensor.dtype, copy=False).reshape(len(array), *tensor.shape))
    counts = [len(array) for array in samples]
    if len(set(counts)) > 1:
        given = " and ".join(map(str, counts))
        raise PackerError(f"{graph.name}: its inputs were given {given} samples; all need as many")
    return samples


def _check_int8(made, graph):
    """PackerError that lists the ops of `graph`, the float model, that still compute in float32 in `made`."""
    left = []
    for op, meant in zip(_computing(made), _computing(graph)):
        if any(t.dtype == "float32" for t in (*op.inputs, *op.outputs) if t is not None):
            left.append(meant.where)
    if left:
        raise PackerError(f"{graph.name}: ai-edge-quantizer leaves in float32: {', '.join(left)}; replace such ops")


def _computing(graph):
    """The ops that do more than change how numbers are written."""
    return [op for op in graph.ops if op.kind not in ("QUANTIZE", "DEQUANTIZE")]


# ---- the file, by the schema's own object interface ----


def _unpack(tflite_bytes):
    from ai_edge_litert.tools import flatbuffer_utils

    return flatbuffer_utils.read_model_from_bytearray(bytes(tflite_bytes))


def _pack(model):
    """The bytes of a ModelT: read constants, aligned, in the file itself; op codes also where old readers look."""
    from ai_edge_litert import schema_py_generated as schema
    import flatbuffers

    class Aligned(schema.BufferT):
        def Pack(self, builder):
            data = bytes(self.data) if self.data is not None else b""
            if data:
                builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
                builder.head -= len(data)
                builder.Bytes[builder.head : builder.head + len(data)] = data
                vector = builder.EndVector()
            schema.BufferStart(builder)
            if data:
                schema.BufferAddData(builder, vector)
            return schema.BufferEnd(builder)

    used = {m.buffer for m in model.metadata or []}
    for subgraph in model.subgraphs:
        read_there = [*subgraph.outputs, *(i for op in subgraph.operators for i in op.inputs if i >= 0)]
        used.update(subgraph.tensors[i].buffer for i in read_there)
    model.buffers = [Aligned(data=b.data if i in used else None) for i, b in enumerate(model.buffers)]
    for code in model.operatorCodes:
        code.builtinCode = max(code.builtinCode, code.deprecatedBuiltinCode)
        code.deprecatedBuiltinCode = min(code.builtinCode, LAST_NARROW_CODE)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _add_constant(model, values):
    """The number of a new buffer of the ModelT that holds an array."""
    from ai_edge_litert import schema_py_generated as schema

    model.buffers.append(schema.BufferT(data=np.frombuffer(values.tobytes(), np.uint8)))
    return len(model.buffers) - 1


def _in_float(tflite_bytes, graph):
    """ModelT of the file with float32 constants where float32 is computed from quantised or float16 ones, and names of
    their own for all tensors.

    Such constants are the weights that an op with a float32 output reads (hybrid models), and what DEQUANTIZE makes of
    a constant.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = _unpack(tflite_bytes)
    subgraph = model.subgraphs[0]

    def make_float(index, values):
        tensor = subgraph.tensors[index]
        tensor.buffer = _add_constant(model, values.astype("<f4"))
        tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None

    kept = []
    for op, record in zip(graph.ops, subgraph.operators):
        if op.kind == "DEQUANTIZE" and op.inputs[0].is_const:
            make_float(op.outputs[0].index, _real(op.inputs[0], record.inputs[0], subgraph))
            continue
        kept.append(record)
        if op.outputs and op.outputs[0].dtype == "float32" and op.kind != "DEQUANTIZE":
            for tensor in op.inputs:
                if tensor is not None and tensor.is_const and tensor.dtype in ("int8", "uint8") and tensor.is_quantised:
                    if subgraph.tensors[tensor.index].type != schema.TensorType.FLOAT32:  # not yet, if two ops share it
                        make_float(tensor.index, _real(tensor, tensor.index, subgraph))
    subgraph.operators = kept
    names = set()
    for index, tensor in enumerate(subgraph.tensors):  # ai-edge-quantizer knows tensors by their names
        if not tensor.name or tensor.name in names:
            tensor.name = f"{(tensor.name or b'').decode(errors='replace')}#{index}".encode()
        names.add(tensor.name)
    model.signatureDefs = model.signatureDefs or []
    return model


def _real(tensor, index, subgraph):
    """float32: (q - zero point) * scale of a constant, along its quantised dimension; a float16 one as it is."""
    if not tensor.is_quantised:
        return tensor.data.astype(np.float32)
    shape = [1] * len(tensor.shape)
    if len(tensor.scales) > 1:
        shape[subgraph.tensors[index].quantization.quantizedDimension] = -1
    values = tensor.data.astype(np.float32) - tensor.zero_points.reshape(shape).astype(np.float32)
    return values * tensor.scales.reshape(shape)


# ---- ranges and scales ----


def _calibrate(float_model, graph, samples, on_progress):
    """{tensor name: {"min", "max"}} of each float32 activation over all samples, run by LiteRT.

    The range of all samples, not ai-edge-quantizer's moving average: that would depend on their order.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=float_model,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    made = [*graph.inputs, *(t for op in graph.ops for t in op.outputs)]
    activations = {t.index: t.name for t in made if t.dtype == "float32"}
    least, largest = {}, {}
    for number, arrays in enumerate(zip(*samples)):
        if number % 32 == 0:
            on_progress(f"sample {number + 1:,} of {len(samples[0]):,}")
        for tensor, array in zip(graph.inputs, arrays):
            interpreter.set_tensor(tensor.index, array)
        interpreter.invoke()
        for index in activations:
            values = interpreter.get_tensor(index)
            if not np.isfinite(values).all():
                where = f'tensor "{activations[index]}" is NaN or infinite'
                raise PackerError(f"{graph.name}: {where} on sample {number}; leave that out")
            least[index] = np.minimum(values.min(keepdims=True), least.get(index, np.inf))
            largest[index] = np.maximum(values.max(keepdims=True), largest.get(index, -np.inf))
        interpreter.reset_all_variables()
    return {name: {"min": least[index], "max": largest[index]} for index, name in activations.items()}


def _quantise(float_model, ranges, float_edges):
    """What ai-edge-quantizer makes, bytes: activations have a scale a tensor, weights symmetric ones a channel."""
    from ai_edge_quantizer import quantizer, recipe
    from ai_edge_quantizer.qtyping import TFLOperationName

    maker = quantizer.Quantizer(float_model, recipe.static_wi8_ai8())
    if float_edges:
        for edge in (TFLOperationName.INPUT, TFLOperationName.OUTPUT):
            maker.update_quantization_recipe(".*", edge, algorithm_key=quantizer.AlgorithmName.NO_QUANTIZE)
    with _quiet():
        return maker.quantize(ranges, enable_progress_bar=False, enable_progress_report=False).quantized_model


def _make_room_for_biases(model, graph):
    """Give channels whose weights are all but zero a scale at which their bias fits int32, in the ModelT.

    A bias has the scale of the input times that of its channel's weights, which is next to nothing where they are:
    ai-edge-quantizer saturates the bias, and the channel forgets it. `graph`: of the float model, whose biases are
    meant.
    """
    subgraph = model.subgraphs[0]
    readers = [i for op in subgraph.operators for i in op.inputs]
    narrow = read(_pack(model), graph.name)
    for meant, op in zip(_computing(graph), _computing(narrow), strict=True):
        if op.kind not in _BIASED or len(op.inputs) <= _BIASED[op.kind][2]:
            continue
        x, weights, bias = (op.inputs[i] for i in _BIASED[op.kind])
        if bias is None or bias.dtype != "int32":
            continue
        real = meant.inputs[_BIASED[op.kind][2]].data
        least = (np.abs(real) / (LARGEST_BIAS * np.float64(x.scale))).astype(np.float32)
        scales = np.resize(weights.scales, bias.elements)
        if not np.any(scales < least):
            continue
        if max(readers.count(t.index) for t in (weights, bias)) > 1 or len(weights.scales) != bias.elements:
            raise PackerError(f"{graph.name}: {op.where} has a bias that int32 cannot hold beside weights so small")
        wide = np.maximum(scales, least)
        shape = [1] * len(weights.shape)
        shape[subgraph.tensors[weights.index].quantization.quantizedDimension] = -1
        values = np.round(weights.data * (scales / wide).reshape(shape))
        bias_scales = (np.float64(x.scale) * wide).astype(np.float32)
        for tensor, data, new in (
            (weights, values.astype(np.int8), wide),
            (bias, np.round(real / bias_scales.astype(np.float64)).astype("<i4"), bias_scales),
        ):
            record = subgraph.tensors[tensor.index]
            record.quantization.scale = [float(s) for s in new]
            record.buffer = _add_constant(model, data)


@contextlib.contextmanager
def _quiet():
    """Keep what LiteRT prints about itself off the terminal."""
    saved = os.dup(2)
    with tempfile.TemporaryFile() as nowhere, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
