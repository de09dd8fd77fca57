"""The model's edges: how a caller's array becomes the bytes in the pool, and back, as TFLite's QUANTIZE and DEQUANTIZE do."""

import numpy as np

from . import format as f
from .errors import PackerError


def _scale(io):
    return np.uint32(io["scale"]).view(np.float32)


def to_pool(io, array):
    """int8 array for the pool from one of the edge's dtype. `io`: an unpacked ti_io.

    float32: round half away from zero of x / scale (in float32), plus the zero point, clamped; uint8: the sign bit turned.
    """
    array = np.asarray(array)
    edge = f.DTYPE_NAMES[io["edge"]]
    shape = tuple(io["shape"][: io["ndim"]])
    if array.dtype != edge or array.size != int(np.prod(shape, dtype=np.int64)):
        raise PackerError(f"an input must be {edge}{list(shape)}, {array.dtype}{list(array.shape)} was given")
    if edge == "float32":
        if np.isnan(array).any():
            raise PackerError("an input holds NaN, which no int8 stands for")
        with np.errstate(over="ignore"):
            scaled = (array / _scale(io)).astype(np.float64)
        rounded = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) + io["zero_point"]
        array = np.clip(rounded, -128, 127).astype(np.int8)
    elif edge == "uint8":
        array = (array ^ 0x80).view(np.int8)
    return array.reshape(shape)


def from_pool(io, array):
    """An array of the edge's dtype from the int8 in the pool; float32 is (q - zero_point) * scale in float32."""
    edge = f.DTYPE_NAMES[io["edge"]]
    array = np.asarray(array).reshape(io["shape"][: io["ndim"]])
    if edge == "float32":
        return (array.astype(np.int32) - io["zero_point"]).astype(np.float32) * _scale(io)
    if edge == "uint8":
        return array.view(np.uint8) ^ 0x80
    return array
