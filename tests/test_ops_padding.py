"""MIRROR_PAD, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND.

TFLite Micro's SPACE_TO_BATCH_ND pads with whatever lies in its memory: there it is asked about a PAD and one without.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, one_op, quantisation_of, shapes
from support.quantisation import generators
from support.tflite_builder import Graph


@st.composite
def mirrors(draw):
    shape, rng = draw(shapes(most_rank=4)), draw(generators())
    mode = draw(st.sampled_from(("REFLECT", "SYMMETRIC")))
    most = [n - (mode == "REFLECT") for n in shape]
    paddings = [(draw(st.integers(0, n)), draw(st.integers(0, n))) for n in most]
    output_shape = [n + sum(pair) for n, pair in zip(shape, paddings)]
    model, xs = one_op(rng, "MIRROR_PAD", np.int8, [shape], [output_shape], after=[paddings], mode=mode)
    return Case("MIRROR_PAD", model, inputs_for(rng, *xs), shape=shape, paddings=paddings, mode=mode)


@st.composite
def blocks(draw):
    """(block sizes, sizes in blocks, batch, shape after the spatial axes) of 3 or 4 dimensions."""
    m = draw(st.integers(1, 2))
    block, size = ([draw(st.integers(1, 3)) for _ in range(m)] for _ in range(2))
    return block, size, draw(st.integers(1, 3)), (draw(st.integers(1, 4)),)


@st.composite
def to_batches(draw):
    (block, size, n, rest), rng = draw(blocks()), draw(generators())
    whole = [b * s for b, s in zip(block, size)]
    before = [draw(st.just(0) | st.integers(0, total - 1)) for total in whole]
    after = [draw(st.just(0) | st.integers(0, total - b - 1)) for total, b in zip(whole, before)]
    shape = (n, *(total - b - a for total, b, a in zip(whole, before, after)), *rest)
    paddings = list(zip(before, after))
    output_shape = (n * int(np.prod(block)), *size, *rest)
    scale, zero_point = quantisation_of(rng, np.int8)

    def model(padded_before):
        graph = Graph()
        x = y = graph.input(shape, scale, zero_point)
        amounts = paddings
        if padded_before:
            every = [(0, 0), *paddings, (0, 0)]
            y = graph.op("PAD", [x, graph.const(np.array(every, np.int32))], (n, *whole, *rest), scale, zero_point)
            amounts = [(0, 0)] * len(paddings)
        constants = [graph.const(np.array(values, np.int32)) for values in (block, amounts)]
        graph.output(graph.op("SPACE_TO_BATCH_ND", [y, *constants], output_shape, scale, zero_point))
        return graph.finish(), x

    asked, x = model(False)
    return Case("SPACE_TO_BATCH_ND", asked, inputs_for(rng, x), model(True)[0], shape=shape, block=block,
                paddings=paddings)


@st.composite
def from_batches(draw):
    (block, size, n, rest), rng = draw(blocks()), draw(generators())
    whole = [b * s for b, s in zip(block, size)]
    before = [draw(st.just(0) | st.integers(0, total - 1)) for total in whole]
    after = [draw(st.just(0) | st.integers(0, total - b - 1)) for total, b in zip(whole, before)]
    crops = list(zip(before, after))
    shape = (n * int(np.prod(block)), *size, *rest)
    output_shape = (n, *(total - b - a for total, b, a in zip(whole, before, after)), *rest)
    model, xs = one_op(rng, "BATCH_TO_SPACE_ND", np.int8, [shape], [output_shape], after=[block, crops])
    return Case("BATCH_TO_SPACE_ND", model, inputs_for(rng, *xs), shape=shape, block=block, crops=crops)


CASES = {"MIRROR_PAD": mirrors(), "SPACE_TO_BATCH_ND": to_batches(), "BATCH_TO_SPACE_ND": from_batches()}


@pytest.mark.parametrize("op", CASES)
def test_padding(backend, op):
    @given(CASES[op])
    def run(case):
        check(backend, case)

    run()
