"""RESIZE_BILINEAR: to larger, smaller and the same size, with corners aligned or pixel centres at a half."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build

from support.compare import Case, check
from support.quantisation import generators, input_cases, scale_and_zero_point
from support.tflite_builder import Graph


def model(shape, size, scale=0.1, zero_point=0, **options):
    """(the input tensor, the model)."""
    graph = Graph()
    x = graph.input(shape, scale, zero_point)
    out = (shape[0], *size, shape[3])
    graph.output(graph.op("RESIZE_BILINEAR", [x, graph.const(np.array(size, np.int32))], out, scale, zero_point, **options))
    return x, graph.finish()


@st.composite
def resizes(draw):
    shape = tuple(draw(st.integers(1, n)) for n in (2, 12, 12, 5))
    size = draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    kind = draw(st.sampled_from(("neither", "align_corners", "half_pixel_centers")))
    rng = draw(generators())
    options = {} if kind == "neither" else {kind: True}
    x, made = model(shape, size, *scale_and_zero_point(rng, draw(st.booleans())), **options)
    return Case("RESIZE_BILINEAR", made, input_cases(rng, x), shape=shape, size=size, kind=kind)


@given(resizes())
def test_resize_bilinear(backend, case):
    check(backend, case)


def test_what_tflite_would_read_behind_the_image():
    """1024 / 66 is rounded up to 16 there, and the last of 66 elements comes to lie behind the only one."""
    build(model((1, 3, 1, 2), (6, 64))[1])
    with pytest.raises(PackerError, match="66 elements wide from 1 are more than TFLite resizes soundly"):
        build(model((1, 3, 1, 2), (6, 66))[1])


CASES = {"RESIZE_BILINEAR": resizes()}
