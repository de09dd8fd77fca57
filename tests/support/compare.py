"""Compares a backend with the oracle, byte for byte."""

from functools import cached_property
from pathlib import Path

import numpy as np

from support import oracle

FAILURES = Path(__file__).parents[2] / "build" / "failures"


class Case:
    """A model, the inputs to try on it (a list of arrays each), and what is special about it.

    `oracle_model` is an equal model that the oracle understands where it does not understand `model` itself; `run` is the
    oracle's run_many.
    """

    def __init__(self, op, model, inputs, oracle_model=None, run=oracle.run_many, **details):
        self.op = op
        self.model = model
        self.inputs = inputs
        self.oracle_model = oracle_model or model
        self.run = run
        self.details = details

    @cached_property
    def expected(self):
        """The oracle's outputs: a list of arrays for each of the inputs."""
        return self.run(self.oracle_model, self.inputs)

    def __repr__(self):
        return f"{self.op}({', '.join(f'{key}={value}' for key, value in self.details.items())})"


def check(backend, case):
    """Fails unless `backend` (model, cases -> outputs) gives the oracle's bytes; a model that fails is kept."""
    try:
        actual = backend(case.model, case.inputs)
        for number, (want, got) in enumerate(zip(case.expected, actual, strict=True)):
            difference = first_difference(want, got)
            assert difference is None, f"inputs {number}, {difference}"
    except Exception as error:
        kept = f"model and inputs: {keep(case)}.tflite and .npz"
        raise AssertionError(f"{case!r} on {backend.__name__}: {error} ({kept})") from error


def first_difference(expected, actual):
    """Where two lists of outputs differ first, as a sentence, or None."""
    if len(expected) != len(actual):
        return f"{len(expected)} outputs expected, got {len(actual)}"
    for output, (want, got) in enumerate(zip(expected, actual)):
        if want.shape != got.shape or want.dtype != got.dtype:
            return f"output {output}: {want.dtype}{list(want.shape)} expected, got {got.dtype}{list(got.shape)}"
        width = want.dtype.itemsize
        differs = np.frombuffer(want.tobytes(), np.uint8) != np.frombuffer(got.tobytes(), np.uint8)
        if differs.any():
            elements = np.flatnonzero(differs.reshape(-1, width).any(axis=1))
            index = tuple(int(i) for i in np.unravel_index(elements[0], want.shape))
            return (f"output {output} of shape {list(want.shape)}: {len(elements)} of {want.size} elements differ, "
                    f"first at {index}: {want[index]} expected, got {got[index]}")
    return None


def count_differences(expected, actual):
    """(bytes compared, bytes that differ) over the outputs of many inferences; an output of another type differs whole."""
    compared = differing = 0
    for want, got in ((want, got) for pair in zip(expected, actual, strict=True) for want, got in zip(*pair, strict=True)):
        compared += want.nbytes
        if want.shape != got.shape or want.dtype != got.dtype:
            differing += want.nbytes
        else:
            raw = (np.frombuffer(array.tobytes(), np.uint8) for array in (want, got))
            differing += int(np.not_equal(*raw).sum())
    return compared, differing


def keep(case):
    """Writes a case under build/failures, over the last one of its op: hypothesis ends with the smallest that fails."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / case.op.lower()
    path.with_suffix(".tflite").write_bytes(case.model)
    np.savez(path.with_suffix(".npz"), **{f"case{i}_input{j}": array for i, inputs in enumerate(case.inputs)
                                         for j, array in enumerate(inputs)})
    return path
