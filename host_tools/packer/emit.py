"""Write a planned Program out as a `.tin` blob (SPEC.md)."""

import json
import struct

import numpy as np

from . import format as f
from .errors import PackerError

GOLDEN_SEED = 0x1D2B


def emit(program, pool_bytes, metadata, checks=None):
    """The blob as bytes. `metadata`: a JSON-able dict; `checks`: the selftest's CRC-32 of each op, initial ones
    first, 0 where not known yet."""
    return _Emitter(program, pool_bytes, metadata, checks).blob()


class _Section:
    """Bytes that grow from the absolute offset `base`; equal items of one alignment are stored once."""

    def __init__(self, base):
        self.base = base
        self.bytes = bytearray()
        self._known = {}

    def add(self, raw, align):
        """The absolute offset of `raw`, a multiple of `align`."""
        if (raw, align) not in self._known:
            self.pad(align)
            self._known[raw, align] = self.end
            self.bytes += raw
        return self._known[raw, align]

    def pad(self, align):
        self.bytes += bytes(-self.end % align)

    @property
    def end(self):
        return self.base + len(self.bytes)


def pack_data(ops, base):
    """(bytes, [offset of each op's parameters], {Rows of a constant: offset}): all that `ops` read from the blob, from offset
    `base` on."""
    section = _Section(base)
    params = [_place(section, _params(section, op)) for op in ops]
    constants = {}
    for rows in [rows for op in ops for rows in op.inputs if rows.buffer.data is not None]:
        constants[rows] = rows.start + section.add(rows.buffer.data.tobytes(), 4)
    section.pad(4)
    at_params = [section.add(f.PARAMS[op.kernel].pack(values), 4) for op, values in zip(ops, params)]
    section.pad(4)
    return bytes(section.bytes), at_params, constants


def _params(section, op):
    """The op's parameters; where its weights are coded, with the offset of a ti_coded, which is put into the section."""
    if op.coded is None:
        return op.params
    values = _place(section, op.coded.values)
    section.pad(4)
    return {**op.params, "weights": section.add(f.CODED.pack(values), 4), "pairs": {**op.params["pairs"], "coded": 1}}


def _place(section, value):
    """`value` with every array in it put into the section and replaced by its offset."""
    if isinstance(value, dict):
        return {k: _place(section, v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        # Byte vectors (shifts, tables) need no alignment; weights get a word's, for kernels that load words.
        align = 1 if value.itemsize == 1 and value.ndim == 1 else 4
        return section.add(np.ascontiguousarray(value).tobytes(), align)
    return value


class _Emitter:
    def __init__(self, program, pool_bytes, metadata, checks):
        self.program = program
        self.ops = program.device_ops
        self.pool_bytes = pool_bytes
        self.metadata = metadata
        self.checks = checks or [0] * len(self.ops)

    def blob(self):
        p = self.program
        edges = [*p.inputs, *p.outputs]
        self.segment = {op: k for k, segment in enumerate(p.segments) for op in segment.ops}
        self.tensors = {}  # key -> index; equal views of a buffer are one record
        for key in [self.key(r, op) for op in self.ops for r in (*op.inputs, op.output)] + [self.key(e.rows) for e in edges]:
            self.tensors.setdefault(key, len(self.tensors))
        for name, count in (("tensors", len(self.tensors)), ("ops", len(self.ops)), ("inputs and outputs", len(edges))):
            if count >= f.NONE:
                raise PackerError(f"{p.name}: {count} {name} are more than the 65,534 a blob can count; split the model")

        # header, tensors, ops, segments, io, data with parameters, steps, strings, checksum: what has a fixed size first.
        # Where there are segments the data comes last, theirs one by one.
        at_tensors = f.HEADER.size
        at_ops = at_tensors + len(self.tensors) * f.TENSOR.size
        at_io = at_ops + len(self.ops) * f.OP.size + len(p.segments) * f.SEGMENT.size
        at_data = at_io + len(edges) * f.IO.size
        packed = [pack_data(s.ops, 0) for s in p.segments] or [pack_data(self.ops, at_data)]
        at_params = [at for _, found, _ in packed for at in found]
        self.constants = {(rows, k): at for k, (_, _, found) in enumerate(packed) for rows, at in found.items()}
        tensors = b"".join(self.tensor(key) for key in self.tensors)
        before = b"" if p.segments else packed[0][0]
        at_steps = at_data + len(before)
        number = {id(op): i for i, op in enumerate(self.ops)}
        init = [(i, 0, op.output.rows) for i, op in enumerate(p.init_ops)]
        rest = [(number.get(id(p.ops[i]), f.INPUT_ROWS), row, rows) for i, row, rows in p.steps]
        steps = b"".join(f.STEP.pack({"op": i, "row": row, "rows": rows}) for i, row, rows in init + rest)
        n_steps = len(init) + len(rest)

        self.strings = _Section(at_steps + len(steps))
        name = self.string(p.name)
        metadata = self.string(json.dumps(self.metadata, separators=(",", ":"))) if self.metadata else 0
        ops = b"".join(self.op(i, op, at) for i, (op, at) in enumerate(zip(self.ops, at_params)))
        io = b"".join(self.edge(e) for e in edges)

        strings_bytes = len(self.strings.bytes)
        self.strings.pad(4)
        end = self.strings.end
        after = [data for data, _, _ in packed] if p.segments else []
        segments = b""
        for k, s in enumerate(p.segments):
            at = end + sum(len(data) for data in after[:k])
            segments += f.SEGMENT.pack({"offset": at, "bytes": len(after[k]), "window": s.window.offset})

        header = f.HEADER.pack({
            "magic": f.MAGIC, "version": f.VERSION, "header_bytes": f.HEADER.size,
            "blob_bytes": end + sum(len(s) for s in after) + 4, "pool_bytes": self.pool_bytes,
            "n_tensors": len(self.tensors), "n_ops": len(self.ops), "n_steps": n_steps, "n_inputs": len(p.inputs),
            "n_outputs": len(p.outputs), "golden_seed": GOLDEN_SEED, "tensors": at_tensors, "ops": at_ops,
            "steps": at_steps, "io": at_io, "strings": self.strings.base, "strings_bytes": strings_bytes,
            "name": name, "metadata": metadata, "n_init_steps": len(p.init_ops),
            "state_bytes": p.state_bytes, "n_segments": len(p.segments),
        })  # fmt: skip
        body = header + tensors + ops + segments + io + before + steps + self.strings.bytes + b"".join(after)
        return body + struct.pack("<I", f.checksum(body))

    def key(self, rows, op=None):
        """What a tensor is known by: a constant is another in each segment, the first where there are none."""
        return rows, None if rows.buffer.data is None else self.segment.get(op, 0)

    def tensor(self, key):
        rows, buffer = key[0], key[0].buffer
        const = buffer.data is not None
        return f.TENSOR.pack({
            "offset": self.constants[key] if const else rows.start + buffer.offset,
            "row_bytes": rows.row_bytes, "rows": rows.rows,
            "ring": rows.rows if const else min(rows.rows, buffer.held_bytes // rows.row_bytes), "dtype": f.DTYPES[buffer.dtype],
            "space": f.BLOB if const else f.STATE if buffer in self.program.state else f.POOL,
        })  # fmt: skip

    def op(self, index, op, at_params):
        inputs = [self.tensors[self.key(r, op)] for r in op.inputs]
        return f.OP.pack({
            "kernel": f.KERNELS[op.kernel], "partial": int(op.partial), "output": self.tensors[self.key(op.output)],
            "inputs": inputs + [f.NONE] * (3 - len(inputs)), "segment": self.segment.get(op, 0), "params": at_params,
            "scratch": op.scratch.offset if op.scratch else 0, "check": self.checks[index], "name": self.string(op.name),
        })  # fmt: skip

    def edge(self, edge):
        return f.IO.pack({
            "tensor": self.tensors[self.key(edge.rows)], "dtype": f.DTYPES[edge.dtype], "edge": f.DTYPES[edge.edge],
            "stream": int(self.program.streams and edge in self.program.inputs), "ndim": len(edge.shape),
            "shape": [*edge.shape] + [0] * (f.MAX_DIMS - len(edge.shape)),
            "scale": struct.unpack("<I", struct.pack("<f", edge.scale))[0], "zero_point": edge.zero_point,
            "name": self.string(edge.name),
        })  # fmt: skip

    def string(self, text):
        return self.strings.add(text.replace("\0", " ").encode() + b"\0", 1)
