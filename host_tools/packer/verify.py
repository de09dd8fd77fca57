"""`packer verify`: is the blob's answer TFLite Micro's, byte for byte, on the C core and on MicroPython's unix port?"""

from dataclasses import dataclass, field

import numpy as np

from . import format as f
from . import oracle
from .build import build
from .core import CoreModel, split_outputs
from .edges import from_pool, scale_of, to_pool
from .errors import PackerError
from .unix import find_unix_port, run_cases

BACKENDS = ("core", "unix")


@dataclass
class Verdict:
    """What was compared: `bytes` of output over all cases and backends; first_difference is None where nothing differs."""

    name: str
    backends: list
    cases: int = 0
    bytes: int = 0
    differing_bytes: int = 0
    first_difference: "dict | None" = None
    facts: dict = field(default_factory=dict)

    def summary(self):
        return {
            "name": self.name,
            "backends": self.backends,
            "cases": self.cases,
            "bytes": self.bytes,
            "differing_bytes": self.differing_bytes,
            "first_difference": self.first_difference,
        }


def random_inputs(ios, rng):
    """One array an input, of the edge's dtype: every value alike for integers, the reals they cover for float32."""
    arrays = []
    for io in ios:
        shape = tuple(io["shape"][: io["ndim"]])
        dtype = np.dtype(f.DTYPE_NAMES[io["dtype"]])
        if dtype == bool:
            arrays.append(rng.integers(0, 2, shape).astype(bool))
            continue
        q = rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)
        if f.DTYPE_NAMES[io["edge"]] == "float32":
            q = q + rng.uniform(-0.5, 0.5, shape) - io["zero_point"]
            arrays.append((q * scale_of(io)).astype(np.float32))
        else:
            arrays.append(from_pool(io, q))
    return arrays


def zero_inputs(ios):
    """The input whose every element stands for 0."""
    arrays = []
    for io in ios:
        dtype = np.dtype(f.DTYPE_NAMES[io["dtype"]])
        zero = 0 if dtype == bool else np.clip(io["zero_point"], np.iinfo(dtype).min, np.iinfo(dtype).max)
        arrays.append(from_pool(io, np.full(io["shape"][: io["ndim"]], zero, dtype)))
    return arrays


def make_cases(ios, count, seed=0):
    """`count` random inputs and the zero-point input."""
    rng = np.random.default_rng(seed)
    return [random_inputs(ios, rng) for _ in range(count)] + [zero_inputs(ios)]


def verify(tflite_bytes, name="model", given=(), count=20, backends=BACKENDS, on_progress=lambda text: None, coding=None):
    """Verdict of the `given` cases (each a list of input arrays), `count` seeded random ones and the zero-point case.

    They run one after the other on one model, so state lives from each to the next. `coding`: as in build()."""
    result = build(tflite_bytes, name, coding=coding)
    model = CoreModel(result.blob)
    cases = [*given, *make_cases(model.inputs, count)]
    pool_cases = [[to_pool(io, a) for io, a in zip(model.inputs, _complete(model.inputs, case))] for case in cases]
    on_progress("TFLite Micro")
    wanted = oracle.run_many(tflite_bytes, cases)
    verdict = Verdict(name, list(backends), len(cases))
    for backend in backends:
        on_progress(backend)
        if backend == "core":
            answers = [model.run(case) for case in pool_cases]
        else:
            raws, verdict.facts = run_cases(find_unix_port(), result.blob, pool_cases)
            answers = [split_outputs(model.outputs, raw) for raw in raws]
        for i, (answer, expected) in enumerate(zip(answers, wanted)):
            _compare(verdict, backend, i, model, answer, expected)
    if verdict.first_difference:
        on_progress("layer by layer")
        case = verdict.first_difference["case"]
        layer = first_differing_layer(tflite_bytes, result, model, cases[: case + 1], pool_cases[: case + 1])
        if layer:
            verdict.first_difference.update(layer)
    return verdict


def _complete(ios, case):
    if len(case) != len(ios):
        raise PackerError(f"the model has {len(ios)} inputs, {len(case)} were given")
    return case


def _compare(verdict, backend, case, model, answer, expected):
    for number, (io, got, want) in enumerate(zip(model.outputs, answer, expected)):
        got = np.ascontiguousarray(from_pool(io, got)).view(np.uint8).ravel()
        want = np.ascontiguousarray(want).view(np.uint8).ravel()
        if got.size != want.size:
            raise PackerError(f"output {number} has {got.size} bytes where TFLite Micro gives {want.size}")
        different = np.flatnonzero(got != want)
        verdict.bytes += want.size
        verdict.differing_bytes += different.size
        if different.size and verdict.first_difference is None:
            verdict.first_difference = {
                "layer": f"output {number}",
                "index": int(different[0]),
                "got": int(got[different[0]]),
                "want": int(want[different[0]]),
                "backend": backend,
                "case": case,
            }


def first_differing_layer(tflite_bytes, result, model, cases, pool_cases):
    """{layer, index, got, want} of the first op whose output on the C core is not TFLite Micro's in the last of consecutive
    inferences, or None if none differs."""
    tensors = oracle.run_layers(tflite_bytes, cases)
    model.reset()
    for pool_case in pool_cases[:-1]:
        model.run(pool_case)
    traced = model.trace(pool_cases[-1])
    for op, made in zip(result.program.device_ops, traced):
        if op in result.program.init_ops or op.tensor is None:
            continue
        want = np.ascontiguousarray(tensors[op.tensor]).view(np.int8).ravel()
        if want.size != op.output.buffer.nbytes:
            continue
        order = op.output.buffer.order
        if order is not None:
            want = want.reshape(-1, len(order))[:, order].ravel()
        for row, got in sorted(made.items()):  # rows that nobody needs are not made
            start = row * op.output.row_bytes
            different = np.flatnonzero(got != want[start : start + got.size])
            if len(different):
                i = int(different[0])
                name = f"{op.layer} {op.kernel} {op.name}"
                return {"layer": name, "index": start + i, "got": int(got[i]), "want": int(want[start + i])}
    return None
