"""The ways to run a model that must all give the oracle's bytes: each takes (model, cases) and returns the outputs."""

from packer import build
from packer.core import CoreModel
from packer.edges import from_pool, to_pool


def core(model, cases):
    """The packer's blob on the C core, through ctypes."""
    opened = CoreModel(build(model).blob)
    answers = []
    for inputs in cases:
        answer = opened.run([to_pool(io, array) for io, array in zip(opened.inputs, inputs, strict=True)])
        answers.append([from_pool(io, array) for io, array in zip(opened.outputs, answer, strict=True)])
    return answers


ALL = {"core": core}
