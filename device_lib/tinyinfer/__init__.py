"""Runs int8 TensorFlow Lite models that `packer build` has compiled.

    import tinyinfer
    m = tinyinfer.load("kws.tin")  # or any buffer: bytes, a memoryview of flash
    y = m(x)                       # bytes, an array, or a list in; a Tensor out, a view of the pool
    m.input[:] = frame; m.run(); print(m.output.argmax())
"""

from ._model import Model, Pool, backend, load
from ._tensor import Tensor

version = "0.1.0"


def load_parts(sources, pool=None):
    """The model that `packer split` made these parts of: paths or bytes-like objects, in order."""
    from ._parts import load_parts  # code is RAM

    return load_parts(sources, pool)


def load_slot(pool=None):
    """The model that `packer deploy --slot` put into an RP2's flash, where it stays; the last one that arrived whole.

    OSError where there are no slots; ValueError where no slot holds a good model, or what load() raises.
    """
    from ._slot import load_slot

    return load_slot(pool)


def SlotWriter(blob_bytes):
    """Replaces load_slot()'s model by a new one of `blob_bytes`: write(data) in order, then commit(crc32 of it all).

    The model there was is the one that counts until commit() is done, whatever happens. ValueError where the new one does
    not fit, or did not arrive whole; OSError where there are no slots.
    """
    from ._slot import Writer

    return Writer(blob_bytes)
