"""What the packer refuses of elementwise ops and reductions, in one sentence that names the layer."""

import numpy as np
import packer
import pytest
from packer.errors import PackerError
from support.tflite_builder import Graph

INT8, INT16 = ((2, 3, 2, 3, 2), 0.05, 3, np.int8), ((4,), 0.001, 0, np.int16)
REFUSED = {
    "zero point of NEG": ("NEG", INT8, INT8, {}, "TFLite negates the bytes as they are"),
    "a pair that TFLite Micro lacks": ("QUANTIZE", ((4,), 0.1, 0, np.uint8), INT16, {}, "no uint8 -> int16"),
    "CAST from float": ("CAST", ((4,), None, 0, np.int32), ((4,), None, 0, np.float32), {}, "int32 -> float32"),
    "scale of LOGISTIC": ("LOGISTIC", INT16, INT16, {}, "must be 1/32768"),
    "mixed dtypes": ("RELU", ((4,), 0.1, 0, np.int8), INT16, {}, "int16"),
    "SOFTMAX to another scale": ("SOFTMAX", INT8, (*INT8[:2], -128, np.int16), {}, "not 1.52588e-05 and -32768"),
    "L2_NORMALIZATION": ("L2_NORMALIZATION", INT8, INT8, {}, "not 0.0078125 and 0"),
    "three groups of axes": ("REDUCE_MAX", INT8, ((3, 3), *INT8[1:]), {"axes": [0, 2, 4]}, "more than two apart"),
    "an axis outside": ("SUM", INT8, INT8, {"axes": [5]}, "outside shape"),
    "int64 indexes": ("ARG_MAX", INT8, ((2, 3, 2, 3), None, 0, np.int64), {"axes": [4]}, "set its output type"),
    "SQUARE": ("SQUARE", INT8, INT8, {}, "not among the supported ops"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    op, x, y, options, words = REFUSED[name]
    graph = Graph()
    inputs = [graph.input(*x)] + [graph.const(np.array(axes, np.int32)) for axes in options.values()]
    graph.output(graph.op(op, inputs, *y))
    with pytest.raises(PackerError) as error:
        packer.build(graph.finish())
    assert words in str(error.value) and f"layer 0 {op}" in str(error.value)
    assert "\n" not in str(error.value)
