"""int4 weights in a `.tflite`: read two to a byte, kept in 4 bits in the blob, with TFLite Micro's bytes."""

import numpy as np
import pytest
from ai_edge_quantizer import quantizer as quantizer_module
from ai_edge_quantizer import recipe
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from packer import build, oracle
from packer.accuracy import Samples
from packer.core import CoreModel
from packer.errors import PackerError
from packer.quantize import quantize
from packer.read import read
from sklearn.datasets import load_digits

from support import litert
from support.tflite_builder import Graph

WINDOW = {"padding": "SAME", "dilation_h_factor": 1, "dilation_w_factor": 1}


def model(kind, channels=(6, 5), kernel=(1, 1), stride=1, per_channel=True, dtype=np.int8, narrow=True, seed=0, size=5):
    """A layer of int4 weights, or with narrow=False of the same ones as int8; channels: (out, in)."""
    rng = np.random.default_rng(seed)
    out_c, in_c = channels
    g = Graph()
    side = -(-size // stride)
    shapes = {
        "FULLY_CONNECTED": ((2, in_c), (out_c, in_c), (2, out_c), 0, {}),
        "CONV_2D": ((1, size, size, in_c), (out_c, *kernel, in_c), (1, side, side, out_c), 0,
                    {**WINDOW, "stride_h": stride, "stride_w": stride}),
        "DEPTHWISE_CONV_2D": ((1, size, size, out_c), (1, *kernel, out_c), (1, side, side, out_c), 3,
                              {**WINDOW, "stride_h": stride, "stride_w": stride, "depth_multiplier": 1}),
        "TRANSPOSE_CONV": ((1, size, size, in_c), (out_c, *kernel, in_c), (1, size, size, out_c), 0,
                           {"padding": "SAME", "stride_h": 1, "stride_w": 1}),
        "BATCH_MATMUL": ((1, 4, in_c), (in_c, out_c), (1, 4, out_c), 0, {}),
    }  # fmt: skip
    x_shape, w_shape, y_shape, axis, options = shapes[kind]
    x = g.input(x_shape, 0.05, 0 if dtype == np.int16 else -3, dtype)
    values, scales = rng.integers(-8, 8, w_shape), list(rng.uniform(0.02, 0.06, out_c)) if per_channel else 0.03
    w = g.int4(values, scales, axis) if narrow else g.const(values.astype(np.int8), scales, axis=axis)
    bias = g.const(rng.integers(-500, 500, out_c).astype(np.int32 if dtype == np.int8 else np.int64), 0.001)
    inputs = {"TRANSPOSE_CONV": [g.const(np.array(y_shape, np.int32)), w, x], "BATCH_MATMUL": [x, w]}.get(kind, [x, w, bias])
    g.output(g.op(kind, inputs, y_shape, 0.1, 0 if dtype == np.int16 else 5, dtype, **options))
    return g.finish()


def differing(data, run, **options):
    """Output bytes of the C core on three random inputs that are not those of `run`."""
    core = CoreModel(build(data, "m", **options).blob)
    rng = np.random.default_rng(1)
    cases = [[rng.integers(-128, 128, io["shape"][: io["ndim"]]).astype(np.int8) for io in core.inputs] for _ in range(3)]
    wanted = run(data, cases)
    return sum(int((core.run(case)[0].ravel() != want[0].ravel()).sum()) for case, want in zip(cases, wanted))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-8, 7), min_size=1, max_size=40))
def test_weights_are_read_two_to_a_byte(values):
    g = Graph()
    x = g.input((1, len(values)), 0.1)
    w = g.int4(np.array([values]), 0.02)
    g.output(g.op("FULLY_CONNECTED", [x, w, None], (1, 1), 0.1))
    tensor = read(g.finish(), "m").ops[0].inputs[1]
    assert tensor.dtype == "int4" and tensor.data.dtype == np.int8 and tensor.data.tolist() == [values]


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["CONV_2D", "DEPTHWISE_CONV_2D"]),
    channels=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 2),
    per_channel=st.booleans(),
    coding=st.sampled_from([None, "none", "auto"]),
    seed=st.integers(0, 99),
)
def test_convolutions_are_tflite_micros(kind, channels, kernel, stride, per_channel, coding, seed):
    assert differing(model(kind, channels, kernel, stride, per_channel, seed=seed), oracle.run_many, coding=coding) == 0


@settings(max_examples=15, deadline=None)
@given(st.tuples(st.integers(1, 30), st.integers(1, 70)), st.sampled_from([None, "none"]), st.integers(0, 99))
def test_fully_connected_is_tflite_micros(channels, coding, seed):
    data = model("FULLY_CONNECTED", channels, per_channel=False, seed=seed)
    assert differing(data, oracle.run_many, coding=coding) == 0


def test_fully_connected_of_a_scale_a_channel_is_litert_s():
    """TFLite Micro refuses it."""
    data = model("FULLY_CONNECTED", (12, 40))
    with pytest.raises(PackerError, match="refuses"):
        oracle.run_many(data, [[np.zeros((2, 40), np.int8)]])
    assert differing(data, litert.run_many) == 0


def test_they_stay_4_bits_unless_asked():
    narrow, wide = (model("CONV_2D", (32, 32), narrow=n) for n in (True, False))
    result = build(narrow, "m")
    assert result.summary()["ops"][0]["coding"] == "palette of 16"
    assert result.summary()["ops"][0]["weight_bytes"] == 32 * 32 // 2 + 16 + 16
    for same in (build(narrow, "m", coding="none"), build(wide, "m")):
        assert same.summary()["ops"][0]["coding"] is None
        assert same.summary()["ops"][0]["weight_bytes"] == 32 * 32
    # Of so few weights a table saves nothing, and depthwise ones are never coded.
    assert build(model("CONV_2D", (4, 8)), "m").summary()["ops"][0]["coding"] is None
    assert build(model("DEPTHWISE_CONV_2D", (64, 64), (3, 3)), "m").summary()["ops"][0]["coding"] is None


@pytest.mark.parametrize(
    "kind, dtype",
    [("TRANSPOSE_CONV", np.int8), ("BATCH_MATMUL", np.int8), ("CONV_2D", np.int16), ("DEPTHWISE_CONV_2D", np.int16),
     ("FULLY_CONNECTED", np.int16)],
)  # fmt: skip
def test_what_tflite_micro_has_not_is_refused_as_there(kind, dtype):
    data = model(kind, per_channel=kind != "BATCH_MATMUL", dtype=dtype)
    with pytest.raises(PackerError, match=f"layer 0 {kind}.*int4") as e:
        build(data, "m")
    assert "\n" not in str(e.value)
    with pytest.raises(PackerError, match="refuses"):
        oracle.run_many(data, [[np.zeros(read(data, "m").inputs[0].shape, dtype)]])


def test_too_few_bytes_are_a_damaged_file():
    g = Graph()
    x = g.input((1, 7), 0.1)
    w = g.tensor((3, 7), 0.02, 0, "int4", data=bytes(10))  # of 21 weights, so 11 bytes
    g.output(g.op("FULLY_CONNECTED", [x, w, None], (1, 3), 0.1))
    with pytest.raises(PackerError, match="holds 10 bytes.*21 int4"):
        build(g.finish(), "m")


def test_int4_of_ai_edge_quantizer_stays_int4():
    """Its models have float activations; `packer quantize` makes these int8 and leaves the weights."""
    quantizer = quantizer_module.Quantizer(str(ROOT / "examples/digits/digits_float.tflite"))
    quantizer.load_quantization_recipe(recipe.dynamic_wi4c_afp32())
    hybrid = bytes(quantizer.quantize().quantized_model)
    images = load_digits().images[:200, ..., np.newaxis].astype(np.float32)
    data = quantize(hybrid, "digits", [images[:50]]).tflite
    weights = {op.kind: op.inputs[1].dtype for op in read(data, "digits").ops if len(op.inputs) == 3}
    assert weights == {"CONV_2D": "int4", "DEPTHWISE_CONV_2D": "int8", "FULLY_CONNECTED": "int4"}
    result = build(data, "digits")
    coded = [op["kernel"] for op in result.summary()["ops"] if op["coding"] == "palette of 16"]
    assert coded == ["CONV2D", "FULLY_CONNECTED", "CONV2D", "FULLY_CONNECTED"]
    assert len(result.blob) < 0.75 * len(build(data, "digits", coding="none").blob)
    assert differing(data, litert.run_many) == 0
    assert Samples(images[50:], load_digits().target[50:200]).right(data, "digits") > 140
