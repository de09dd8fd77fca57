"""Runs int8 TensorFlow Lite models that `packer build` has compiled.

    import tinyinfer
    m = tinyinfer.load("kws.tin")  # or any buffer: bytes, a memoryview of flash
    y = m(x)                       # bytes, an array, or a list in; a Tensor out, a view of the pool
    m.input[:] = frame; m.run(); print(m.output.argmax())
"""

from ._model import Model, Pool, backend, load
from ._tensor import Tensor

version = "0.1.0"
