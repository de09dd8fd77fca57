"""The inner loops of each core, its own and the plain C beside it, against the host core's: random layers that multiply.
On Xtensa, which has plain C only, every kernel.

The models are of many layers beside one another, so that one run of an emulator compares every output of all of them.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest
from bench.codings import gaussian, layer
from bench.count import check
from bench.machines import LX106, MACHINES, XTENSAWIN
from hypothesis import given, settings
from packer import build
from packer.format import KERNELS
from packer.inspect import Blob

from support import cases
from support.products import CODED, CODED_OPS, model
from support.quantisation import output_scale, scale_and_zero_point
from support.tflite_builder import Graph

SEEDS = range(2)
LAYERS = 12
CASES = 6  # of each TFLite op on Xtensa
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


def coded(coding):
    return build(model(1, LAYERS, ops=CODED_OPS, weights=CODED[coding]), coding=coding).blob


def odd_rows():
    """A 1x1 convolution over rows of 5 pixels, with weights so large that pairs have exceptions; the last pixel is alone."""
    made = build(layer(gaussian(60), side=5))
    assert all(op.params["pairs"]["runs"] is not None and np.size(op.params["pairs"]["runs"]) > 1 for op in made.program.ops)
    return made.blob


@functools.lru_cache
def blobs():
    return [*(build(model(seed, LAYERS)).blob for seed in SEEDS), build(sums(0)).blob, odd_rows(), *map(coded, CODED)]


@functools.lru_cache
def of_every_op():
    """A few blobs for each TFLite op."""
    found = []
    for strategy in cases.by_op().values():

        @settings(max_examples=CASES)
        @given(strategy)
        def keep(case):
            found.append(build(case.model).blob)

        keep()
    return found


@pytest.mark.parametrize("machine", [*MACHINES.values(), *PORTABLE, LX106, XTENSAWIN], ids=lambda machine: machine.name)
def test_same_bytes(machine):
    check(machine, blobs())
    check(machine, blobs()[:1], optimise="-Os")


@pytest.mark.parametrize("machine", [LX106, XTENSAWIN], ids=lambda machine: machine.name)
def test_every_op_on_xtensa(machine):
    models = [*blobs(), *of_every_op()]
    assert {op["kernel"] for blob in models for op in Blob(blob).ops} == set(KERNELS)
    check(machine, models)
