"""The model's edges: how a caller's array becomes the bytes in the pool, and back, as TFLite's QUANTIZE and DEQUANTIZE do."""

import numpy as np

from . import format as f
from .errors import PackerError


def scale_of(io):
    """The float32 scale of an unpacked ti_io."""
    return np.uint32(io["scale"]).view(np.float32)


def to_pool(io, array):
    """The array for the pool, of the io's dtype, from one of the edge's dtype. `io`: an unpacked ti_io.

    float32 to int8 or int16: x / scale (in float32) rounded half away from zero, plus the zero point, clamped. uint8 to
    int8: the sign bit turned. Else the same.
    """
    array = np.asarray(array)
    edge, dtype = f.DTYPE_NAMES[io["edge"]], np.dtype(f.DTYPE_NAMES[io["dtype"]])
    shape = tuple(io["shape"][: io["ndim"]])
    if array.dtype != edge or array.size != int(np.prod(shape, dtype=np.int64)):
        raise PackerError(f"an input must be {edge}{list(shape)}, {array.dtype}{list(array.shape)} was given")
    if edge == "float32" and dtype != edge:
        if np.isnan(array).any():
            raise PackerError("an input holds NaN, which no integer stands for")
        with np.errstate(over="ignore"):
            scaled = (array / scale_of(io)).astype(np.float64)
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) + io["zero_point"]
        array = np.clip(rounded, np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)
    elif edge == "uint8" and dtype == np.int8:
        array = (array ^ 0x80).view(np.int8)
    return array.reshape(shape)


def from_pool(io, array):
    """An array of the edge's dtype from the one in the pool; float32 is (q - zero_point) * scale in float32."""
    edge, dtype = f.DTYPE_NAMES[io["edge"]], np.dtype(f.DTYPE_NAMES[io["dtype"]])
    array = np.asarray(array).reshape(io["shape"][: io["ndim"]])
    if edge == "float32" and dtype != edge:
        return (array.astype(np.int32) - io["zero_point"]).astype(np.float32) * scale_of(io)
    if edge == "uint8" and dtype == np.int8:
        return array.view(np.uint8) ^ 0x80
    return array
