"""What lowering functions work with: the registry, the tensors' buffers, and the ops made so far."""

from dataclasses import dataclass

import numpy as np

from ..fixedpoint import quantise_multiplier
from ..graph import short_name
from ..program import DTYPE_BYTES, Buffer, DeviceOp, Edge, Program, Rows, natural_rows


class CannotLower(Exception):
    """Why one op cannot be lowered and what to do; the caller adds the layer."""


@dataclass(frozen=True)
class Lowering:
    function: object
    kernel: str  # device kernel, or "(none)" where the op costs nothing
    dtypes: str
    note: str
    oracle: str  # whose bytes it gives


LOWERINGS = {}


def lowers(kind, kernel, dtypes="int8", note="", oracle="TFLM"):
    """Register the decorated `function(context, op)` as the lowering of TFLite's `kind`."""

    def register(function):
        LOWERINGS[kind] = Lowering(function, kernel, dtypes, note, oracle)
        return function

    return register


class Context:
    def __init__(self, graph):
        self.graph = graph
        self.ops = []
        self.init_ops = []  # what runs at reset; `ops` itself while such ops are lowered
        self.state = []  # Buffers that live from one inference to the next
        self.copies = []  # the ops among `ops` that read or assign a variable
        self.used_variables = False  # whether `ops` have read or assigned one
        self.inputs = []
        self.values = {}  # id of a TFLite tensor -> its Buffer
        self.poisoned = set()  # outputs of ops that failed, so that one problem is reported once
        self.consumers = {}
        for op in (op for subgraph in graph.subgraphs for op in subgraph.ops):
            for t in op.inputs:
                if t is not None:
                    self.consumers.setdefault(id(t), []).append(op)

    # ---- tensors ----

    def buffer(self, tensor):
        """The buffer that holds `tensor`, made on first use; a constant's has data."""
        if id(tensor) in self.poisoned:
            raise CannotLower("its input comes from an op that cannot be built")
        if id(tensor) not in self.values:
            if tensor.dtype not in DTYPE_BYTES:
                raise CannotLower(f'tensor "{short_name(tensor.name)}" is {tensor.dtype}; quantise the model to int8')
            self.bind(tensor, Buffer(short_name(tensor.name), self.nbytes(tensor), tensor.dtype, tensor.data))
        return self.values[id(tensor)]

    def bind(self, tensor, buffer):
        """Let `tensor` live in `buffer`, which may hold another tensor already (a reshape, say)."""
        self.values[id(tensor)] = buffer
        buffer.tensors.append(tensor.index)

    @staticmethod
    def nbytes(tensor):
        if tensor.elements < 1:
            raise CannotLower(f'tensor "{short_name(tensor.name)}" has the empty shape {list(tensor.shape)}')
        return tensor.elements * DTYPE_BYTES[tensor.dtype]

    def rows(self, tensor, rows=None):
        """`tensor` as Rows: `rows` of equal size, or its natural ones."""
        buffer = self.buffer(tensor)
        if rows is None:
            rows = natural_rows(tensor.shape)[0]
        if rows > 0xFFFF or buffer.nbytes % rows:
            raise CannotLower(f"{rows} rows are more than the 65,535 that a blob can count")
        return Rows(buffer, rows, buffer.nbytes // rows)

    def poison(self, op):
        self.poisoned.update(id(t) for t in op.outputs)

    # ---- ops ----

    def temporary(self, op, nbytes, dtype):
        """A Buffer for what is passed on between the device ops of one TFLite op."""
        return Buffer(short_name(op.outputs[0].name) or op.kind.lower(), nbytes, dtype)

    def emit(self, op, kernel, inputs, output, params, macs=0, scratch_bytes=0, partial=False):
        """Append a device op made for the TFLite op `op`; `inputs` and `output` are Rows.

        `partial`: it makes a part of its rows only, an op that follows the rest.
        """
        scratch = Buffer(f"{kernel.lower()} scratch", scratch_bytes, "int8") if scratch_bytes else None
        name = short_name(op.outputs[0].name) or kernel.lower()
        whole = output.is_whole and not partial
        tensor = next((t.index for t in op.outputs if whole and self.values.get(id(t)) is output.buffer), None)
        self.ops.append(DeviceOp(kernel, name, op.index, tensor, inputs, output, params, macs, scratch, partial))

    # ---- inputs and outputs ----

    def open_inputs(self):
        """Make the pool buffers of the model's inputs; one that is only quantised is handed over quantised instead."""
        for tensor in self.graph.inputs:
            self.inputs.append(self.edge(tensor, self.folded_quantize(tensor) or tensor))

    def folded_quantize(self, tensor):
        """The quantised tensor that stands for a float32 or uint8 input, or None for one that the pool holds as it is.

        uint8 is taken over as int8 where only the sign bit differs.
        """
        if tensor.dtype not in ("float32", "uint8"):
            return None
        users = self.consumers.get(id(tensor), [])
        results = [t for op in users for t in op.outputs]
        name = short_name(tensor.name)
        if tensor.dtype == "uint8" and (
            not users or any(op.kind != "QUANTIZE" or not same_but_for_sign(tensor, op.outputs[0]) for op in users)
        ):
            return None
        if not users or any(op.kind != "QUANTIZE" or op.outputs[0].dtype not in ("int8", "int16") for op in users):
            raise CannotLower(
                f'input "{name}" is float32 and used without a QUANTIZE to int8; convert with full integer quantisation'
            )
        first = results[0]
        if any((t.dtype, t.scale, t.zero_point) != (first.dtype, first.scale, first.zero_point) for t in results):
            raise CannotLower(f'input "{name}" is quantised in several ways; convert with one quantisation of the input')
        for t in results[1:]:
            self.bind(t, self.buffer(first))
        return first

    def edge(self, tensor, stored):
        """Edge of the model at `tensor`, which the pool holds as `stored`."""
        if stored.dtype not in DTYPE_BYTES or stored.dtype == "float32":
            raise CannotLower(f'"{short_name(tensor.name)}" is {stored.dtype} at the edge of the model; quantise the model')
        if len(tensor.shape) > 6:
            raise CannotLower(f'"{short_name(tensor.name)}" has {len(tensor.shape)} dimensions; 6 are possible')
        rows = self.rows(stored)
        scale, zero_point = (stored.scale, stored.zero_point) if stored.is_quantised else (1.0, 0)
        name = short_name(tensor.name)
        return Edge(rows.buffer, rows, name, tensor.shape, stored.dtype, tensor.dtype, scale, zero_point)

    def finish(self):
        """The Program, once every op has been lowered."""
        outputs = []
        for tensor in self.graph.outputs:
            stored = self.stored_output(tensor)
            edge = self.edge(tensor, stored)
            if edge.buffer.data is not None:
                raise CannotLower(f'output "{edge.name}" is a constant; take it out of the model')
            outputs.append(edge)
        made = {edge.buffer for edge in self.inputs} | set(self.state)
        for op in (*self.init_ops, *self.ops):
            self.require_made(made, *op.inputs)
            made.add(op.output.buffer)
        self.require_made(made, *[edge.rows for edge in outputs])
        return Program(self.graph.name, self.ops, self.inputs, outputs, init_ops=self.init_ops, state=self.state)

    @staticmethod
    def require_made(made, *rows):
        for buffer in (r.buffer for r in rows):
            if buffer.data is None and buffer not in made:
                raise CannotLower(f'"{buffer.name}" is needed before any op makes it; convert the model again')

    def stored_output(self, tensor):
        """The quantised tensor before a DEQUANTIZE or sign change that was folded into the output edge."""
        for op in self.graph.ops:
            if tensor in op.outputs and folded_at_output(op):
                return op.inputs[0]
        return tensor


def same_but_for_sign(uint8, int8):
    """Do the two tensors hold the same reals, the bytes differing only in the top bit?"""
    if (uint8.dtype, int8.dtype) != ("uint8", "int8") or not (uint8.is_quantised and int8.is_quantised):
        return False
    return uint8.scale == int8.scale and uint8.zero_point - int8.zero_point == 128


def folded_at_output(op):
    """Is `op` a DEQUANTIZE to float32, or a QUANTIZE from int8 to uint8 that only changes the sign bit?"""
    if op.kind == "DEQUANTIZE":
        return op.inputs[0].dtype in ("int8", "int16") and op.outputs[0].dtype == "float32"
    if op.kind == "QUANTIZE":
        return same_but_for_sign(op.outputs[0], op.inputs[0])
    return False


# ---- shared checks and numbers ----


def require_int8(op, *tensors):
    """CannotLower unless each tensor is int8 with one scale."""
    for t in tensors:
        if t.dtype != "int8":
            raise CannotLower(f'"{short_name(t.name)}" is {t.dtype}, int8 is needed; quantise the model to full int8')
        if len(t.scales) != 1 or t.scale == 0:
            raise CannotLower(f'"{short_name(t.name)}" has {len(t.scales)} scales where one is needed; convert it again')
        if not -128 <= t.zero_point <= 127:
            raise CannotLower(f'"{short_name(t.name)}" has zero point {t.zero_point}, outside int8; convert it again')


def require_int16(op, *tensors):
    """CannotLower unless each tensor is int16 with one scale and zero point 0."""
    for t in tensors:
        if t.dtype != "int16":
            raise CannotLower(f'"{short_name(t.name)}" is {t.dtype} beside int16; quantise the whole model alike')
        if len(t.scales) != 1 or t.scale == 0 or t.zero_point != 0:
            raise CannotLower(f'"{short_name(t.name)}" needs one scale and zero point 0, as int16 has; convert it again')


def same_quantisation(op, x, y):
    """CannotLower unless `x` and `y` have one scale and zero point, as TFLite demands of ops that only move or compare."""
    if x.scale != y.scale or x.zero_point != y.zero_point:
        raise CannotLower("its input and output are quantised differently; convert the model again")


def activation_range(op, output):
    """(min, max) of the output's dtype under the fused activation; TFLite's CalculateActivationRangeQuantized."""
    least, greatest = np.iinfo(output.dtype).min, np.iinfo(output.dtype).max

    def quantised(real):
        quotient = np.float32(real) / np.float32(output.scale)
        return output.zero_point + int(np.sign(quotient) * np.floor(np.abs(np.float64(quotient)) + 0.5))

    kind = op.options.get("FusedActivationFunction", "NONE")
    if kind == "NONE":
        return least, greatest
    if kind == "RELU":
        return max(least, quantised(0)), greatest
    if kind == "RELU6":
        return max(least, quantised(0)), min(greatest, quantised(6))
    if kind == "RELU_N1_TO_1":
        return max(least, quantised(-1)), min(greatest, quantised(1))
    raise CannotLower(f"the fused activation {kind} is not supported; use NONE, RELU, RELU6 or RELU_N1_TO_1")


def channel_multipliers(x, weights, output, channels):
    """[(multiplier, shift)] of a sum of products of `x` and `weights`, which have one scale or one a channel; one pair where
    all are alike. Scales are multiplied in double, as in TFLite Micro."""
    if len(weights.scales) not in (1, channels):
        raise CannotLower(f"{len(weights.scales)} weight scales for {channels} output channels; convert the model again")
    if np.any(weights.zero_points != 0):
        raise CannotLower("its weights have a zero point; convert with symmetric int8 weights")
    pairs = [quantise_multiplier(x.scale * float(s) / output.scale) for s in weights.scales]
    return pairs if len(set(pairs)) > 1 else pairs[:1]
