"""`packer split`: a model as several blobs, its parts, that run one after the other in one pool.

The program is planned once, as a whole, with no cascade across a cut; then each part takes the ops between two cuts,
with the steps and addresses of that plan. What crosses a cut so lies where the next part reads it, and what only passes by
a part is let alone by it: nothing is copied. The proof of the plan is that of the parts run in order.

Where to cut is decided by the RAM of a board that reads one part at a time from a file: the pool, and room for the
largest part.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from . import __version__
from . import format as f
from .compress import lowered
from .core import CoreModel
from .emit import emit
from .errors import PackerError
from .plan import busiest, homes, plan
from .plan.cascade import Work, peaks
from .program import DTYPE_BYTES, Edge, Program, Rows


@dataclass(frozen=True)
class Part:
    """One of the blobs. `crossing_bytes`: what is in the pool when it ends, for later parts and as outputs."""

    name: str
    blob: bytes
    layers: int
    crossing_bytes: int


@dataclass(frozen=True)
class SplitResult:
    """A split model and what is known of it."""

    name: str
    parts: list  # Part
    tflite_bytes: int
    pool_bytes: int  # of every part: they share one pool
    state_bytes: int
    lower_bound_bytes: int
    culprit: str  # what sets its RAM, and what to do

    @property
    def largest_bytes(self):
        return max(len(part.blob) for part in self.parts)

    @property
    def ram_bytes(self):
        """RAM of a board that reads one part at a time from a file."""
        return self.pool_bytes + self.largest_bytes

    def summary(self):
        """What `packer split --json` prints."""
        return {
            "name": self.name,
            "ram_bytes": self.ram_bytes,
            "pool_bytes": self.pool_bytes,
            "state_bytes": self.state_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "largest_bytes": self.largest_bytes,
            "blob_bytes": sum(len(part.blob) for part in self.parts),
            "tflite_bytes": self.tflite_bytes,
            "parts": [
                {"name": p.name, "layers": p.layers, "blob_bytes": len(p.blob), "crossing_bytes": p.crossing_bytes}
                for p in self.parts
            ],
        }


def split(tflite_bytes, name="model", metadata=None, parts=None, ram=None, coding=None):
    """SplitResult of a `.tflite` model (bytes): of `parts` parts, those with the least RAM; or, given `ram` bytes of it,
    of as few parts as do with that. PackerError where that cannot be.

    `metadata`: a dict that goes into the last part, whose outputs are the model's. `coding`: of the weights, as in build().
    """
    program = lowered(tflite_bytes, name, coding)
    plan(program)  # for the order of ops
    n = len(program.ops)
    if not n:
        raise PackerError(f"{name}: it has no layers that could be split")
    if parts is not None and not 1 <= parts <= n:
        raise PackerError(f"{name}: its {n} layers cannot make {parts} parts; ask for 1 to {n}")
    choices = _Choices(program)
    if parts is not None:
        return _split_at(program, choices.cuts(parts), tflite_bytes, metadata or {})
    best = None
    least = min(choices.found, key=choices.ram)
    for k in [k for k in choices.found if choices.ram(k) <= 1.05 * ram or k == least]:  # they are estimates
        found = _split_at(program, choices.cuts(k), tflite_bytes, metadata or {})
        if found.ram_bytes <= ram:
            return found
        if best is None or found.ram_bytes < best.ram_bytes:
            best = found
    raise PackerError(
        f"{name}: {best.ram_bytes:,} B of RAM is the least found, {best.pool_bytes:,} B of pool and "
        f"{best.largest_bytes:,} B for the largest of {len(best.parts)} parts, {ram:,} B were allowed; {best.culprit}"
    )


# ---- where to cut ----


class _Choices:
    """The best cuts for each number of parts, by estimates: a plan's peak before its buffers are placed, and a blob's
    size from its records and data."""

    def __init__(self, program):
        n = self.n = len(program.ops)
        work = Work(program, homes(program))
        self.sizes = _sizes(program)
        self.peaks = np.full((n + 1, n + 1), np.inf)  # [first, past] of a part: the least peak of groups that cover it
        np.fill_diagonal(self.peaks, 0)
        for (first, past), peak in peaks(work).items():
            before = self.peaks[: first + 1, first]
            self.peaks[: first + 1, past] = np.minimum(self.peaks[: first + 1, past], np.maximum(before, peak))
        self.crossing = np.array([0, *(work.alive_through(cut, cut) for cut in range(1, n)), 0])
        least, most = self.peaks[0, n], max(self.peaks[i, i + 1] for i in range(n))
        self.found = {}  # number of parts -> (RAM; of it the pool, the largest part)
        for pool in np.unique(self.peaks[(self.peaks >= least) & (self.peaks <= most)]):
            for k, largest in enumerate(self.largest(np.where(self.peaks <= pool, self.sizes, np.inf)), 1):
                self.found[k] = min(self.found.get(k, (np.inf,)), (pool + largest, pool, largest))

    def ram(self, k):
        return self.found[k][0]

    def largest(self, sizes):
        """[k - 1]: the least size that the largest of k parts can have."""
        best, found = sizes[0], []
        for _ in range(self.n):
            found.append(best[self.n])
            best = np.maximum(best[:, None], sizes).min(axis=0)
        return found

    def cuts(self, k):
        """The k - 1 cuts with the least RAM, among equals the ones that the fewest bytes cross."""
        _, pool, largest = self.found[k]
        cost = np.where((self.peaks <= pool) & (self.sizes <= largest), self.crossing[:, None], np.inf)
        total, came_from = cost[0], []
        for _ in range(k - 1):
            through = total[:, None] + cost
            came_from.append(through.argmin(axis=0))
            total = through.min(axis=0)
        cuts, at = [], self.n
        for before in reversed(came_from):
            at = int(before[at])
            cuts.append(at)
        return cuts[::-1]


def _sizes(program):
    """[first, past]: bytes of the records and the data of those ops; equal data counts once, as in a blob."""
    n = len(program.ops)
    own = [f.OP.size + f.TENSOR.size + f.PARAMS[op.kernel].size for op in program.ops]
    for i, _, _ in program.steps:
        own[i] += f.STEP.size
    data = [list(_data(op)) for op in program.ops]
    sizes = np.full((n + 1, n + 1), np.inf)
    for first in range(n):
        there, total = set(), 0
        for i in range(first, n):
            total += own[i] + sum(len(raw) for raw in {*data[i]} - there)
            there.update(data[i])
            sizes[first, i + 1] = total
    return sizes


def _data(op):
    """The bytes that an op has in the blob's data."""
    yield from (rows.buffer.data.tobytes() for rows in op.inputs if rows.buffer.data is not None)
    values = [op.params] if op.coded is None else [{**op.params, "weights": 0}, op.coded.values]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += value.values()
        elif isinstance(value, np.ndarray):
            yield value.tobytes()


# ---- the parts ----


def _split_at(program, cuts, tflite_bytes, metadata):
    """SplitResult of a program cut before the ops of these numbers."""
    planned = plan(program, cuts)
    work, state = Work(program, homes(program)), sum(buffer.nbytes for buffer in program.state)
    ends = [0, *cuts, len(program.ops)]
    programs = [_part(program, k, first, past) for k, (first, past) in enumerate(zip(ends, ends[1:]))]
    checks = [CoreModel(emit(p, planned.pool_bytes, {})).selftest()[1] for p in programs]
    blobs = [emit(p, planned.pool_bytes, {}, c) for p, c in zip(programs, checks)]
    identity = zlib.crc32(b"".join(blobs))  # so that parts of two splits are never run together
    parts = []
    for k, (p, c) in enumerate(zip(programs, checks)):
        facts = {
            "packer": __version__,
            "tflite_bytes": len(tflite_bytes),
            "lower_bound_bytes": planned.lower_bound_bytes,
            **(metadata if p is programs[-1] else {}),
            "part": [k, len(programs), identity],
        }
        crossing = work.alive_through(ends[k + 1], ends[k + 1]) - state
        parts.append(Part(p.name, emit(p, planned.pool_bytes, facts, c), len(p.ops), crossing))
    sizes = planned.pool_bytes, program.state_bytes, planned.lower_bound_bytes
    return SplitResult(program.name, parts, len(tflite_bytes), *sizes, _culprit(program, planned, parts))


def _part(program, k, first, past):
    """Program of the ops first .. past - 1 with the addresses of the whole. The first part has the model's inputs and
    what runs at reset, the last one its outputs; all have the same state."""
    ops = program.ops[first:past]
    before = {*_touched(program.ops[:first]), *(edge.buffer for edge in program.inputs)} - {*program.state}
    after = {*_touched(program.ops[past:]), *(edge.buffer for edge in program.outputs)} - {*program.state}
    inputs = [_edge(buffer) for buffer in _touched(ops) if buffer in before]
    outputs = [_edge(buffer) for buffer in dict.fromkeys(op.output.buffer for op in ops) if buffer in after]
    return Program(
        f"{program.name}.{k}",
        ops,
        inputs if first else program.inputs,
        outputs if past < len(program.ops) else program.outputs,
        [(i - first, row, rows) for i, row, rows in program.steps if first <= i < past],
        program.init_ops if not first else [],
        program.state,
    )


def _touched(ops):
    """The pool buffers that `ops` read, or write: who adds the rest to what was written in part needs that, too."""
    buffers = (rows.buffer for op in ops for rows in (*op.inputs, op.output))
    return list(dict.fromkeys(buffer for buffer in buffers if buffer.data is None))


def _edge(buffer):
    shape = (buffer.nbytes // DTYPE_BYTES[buffer.dtype],)
    return Edge(buffer, Rows(buffer, 1, buffer.nbytes), buffer.name, shape, buffer.dtype, buffer.dtype, 1.0, 0)


def _culprit(program, planned, parts):
    """Which layer sets the RAM, and what to do."""
    first, largest = 0, max(parts, key=lambda part: len(part.blob))
    if planned.pool_bytes > len(largest.blob):
        return f'layer "{busiest(program, planned)}" sets that: make its tensors smaller'
    for part in parts[: parts.index(largest)]:
        first += part.layers
    heaviest = max(program.ops[first : first + largest.layers], key=lambda op: sum(map(len, {*_data(op)})))
    return f'layer "{heaviest.name}" sets that: make its weights fewer'
