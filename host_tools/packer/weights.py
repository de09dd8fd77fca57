"""The int8 and int4 weights of a `.tflite` file, layer by layer: where they lie in the file, and how to change them there."""

from dataclasses import dataclass

import numpy as np
import tflite

from .compress import eligible
from .errors import PackerError
from .fold import fold
from .graph import short_name
from .lower import lower
from .read import read

# {op: {input: the axis of its output channels}}
_WEIGHTS = {
    "CONV_2D": {1: 0},
    "DEPTHWISE_CONV_2D": {1: 3},
    "TRANSPOSE_CONV": {1: 0},
    "FULLY_CONNECTED": {1: 0},
    "SVDF": {1: 0, 2: 0},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {i: 0 for i in range(1, 9)},
}


@dataclass(eq=False)
class Block:
    """One weight tensor. `span`: first byte and end of it in the file."""

    tensor: object  # of the Graph
    axis: int  # of the output channels
    span: tuple

    @property
    def values(self):
        """int16 of the tensor's shape: the weights less their zero point, -255 … 255; 0 is a weight without effect."""
        return self.tensor.data.astype(np.int16) - self.tensor.zero_point

    @property
    def channels(self):
        """`values` as [output channels, weights of each]."""
        values = np.moveaxis(self.values, self.axis, 0)
        return values.reshape(len(values), -1)

    @property
    def scales(self):
        """float32, one for each output channel."""
        return np.resize(self.tensor.scales, self.tensor.shape[self.axis])


@dataclass(eq=False)
class Layer:
    """Weights that are read by the same ops: one op mostly, several where a file shares a buffer."""

    ops: list
    blocks: list

    @property
    def name(self):
        return short_name(self.ops[0].outputs[0].name) or self.ops[0].kind.lower()

    @property
    def count(self):
        """How many weights."""
        return sum(b.tensor.elements for b in self.blocks)

    @property
    def zeros(self):
        """How many weights have no effect."""
        return sum(b.tensor.elements - int(np.count_nonzero(b.values)) for b in self.blocks)


def find_layers(tflite_bytes, name):
    """(Graph, [Layer]) of a `.tflite` file, in the order of its ops. PackerError if it is damaged or has no int8 ones.

    Weights that an op reads as something else, too, or that two tensors of one buffer take differently, are left out.
    """
    graph = read(tflite_bytes, name)
    for op in graph.ops:
        if op.kind in _WEIGHTS and op.outputs[0].dtype == "float32":
            raise PackerError(f"{name}: {op.where} computes in float32; make it int8 with `packer quantize` first")
    spans = _spans(tflite_bytes)
    readers = {}  # {span: [(op, axis or None, tensor)]}
    for number, subgraph in enumerate(graph.subgraphs):
        for op in subgraph.ops:
            for position, tensor in enumerate(op.inputs):
                if tensor is not None and tensor.is_const:
                    axis = _axis(op, position, tensor) if number == 0 else None
                    readers.setdefault(spans[number, tensor.index], []).append((op, axis, tensor))
    layers = []
    for span, reads in readers.items():
        op, axis, tensor = reads[0]
        if axis is None or any(a != axis or _layout(t) != _layout(tensor) for _, a, t in reads):
            continue
        block, ops = Block(tensor, axis, span), list(dict.fromkeys(o for o, _, _ in reads))
        if layers and layers[-1].ops == ops:
            layers[-1].blocks.append(block)
        else:
            layers.append(Layer(ops, [block]))
    if not layers:
        raise PackerError(f"{name}: no layer of it has int8 weights of its own, so there is nothing to look at")
    return graph, layers


def coded_layers(tflite_bytes, name, layers):
    """Those of `layers` whose weights can be coded in a blob. PackerError if the file cannot be built, or has none of them."""
    coded = {op.layer for op in eligible(lower(fold(read(tflite_bytes, name))))}
    found = [layer for layer in layers if all(op.index in coded for op in layer.ops)]
    if not found:
        raise PackerError(f"{name}: no layer of it has weights that could be compressed: those of CONV_2D and FULLY_CONNECTED can")
    return found


def replace_values(tflite_bytes, changes):
    """The file with other weights, nothing else changed. `changes`: {Block: its new `values`}."""
    data = bytearray(tflite_bytes)
    for block, values in changes.items():
        start, end = block.span
        raw = (values + block.tensor.zero_point).astype(np.int8)
        data[start:end] = (_nibbles(raw) if block.tensor.dtype == "int4" else raw).tobytes()
    return bytes(data)


def _nibbles(values):
    """uint8: two weights to a byte, the first in its low bits."""
    flat = values.ravel().view(np.uint8) & 15
    flat = np.append(flat, np.zeros(flat.size % 2, np.uint8))
    return flat[0::2] | flat[1::2] << 4


def _axis(op, position, tensor):
    """The axis of output channels if `tensor` holds weights of `op`, else None."""
    if tensor.dtype not in ("int8", "int4") or not tensor.is_quantised or np.any(tensor.zero_points != tensor.zero_point):
        return None
    axis = _WEIGHTS.get(op.kind, {}).get(position)
    if op.kind == "BATCH_MATMUL" and position == 1:
        axis = len(tensor.shape) - (2 if op.options.get("AdjY") else 1)
    return axis if axis is not None and 0 <= axis < len(tensor.shape) else None


def _layout(tensor):
    """What tensors of one buffer must have in common for its bytes to be the same weights; the scales may differ."""
    return tensor.shape, tensor.zero_point


def _spans(data):
    """{(subgraph, tensor): (start, end)}: the bytes of the file that hold the data of each tensor that has some.

    PackerError if two tensors' overlap without being the same: such a file cannot be changed in one place only.
    """
    model = tflite.Model.GetRootAs(data, 0)
    spans = {}
    for number in range(model.SubgraphsLength()):
        subgraph = model.Subgraphs(number)
        for index in range(subgraph.TensorsLength()):
            buffer = model.Buffers(subgraph.Tensors(index).Buffer())
            if buffer.DataLength():
                table = buffer._tab
                start = table.Vector(table.Offset(4))  # Buffer.data is the table's first field
                spans[number, index] = (start, start + buffer.DataLength())
    ordered = sorted(set(spans.values()))
    for (_, end), (start, _) in zip(ordered, ordered[1:]):
        if start < end:
            raise PackerError(f"the .tflite file is damaged: constants overlap at byte {start}; copy it again")
    return spans
