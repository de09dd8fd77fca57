"""PAD and PADV2: ranks 1 to 5, all dtypes, paddings of 32 and 64 bits.

TFLite Micro takes paddings of 64 bits for ones of 32, so there it is asked about the same model with 32 bits.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.compare import Case, check
from support.movement import inputs_for, quantisation_of
from support.quantisation import generators
from support.tflite_builder import Graph


@st.composite
def pads(draw, op):
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=5)))
    paddings = [draw(st.just((0, 0)) | st.tuples(st.integers(0, 3), st.integers(0, 3))) for _ in shape]
    bits, rng = draw(st.sampled_from((np.int32, np.int64))), draw(generators())
    dtype = draw(st.sampled_from((np.int8, np.int8, np.int16, np.int32)))
    scale, zero_point = quantisation_of(rng, dtype)
    fill = np.repeat(rng.integers(-128, 128, 1, np.int8), np.dtype(dtype).itemsize).view(dtype)  # PAD stores bytes

    def model(integer):
        graph = Graph()
        x = graph.input(shape, scale, zero_point, dtype)
        inputs = [x, graph.const(np.array(paddings, integer))]
        if op == "PADV2":
            inputs.append(graph.const(fill, scale, zero_point))
        output_shape = tuple(n + sum(pair) for n, pair in zip(shape, paddings))
        graph.output(graph.op(op, inputs, output_shape, scale, zero_point, dtype))
        return graph.finish(), x

    (oracle_model, x), (asked, _) = model(np.int32), model(bits)
    return Case(op, asked, inputs_for(rng, x), oracle_model, shape=shape, paddings=paddings, bits=bits.__name__,
                dtype=dtype.__name__)


@given(pads("PAD"))
def test_pad(backend, case):
    check(backend, case)


@given(pads("PADV2"))
def test_padv2(backend, case):
    check(backend, case)


CASES = {op: pads(op) for op in ("PAD", "PADV2")}
