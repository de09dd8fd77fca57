"""`packer verify`: is the blob's answer TFLite Micro's, byte for byte, on the C core and on MicroPython's unix port?"""

from dataclasses import dataclass, field

import numpy as np

from . import format as f
from . import oracle
from .build import build
from .core import CoreModel
from .edges import from_pool, to_pool
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
    """One array an input, of the edge's dtype: every int8 alike for quantised edges, the reals they cover for float32."""
    arrays = []
    for io in ios:
        shape = tuple(io["shape"][: io["ndim"]])
        q = rng.integers(-128, 128, shape).astype(np.int8)
        if f.DTYPE_NAMES[io["edge"]] == "float32":
            q = q + rng.uniform(-0.5, 0.5, shape) - io["zero_point"]
            arrays.append((q * np.uint32(io["scale"]).view(np.float32)).astype(np.float32))
        else:
            arrays.append(from_pool(io, q))
    return arrays


def zero_inputs(ios):
    """The input whose every element stands for 0."""
    return [from_pool(io, np.full(io["shape"][: io["ndim"]], np.clip(io["zero_point"], -128, 127), np.int8)) for io in ios]


def make_cases(ios, count, seed=0):
    """`count` random inputs and the zero-point input."""
    rng = np.random.default_rng(seed)
    return [random_inputs(ios, rng) for _ in range(count)] + [zero_inputs(ios)]


def verify(tflite_bytes, name="model", given=(), count=20, backends=BACKENDS, on_progress=lambda text: None):
    """Verdict of `count` seeded random cases, the zero-point case, and the `given` ones (each a list of input arrays)."""
    result = build(tflite_bytes, name)
    model = CoreModel(result.blob)
    cases = [*given, *make_cases(model.inputs, count)]
    pool_cases = [[to_pool(io, a) for io, a in zip(model.inputs, _complete(model.inputs, case))] for case in cases]
    on_progress("TFLite Micro")
    wanted = [oracle.run(tflite_bytes, case) for case in cases]
    verdict = Verdict(name, list(backends), len(cases))
    for backend in backends:
        on_progress(backend)
        if backend == "core":
            answers = [model.run(case) for case in pool_cases]
        else:
            raws, verdict.facts = run_cases(find_unix_port(), result.blob, pool_cases)
            answers = [_split(model.outputs, raw) for raw in raws]
        for i, (answer, expected) in enumerate(zip(answers, wanted)):
            _compare(verdict, backend, i, model, answer, expected)
    if verdict.first_difference:
        on_progress("layer by layer")
        case = verdict.first_difference["case"]
        layer = first_differing_layer(tflite_bytes, result, model, cases[case], pool_cases[case])
        if layer:
            verdict.first_difference.update(layer)
    return verdict


def _complete(ios, case):
    if len(case) != len(ios):
        raise PackerError(f"the model has {len(ios)} inputs, {len(case)} were given")
    return case


def _split(outputs, raw):
    """The bytes of all outputs of a run as one int8 array an output."""
    arrays, at = [], 0
    for io in outputs:
        size = int(np.prod(io["shape"][: io["ndim"]], dtype=np.int64))
        arrays.append(np.frombuffer(raw, np.int8, size, at))
        at += size
    return arrays


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


def first_differing_layer(tflite_bytes, result, model, case, pool_case):
    """{layer, index, got, want} of the first op whose output on the C core is not TFLite Micro's, or None if none differs."""
    tensors = oracle.run_layers(tflite_bytes, case)
    for op, got in zip(result.program.ops, model.trace(pool_case)):
        want = np.ascontiguousarray(tensors[op.tensor]).view(np.int8).ravel()
        got = got.ravel()
        different = np.flatnonzero(got != want) if got.size == want.size else []
        if len(different):
            i = int(different[0])
            return {"layer": f"{op.layer} {op.kernel} {op.name}", "index": i, "got": int(got[i]), "want": int(want[i])}
    return None
