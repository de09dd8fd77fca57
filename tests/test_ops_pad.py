"""PAD and PADV2: ranks 1 to 4, up to three padded dimensions, paddings of 32 and 64 bits.

TFLite Micro takes paddings of 64 bits for ones of 32, so there it is asked about the same model with 32 bits.
"""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph


@st.composite
def pads(draw, op):
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    paddings = [draw(st.just((0, 0)) | st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape]
    assume(sum(pair != (0, 0) for pair in paddings) <= 3)
    bits, rng = draw(st.sampled_from((np.int32, np.int64))), draw(generators())
    scale, zero_point = scale_and_zero_point(rng)
    fill = rng.integers(-128, 128, 1, dtype=np.int8)

    def model(integer):
        graph = Graph()
        x = graph.input(shape, scale, zero_point)
        inputs = [x, graph.const(np.array(paddings, integer))]
        if op == "PADV2":
            inputs.append(graph.const(fill, scale, zero_point))
        output_shape = tuple(n + sum(pair) for n, pair in zip(shape, paddings))
        graph.output(graph.op(op, inputs, output_shape, scale, zero_point))
        return graph.finish(), x

    (oracle_model, x), (asked, _) = model(np.int32), model(bits)
    return Case(op, asked, input_cases(rng, x), oracle_model, shape=shape, paddings=paddings, bits=bits.__name__)


@given(pads("PAD"))
def test_pad(backend, case):
    check(backend, case)


@given(pads("PADV2"))
def test_padv2(backend, case):
    check(backend, case)
