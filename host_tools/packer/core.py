"""The C core on the host, through ctypes: what the packer simulates is what the device runs."""

import ctypes
import os
from pathlib import Path

import numpy as np

from . import format as f
from .errors import PackerError


class _Fault(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint8),
        ("place", ctypes.c_uint8),
        ("index", ctypes.c_uint16),
        ("a", ctypes.c_uint32),
        ("b", ctypes.c_uint32),
    ]


class _Model(ctypes.Structure):
    _fields_ = [
        ("base", ctypes.c_size_t * f.SPACES),
        ("header", ctypes.c_void_p),
        ("tensors", ctypes.c_void_p),
        ("ops", ctypes.c_void_p),
        ("steps", ctypes.c_void_p),
        ("segments", ctypes.c_void_p),
        ("load", ctypes.c_void_p),
        ("step", ctypes.c_uint16),
        ("row", ctypes.c_uint16),
        ("fed", ctypes.c_uint16),
        ("held", ctypes.c_uint16),
        ("fault", _Fault),
    ]


class BlobFault(PackerError):
    """The core refuses a blob. `fault`: the five numbers of ti_fault (code, place, index, a, b)."""

    def __init__(self, fault):
        self.fault = fault
        super().__init__("the blob is not valid: code {}, place {}, index {}, a {}, b {}".format(*fault))


def library_path():
    """The shared library: TINYINFER_CORE, or the one that setup built beside this package."""
    named = os.environ.get("TINYINFER_CORE")
    candidates = [Path(named)] if named else sorted(Path(__file__).parent.glob("_core*.so"))
    for path in candidates:
        if path.is_file():
            return path
    raise PackerError("the C core is not built; run `pip install .` (or `make core`) with a C compiler installed")


_library = None


def library():
    global _library
    if _library is None:
        lib = ctypes.CDLL(str(library_path()))
        lib.ti_check.restype = _Fault
        lib.ti_check.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        lib.ti_open.restype = _Fault
        lib.ti_open.argtypes = [ctypes.POINTER(_Model), ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        lib.ti_step_row.argtypes = [ctypes.POINTER(_Model)]
        lib.ti_run.argtypes = [ctypes.POINTER(_Model)]
        lib.ti_reset.argtypes = [ctypes.POINTER(_Model)]
        lib.ti_feed.argtypes = [ctypes.POINTER(_Model), ctypes.c_void_p, ctypes.c_uint8]
        lib.ti_next_op.restype = ctypes.c_uint32
        lib.ti_next_op.argtypes = [ctypes.POINTER(_Model)]
        lib.ti_selftest.restype = ctypes.c_int32
        lib.ti_selftest.argtypes = [ctypes.POINTER(_Model), ctypes.POINTER(ctypes.c_uint32)]
        _library = lib
    return _library


def _aligned(nbytes, align=16):
    raw = np.zeros(nbytes + align, np.uint8)
    start = -raw.ctypes.data % align
    return raw[start : start + nbytes]


def check(blob):
    """Raise BlobFault unless the core accepts `blob` (bytes)."""
    copy = _aligned(len(blob))
    copy[:] = np.frombuffer(blob, np.uint8)
    fault = library().ti_check(copy.ctypes.data, len(blob))
    if fault.code:
        raise BlobFault((fault.code, fault.place, fault.index, fault.a, fault.b))


def split_outputs(outputs, raw):
    """The bytes of all outputs, one after the other, as arrays of their pool dtypes and shapes."""
    arrays, at = [], 0
    for io in outputs:
        shape, dtype = io["shape"][: io["ndim"]], np.dtype(f.DTYPE_NAMES[io["dtype"]])
        count = int(np.prod(shape, dtype=np.int64))
        arrays.append(np.frombuffer(raw, dtype, count, at).reshape(shape))
        at += count * dtype.itemsize
    return arrays


class CoreModel:
    """A blob opened on the C core with a pool of its own."""

    def __init__(self, blob):
        check(blob)
        self.blob = _aligned(len(blob))
        self.blob[:] = np.frombuffer(blob, np.uint8)
        self.header = f.HEADER.unpack(blob)
        self.pool = _aligned(self.header["pool_bytes"])
        self._model = _Model()
        pool = self.pool.ctypes.data, self.pool.size
        fault = library().ti_open(ctypes.byref(self._model), self.blob.ctypes.data, *pool, None)
        if fault.code:
            raise BlobFault((fault.code, fault.place, fault.index, fault.a, fault.b))
        h = self.header
        self.tensors = [f.TENSOR.unpack(blob, h["tensors"] + i * f.TENSOR.size) for i in range(h["n_tensors"])]
        self.ops = [f.OP.unpack(blob, h["ops"] + i * f.OP.size) for i in range(h["n_ops"])]
        io = [f.IO.unpack(blob, h["io"] + i * f.IO.size) for i in range(h["n_inputs"] + h["n_outputs"])]
        self.inputs, self.outputs = io[: h["n_inputs"]], io[h["n_inputs"] :]

    def _view(self, index):
        """The bytes of a tensor in the pool, uint8."""
        t = self.tensors[index]
        return self.pool[t["offset"] : t["offset"] + t["ring"] * t["row_bytes"]]

    def set_inputs(self, arrays):
        """Copy the inputs in, as they lie in the pool. PackerError if their number or size is wrong."""
        if len(arrays) != len(self.inputs):
            raise PackerError(f"the model has {len(self.inputs)} inputs, {len(arrays)} were given")
        for i, (io, array) in enumerate(zip(self.inputs, arrays)):
            view = self._view(io["tensor"])
            if array.nbytes != view.nbytes:
                raise PackerError(f"input {i} needs {view.nbytes} bytes, {array.nbytes} were given")
            view[:] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)

    def get_outputs(self):
        """The outputs as they lie in the pool, of their dtypes and shapes."""
        return split_outputs(self.outputs, b"".join(self._view(io["tensor"]).tobytes() for io in self.outputs))

    def reset(self):
        """Clear the model's state."""
        library().ti_reset(ctypes.byref(self._model))

    def run(self, arrays):
        """One inference on arrays as they lie in the pool; state lives on from the one before."""
        if len(self.inputs) == 1 and self.inputs[0]["stream"]:
            self._feed(arrays[0])
        else:
            self.set_inputs(arrays)
            library().ti_run(ctypes.byref(self._model))
        return self.get_outputs()

    def _feed(self, array):
        """Hand the streamed input over, row by row."""
        t = self.tensors[self.inputs[0]["tensor"]]
        data = np.ascontiguousarray(array).view(np.uint8).ravel()
        if data.size != t["rows"] * t["row_bytes"]:
            raise PackerError(f"input 0 needs {t['rows'] * t['row_bytes']} bytes, {data.size} were given")
        for row in data.reshape(t["rows"], t["row_bytes"]):
            row = row.copy()
            library().ti_feed(ctypes.byref(self._model), row.ctypes.data, 0)

    def trace(self, arrays):
        """One inference, row by row: each op's rows as it makes them, {row: int8 [row_bytes]}, in the order of ops."""
        self.set_inputs(arrays)
        results = [{} for _ in self.ops]
        steps = [f.STEP.unpack(self.blob, self.header["steps"] + i * f.STEP.size) for i in range(self.header["n_steps"])]
        for step in steps[self.header["n_init_steps"] :]:
            t = self.tensors[self.ops[step["op"]]["output"]]
            for n in range(abs(step["rows"])):
                row = step["row"] + (n if step["rows"] > 0 else -n)
                library().ti_step_row(ctypes.byref(self._model))
                at = t["offset"] + row % t["ring"] * t["row_bytes"]
                results[step["op"]][row] = self.pool[at : at + t["row_bytes"]].view(np.int8).copy()
        return results

    def selftest(self):
        """(first op that differs or -1, CRC-32 of each op's output) on the selftest's input."""
        crcs = (ctypes.c_uint32 * max(1, len(self.ops)))()
        first = library().ti_selftest(ctypes.byref(self._model), crcs)
        return first, list(crcs)[: len(self.ops)]


class Core:
    """The C core as a backend: `run(blob, inputs) -> outputs`."""

    name = "core"

    def run(self, blob, arrays):
        return CoreModel(blob).run(arrays)
