"""The model as the `.tflite` file has it: tensors, ops and their options, in plain Python."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(eq=False)
class Tensor:
    """A TFLite tensor. `data` is its constant value, None for an activation; of an int4 one it is int8, -8 … 7."""

    index: int
    name: str
    shape: tuple
    dtype: str  # numpy's name: int8, uint8, int16, int32, int64, float32, bool; or int4
    scales: np.ndarray  # float32, one (per tensor), one a channel, or none at all
    zero_points: np.ndarray  # int64, as many as scales
    data: "np.ndarray | None" = None
    is_variable: bool = False  # it lives from one inference to the next, and an op that reads it writes it

    @property
    def is_const(self):
        return self.data is not None

    @property
    def elements(self):
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def scale(self):
        """The per-tensor scale, a Python float that holds a float32 exactly."""
        return float(self.scales[0])

    @property
    def zero_point(self):
        return int(self.zero_points[0])

    @property
    def is_quantised(self):
        return len(self.scales) > 0


@dataclass(eq=False)
class Op:
    """A TFLite operator: `kind` is its BuiltinOperator name, absent optional inputs are None."""

    index: int
    kind: str
    inputs: list
    outputs: list
    options: dict = field(default_factory=dict)

    @property
    def where(self):
        """How errors name this op: `layer 3 CONV_2D "conv1"`."""
        name = self.outputs[0].name if self.outputs else ""
        return f'layer {self.index} {self.kind} "{short_name(name)}"'


@dataclass(eq=False)
class Graph:
    """A model's main subgraph, or one of the others, which only ops such as CALL_ONCE run."""

    name: str
    inputs: list
    outputs: list
    ops: list
    tensors: list
    subgraphs: list = field(default_factory=list)  # of the main graph: Graphs by the file's subgraph index, itself first


# the last part of TensorFlow's path names an operation, the one before it the layer
_OPERATIONS = {
    "Add", "AddV2", "AvgPool", "BiasAdd", "Conv2D", "FusedBatchNormV3", "Identity", "MatMul", "MaxPool", "Mean", "Mul",
    "PartitionedCall", "Relu", "Relu6", "Reshape", "Sigmoid", "Softmax", "Tanh", "act_quant", "add", "add_fold",
    "depthwise", "mul_fold",
}  # fmt: skip


def short_name(name):
    """A layer's own name out of TFLite's path, e.g. `model/conv1/Relu;model/bn/…` gives `conv1`; at most 31 characters."""
    parts = [p for p in name.split(";")[0].split("/") if p]
    while len(parts) > 1 and parts[-1].split(":")[0] in _OPERATIONS:
        parts.pop()
    return (parts[-1] if parts else "")[:31]
