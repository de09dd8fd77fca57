"""The inner loops of each core, its own and the plain C beside it, against the host core's: random layers that multiply.

The models are of many layers beside one another, so that one run of an emulator compares every output of all of them.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest
from bench.count import instructions
from bench.machines import MACHINES
from packer import build

from support.products import CODED, CODED_OPS, model
from support.quantisation import output_scale, scale_and_zero_point
from support.tflite_builder import Graph

SEEDS = range(2)
LAYERS = 12
PORTABLE = [replace(m, name=f"{m.name}-portable", compiler=(*m.compiler, "-DTI_PORTABLE")) for m in MACHINES.values()]


def sums(seed):
    """A `.tflite` of ADD layers beside one another."""
    rng, graph = np.random.default_rng(seed), Graph()
    for _ in range(LAYERS):
        shape = tuple(map(int, rng.integers(1, 40, 2)))
        operands = [graph.input(shape, *scale_and_zero_point(rng)) for _ in range(2)]
        activation = str(rng.choice(["NONE", "RELU"]))
        scale = output_scale(rng, np.float32(max(x.scale for x in operands)), 4, "fitting", activation)
        zero_point = scale_and_zero_point(rng)[1]
        graph.output(graph.op("ADD", operands, shape, scale, zero_point, fused_activation_function=activation))
    return graph.finish()


@functools.lru_cache
def blob(make, *arguments):
    return build(make(*arguments)).blob


@functools.lru_cache
def coded(coding):
    return build(model(1, LAYERS, ops=CODED_OPS, weights=CODED[coding]), coding=coding).blob


@pytest.mark.parametrize("machine", [*MACHINES.values(), *PORTABLE], ids=lambda machine: machine.name)
def test_same_bytes(machine):
    for seed in SEEDS:
        instructions(machine, blob(model, seed, LAYERS))
    instructions(machine, blob(sums, 0))
    for coding in CODED:
        instructions(machine, coded(coding))
    instructions(machine, blob(model, 0, LAYERS), optimise="-Os")
