"""How many samples a model gets right: inference on the C core, whose bytes are TFLite Micro's."""

import numpy as np

from . import format as f
from .build import build
from .core import CoreModel
from .edges import to_pool
from .errors import PackerError


class Samples:
    """Labelled samples for models of one input and one score a class.

    data: [samples, …]; numbers of the model's input type are taken as they are, others as real values, which are
    quantised like a caller's floats. labels: integers [samples], the index of the right class. PackerError where they
    do not fit.
    """

    def __init__(self, data, labels):
        if data.ndim < 1 or not len(data) or data.dtype.kind not in "fiub":
            given = f"{data.dtype}{list(data.shape)}"
            raise PackerError(f"the data must be an array [samples, …] of numbers, {given} was given")
        if labels.shape != (len(data),) or labels.dtype.kind not in "iu":
            given = f"{labels.dtype}{list(labels.shape)}"
            raise PackerError(f"the labels must be {len(data)} integers, one a sample, {given} was given")
        self.data, self.labels = data, labels

    def __len__(self):
        return len(self.labels)

    def right(self, tflite_bytes, name):
        """How many samples' largest output is the one of their label."""
        model = CoreModel(build(tflite_bytes, name).blob)
        inputs, outputs = model.inputs, model.outputs
        if len(inputs) != 1:
            raise PackerError(f"{name}: it has {len(inputs)} inputs, accuracy is measured on models with one")
        classes = int(np.prod(outputs[0]["shape"][: outputs[0]["ndim"]], dtype=np.int64))
        if classes < 2:
            raise PackerError(f"{name}: output 0 is one number; accuracy is that of models with a score a class")
        least, largest = self.labels.min(), self.labels.max()
        if least < 0 or largest >= classes:
            raise PackerError(f"{name}: labels are {least} to {largest}, output 0 has the classes 0 to {classes - 1}")
        io = inputs[0]
        if self.data.dtype != f.DTYPE_NAMES[io["edge"]]:
            io = {**io, "edge": f.DTYPES["float32"]}
        samples = self.data.astype(f.DTYPE_NAMES[io["edge"]], copy=False)
        right = 0
        for sample, label in zip(samples, self.labels):
            model.reset()
            right += int(model.run([to_pool(io, sample)])[0].argmax() == label)
        return right
