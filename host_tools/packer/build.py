"""`packer build`: a `.tflite` model in, a `.tin` blob out."""

from dataclasses import dataclass, replace

from . import __version__
from .core import CoreModel
from .emit import emit
from .errors import PackerError
from .fold import fold
from .lower import lower
from .plan import busiest, plan
from .program import INPUT_ROWS, DeviceOp
from .read import read


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

    def summary(self):
        """What `packer build --json` prints."""
        return {
            "name": self.name,
            "pool_bytes": self.pool_bytes,
            "lower_bound_bytes": self.lower_bound_bytes,
            "blob_bytes": len(self.blob),
            "tflite_bytes": self.tflite_bytes,
            "macs": self.macs,
            "ops": [{"name": op.name, "kernel": op.kernel, "macs": op.macs} for op in self.program.device_ops],
        }


def build(tflite_bytes, name="model", metadata=None, ram=None, stream_input=False):
    """BuildResult of a `.tflite` model (bytes). PackerError if it is damaged or an op of it cannot be built.

    `metadata`: a dict that goes into the blob as JSON, e.g. {"labels": ["yes", "no"]}. `ram`: bytes of pool that must do.
    `stream_input`: the input is handed over row by row (model.feed()) and need not exist as a whole.
    """
    program = lower(fold(read(tflite_bytes, name)))
    if stream_input:
        stream(program)
    planned = plan(program)
    pool_bytes = planned.pool_bytes
    if ram is not None and pool_bytes > ram:
        raise PackerError(
            f"{name}: {pool_bytes:,} B of RAM is the least it needs, {ram:,} B were allowed; layer "
            f'"{busiest(program, planned)}" sets that: make its tensors smaller'
        )
    metadata = {
        "packer": __version__,
        "tflite_bytes": len(tflite_bytes),
        "lower_bound_bytes": planned.lower_bound_bytes,
        **(metadata or {}),
    }
    # The selftest's CRCs come from a run of the blob itself on the C core.
    _, checks = CoreModel(emit(program, pool_bytes, metadata)).selftest()
    blob = emit(program, pool_bytes, metadata, checks)
    return BuildResult(name, blob, len(tflite_bytes), pool_bytes, planned.lower_bound_bytes, program.macs, program, planned)


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
