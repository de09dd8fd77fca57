"""`packer build`: a `.tflite` model in, a `.tin` blob out."""

from dataclasses import dataclass, replace

from . import __version__
from . import format as f
from .budget import ladder, missing
from .compress import lowered, with_coding
from .core import CoreModel
from .costs import CORE, runs
from .emit import emit, pack_data
from .errors import PackerError
from .inspect import Blob
from .plan import busiest, plan
from .program import INPUT_ROWS, DeviceOp

_STEPS = 512  # bytes that a plan's steps may differ by


@dataclass(frozen=True)
class BuildResult:
    """A built blob and what is known of it."""

    name: str
    blob: bytes
    tflite_bytes: int
    pool_bytes: int
    lower_bound_bytes: int
    macs: int
    program: object  # the lowered Program, for reports and for comparing layer by layer
    plan: object  # its Plan

    @property
    def resident_bytes(self):
        """Bytes of the blob that are in RAM where its weights are read from a file; 0 where they cannot be."""
        header = f.HEADER.unpack(self.blob)
        at = header["ops"] + header["n_ops"] * f.OP.size
        return f.SEGMENT.unpack(self.blob, at)["offset"] if header["n_segments"] else 0

    def summary(self):
        """What `packer build --json` prints."""
        blob = Blob(self.blob).summary()
        return {
            "name": self.name,
            "pool_bytes": self.pool_bytes,
            "state_bytes": self.program.state_bytes,
            "resident_bytes": self.resident_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "blob_bytes": len(self.blob),
            "tflite_bytes": self.tflite_bytes,
            "macs": self.macs,
            "compressed": blob["compressed"],
            "ops": blob["ops"],
        }


def build(
    tflite_bytes, name="model", metadata=None, ram=None, stream_input=False, stream_weights=False, coding=None, flash=None, core=CORE
):
    """BuildResult of a `.tflite` model (bytes). PackerError if it is damaged or an op of it cannot be built.

    `metadata`: a dict that goes into the blob as JSON, e.g. {"labels": ["yes", "no"]}. `ram`: bytes of pool that must do.
    `stream_input`: the input is handed over row by row (model.feed()) and need not exist as a whole. `stream_weights`: the data
    can be read from a file, ops that run together at a time, into the pool, which has room for it. `coding`: of the weights, one of
    compress.CHOICES, or None for those that the model itself has in 4 bits. `flash`: bytes that the blob may have; layers are
    compressed as far as that needs, those first that lose the least time on `core`.
    """

    def made(choice, codings=None):
        """BuildResult with weights as compress.lowered() codes them."""
        program = lowered(tflite_bytes, name, choice, codings)
        if stream_input:
            stream(program)
        if stream_weights:
            if not program.device_ops:
                raise PackerError(f"{name}: no op of it is left, so there are no weights to stream")
            for op in program.device_ops:
                op.data_bytes = len(pack_data([op], 0)[0])
        planned = plan(program, ram=ram)
        facts = {"packer": __version__, "tflite_bytes": len(tflite_bytes), "lower_bound_bytes": planned.lower_bound_bytes}
        return _emitted(program, planned, tflite_bytes, {**facts, **(metadata or {})})

    result = made(coding)
    if flash is not None and len(result.blob) > flash and coding in (None, "auto"):
        result = _fitted(made, flash, core)
    if ram is not None and result.pool_bytes > ram:
        raise PackerError(
            f"{name}: {result.pool_bytes:,} B of RAM is the least it needs, {ram:,} B were allowed; layer "
            f'"{busiest(result.program, result.plan)}" sets that: make its tensors smaller'
        )
    if flash is not None and len(result.blob) > flash:
        raise PackerError(missing(name, result, flash))
    return result


def _emitted(program, planned, tflite_bytes, metadata):
    # The selftest's CRCs come from a run of the blob itself on the C core.
    _, checks = CoreModel(emit(program, planned.pool_bytes, metadata)).selftest()
    blob = emit(program, planned.pool_bytes, metadata, checks)
    sizes = len(tflite_bytes), planned.pool_bytes, planned.lower_bound_bytes
    return BuildResult(program.name, blob, *sizes, program.macs, program, planned)


def _fitted(made, flash, core):
    """The first BuildResult on the way up the ladder that is no larger than `flash`, or the smallest there is."""
    best = plain = made("auto", {})
    ops = [op for op in plain.program.ops if op.kernel != INPUT_ROWS]
    data = len(pack_data(plain.program.device_ops, 0)[0])
    rungs = ladder(plain.program, runs(plain.program), core)
    for codings in rungs:
        coded = plain.program.init_ops + [with_coding(op, codings.get(op)) for op in ops]
        # What is built may differ by some steps of the plan.
        nearly = len(plain.blob) - data + len(pack_data(coded, 0)[0])
        if nearly <= flash + _STEPS or codings is rungs[-1]:
            result = made("auto", {number: codings[op] for number, op in enumerate(ops) if op in codings})
            if len(result.blob) <= flash:
                return result
            best = min(best, result, key=lambda result: len(result.blob))
    return best


def stream(program):
    """Let the caller hand the model's only input over row by row, as if an op made it."""
    if len(program.inputs) != 1:
        raise PackerError(f"{program.name}: it has {len(program.inputs)} inputs, and only a single one can be streamed")
    edge = program.inputs[0]
    if edge.buffer in [e.buffer for e in program.outputs]:
        raise PackerError(f"{program.name}: its input is its output; there is nothing to stream")
    readers = [rows for op in program.ops for rows in op.inputs if rows.buffer is edge.buffer]
    rows = readers[0] if readers else edge.rows
    edge = replace(edge, rows=rows)
    program.inputs = [edge]
    program.ops = [DeviceOp(INPUT_ROWS, edge.name, -1, -1, [], rows, {}), *program.ops]
