"""`packer quantize`: models of every float kind become int8 ones that run as on TFLite Micro, near the float answer."""

import json

import numpy as np
import pytest
import tflite
from conftest import ROOT
from packer import build, oracle
from packer.accuracy import Samples
from packer.cli import main
from packer.errors import PackerError
from packer.inspect import Blob
from packer.quantize import quantize
from packer.read import read
from packer.verify import verify
from sklearn.datasets import load_digits
from support.tflite_builder import TYPES, Graph

DIGITS = ROOT / "examples/digits/digits_float.tflite"
FLOAT_MODELS = [
    "hello_world_float", "magic_wand_float", "emlearn_mnist_cnn_float", "mlperf_ic_resnet8_float", "catdog_hybrid",
    "mlperf_kws_hybrid",
]  # fmt: skip
TYPES.setdefault("float16", tflite.TensorType.FLOAT16)


def random_samples(model, count, low=-1, high=1):
    rng = np.random.default_rng(1)
    return [rng.uniform(low, high, (count, *t.shape[1:])).astype(np.float32) for t in read(model, "m").inputs]


def float_outputs(model, samples):
    """What TFLite Micro makes of the samples: float32 [samples, …], of the first output."""
    return np.concatenate([oracle.run(model, [a[i : i + 1] for a in samples])[0] for i in range(len(samples[0]))])


def dense(weights, bias=None, kind="plain", scale=None, zero_point=0):
    """A float32 FULLY_CONNECTED; `kind`: "plain", "hybrid" (narrow weights, read as they are) or "dequantised"."""
    weights = np.asarray(weights)
    g = Graph()
    x = g.input((1, weights.shape[1]), dtype=np.float32)
    w = g.const(weights, scale, zero_point)
    if kind == "dequantised":
        w = g.op("DEQUANTIZE", [w], weights.shape, dtype=np.float32)
    b = None if bias is None else g.const(np.asarray(bias, np.float32))
    g.output(g.op("FULLY_CONNECTED", [x, w, b], (1, len(weights)), dtype=np.float32))
    return g.finish()


@pytest.mark.parametrize("name", FLOAT_MODELS)
@pytest.mark.parametrize("float_edges", [False, True], ids=["int8", "float"])
def test_real_models_become_tflite_micros(models, name, float_edges):
    model = (models / f"{name}.tflite").read_bytes()
    samples = random_samples(model, 10, 0, 1)
    result = quantize(model, name, samples, float_edges)
    assert {io[1] for io in (*result.inputs, *result.outputs)} == {"float32" if float_edges else "int8"}
    assert result.samples == 10 and result.float_bytes == len(model)
    assert verify(result.tflite, name, count=2, backends=("core",)).differing_bytes == 0
    graph = read(result.tflite, name)
    for op in graph.ops:
        if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            x, weights, bias = op.inputs
            assert weights.dtype == "int8" and bias.dtype == "int32"
            assert len(weights.scales) == bias.elements and not weights.zero_points.any()
            assert np.array_equal(bias.scales, (np.float64(x.scale) * weights.scales).astype(np.float32))


def test_digits_are_as_accurate_as_in_float():
    """On the held-back fifth of each digit, calibrated on others; docs/quantisation.md has these figures."""
    data = load_digits()
    images = data.images[..., np.newaxis].astype(np.float32)
    held = np.concatenate([np.flatnonzero(data.target == digit)[4::5] for digit in range(10)])
    others = np.setdiff1d(np.arange(len(images)), held)
    model = DIGITS.read_bytes()
    quantised = quantize(model, "digits", [images[others[:100]]]).tflite
    in_float = oracle.run_many(model, [[image[np.newaxis]] for image in images[held]])
    right = sum(int(scores.argmax() == label) for (scores,), label in zip(in_float, data.target[held]))
    right_int8 = Samples(images[held], data.target[held]).right(quantised, "digits")
    assert abs(right - right_int8) / len(held) <= 0.005
    text = (ROOT / "docs/quantisation.md").read_text("utf-8")
    assert f"{right_int8} of {len(held)} right, {right} in float" in text
    assert f"{len(model):,} bytes become {len(quantised):,}" in text


def test_ranges_are_those_of_all_samples_in_any_order():
    model = DIGITS.read_bytes()
    images = load_digits().images[:24, ..., np.newaxis].astype(np.float32)
    images[7] *= 3  # up to 48
    there, back = (quantize(model, "d", [i]) for i in (images, images[::-1]))
    assert there.tflite == back.tflite
    ((_, dtype, scale, zero_point),) = there.inputs
    assert dtype == "int8" and scale == pytest.approx(48 / 255) and zero_point == -128


def test_a_range_holds_zero():
    """Or padding could not be written: 2 … 3 is quantised as 0 … 3, -3 … -2 as -3 … 0."""
    model = dense(np.eye(4, dtype=np.float32))
    for low, zero_point in ((2, -128), (-3, 127)):
        samples = np.full((2, 4), low, np.float32)
        samples[1] += 1
        ((_, _, scale, found),) = quantize(model, "m", [samples]).inputs
        assert scale == pytest.approx(3 / 255) and found == zero_point


@pytest.mark.parametrize("kind, dtype", [("hybrid", np.int8), ("dequantised", np.int8), ("dequantised", np.float16)])
def test_weights_that_are_narrow_already_are_read(kind, dtype):
    rng = np.random.default_rng(3)
    scale = None
    if dtype == np.int8:
        weights = rng.integers(-127, 128, (8, 16)).astype(np.int8)
        weights[:, 0] = 127  # each channel uses its range
        scale = list(rng.uniform(0.01, 0.03, 8)) if kind == "dequantised" else 0.02
    else:
        weights = rng.uniform(-1, 1, (8, 16)).astype(np.float16)
    model = dense(weights, np.zeros(8), kind, scale)
    samples = random_samples(model, 50)
    result = quantize(model, "m", samples, float_edges=True)
    (op,) = [op for op in read(result.tflite, "m").ops if op.kind == "FULLY_CONNECTED"]
    assert "DEQUANTIZE" not in {o.kind for o in read(result.tflite, "m").ops[:-1]}
    real = weights.astype(np.float64) * (1 if scale is None else np.resize(scale, (8,))[:, np.newaxis])
    made = op.inputs[1]
    assert np.abs(made.data * made.scales[:, np.newaxis] - real).max() <= made.scales.max() / 2 * 1.01
    if dtype == np.int8:
        assert np.array_equal(made.data, weights)  # symmetric weights come out as they were
    want = samples[0].reshape(50, -1) @ real.T
    assert np.abs(float_outputs(result.tflite, samples) - want).max() < 0.05 * np.abs(want).max()


def test_a_channel_without_weights_keeps_its_bias():
    model = dense(np.array([[1, 2], [0, 0], [1e-9, 0]], np.float32), [1, 3, -2])
    samples = random_samples(model, 30)
    result = quantize(model, "m", samples, float_edges=True)
    assert np.abs(float_outputs(result.tflite, samples) - float_outputs(model, samples)).max() < 0.05
    assert verify(result.tflite, "m", count=3, backends=("core",)).differing_bytes == 0


def test_large_weights_lie_in_the_file_and_are_aligned():
    """ai-edge-quantizer writes them after the flatbuffer, where TFLite Micro does not look."""
    weights = np.random.default_rng(4).uniform(-1, 1, (640, 640)).astype(np.float32)
    model = dense(weights)
    result = quantize(model, "m", random_samples(model, 4))
    (op,) = read(result.tflite, "m").ops
    assert np.abs(op.inputs[1].data * op.inputs[1].scales[:, np.newaxis] - weights).max() < 0.005
    parsed = tflite.Model.GetRootAs(result.tflite, 0)
    for buffer in (parsed.Buffers(i) for i in range(parsed.BuffersLength())):
        assert buffer.Offset() == 0
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0


def test_tensors_of_one_name_have_ranges_of_their_own():
    g = Graph()
    x = g.input((1, 4), dtype=np.float32, name="x")
    first = g.tensor((1, 4), dtype=np.float32, name="same")
    second = g.tensor((1, 4), dtype=np.float32, name="same")
    g.node("FULLY_CONNECTED", [x, g.const(np.eye(4, dtype=np.float32)), None], [first])
    g.node("FULLY_CONNECTED", [first, g.const(100 * np.eye(4, dtype=np.float32)), None], [second])
    g.output(second)
    graph = read(quantize(g.finish(), "m", [np.array([[0, 0, 0, 1], [0, -1, 0, 0]], np.float32)]).tflite, "m")
    assert [op.outputs[0].scale for op in graph.ops] == pytest.approx([2 / 255, 200 / 255])


def test_two_inputs():
    g = Graph()
    x, y = (g.input((1, 4), dtype=np.float32, name=name) for name in "xy")
    g.output(g.op("ADD", [x, y], (1, 4), dtype=np.float32))
    model = g.finish()
    result = quantize(model, "m", [np.ones((3, 4)), np.full((3, 4), 2.0)])
    assert [io[2] for io in result.inputs] == pytest.approx([1 / 255, 2 / 255])
    assert verify(result.tflite, "m", count=2, backends=("core",)).differing_bytes == 0
    with pytest.raises(PackerError, match="2 inputs, samples for 1"):
        quantize(model, "m", [np.ones((3, 4))])
    with pytest.raises(PackerError, match="3 and 2 samples"):
        quantize(model, "m", [np.ones((3, 4)), np.ones((2, 4))])


@pytest.mark.parametrize(
    "samples, words",
    [
        (np.zeros((0, 8, 8, 1)), "samples, 8, 8, 1"),
        (np.zeros((3, 8, 8, 2)), "samples, 8, 8, 1"),
        (np.zeros(()), "samples, 8, 8, 1"),
        (np.full((3, 8, 8, 1), "a"), "samples, 8, 8, 1"),
        (np.full((3, 8, 8, 1), np.nan), "NaN"),
    ],
)
def test_samples_that_do_not_fit(samples, words):
    with pytest.raises(PackerError, match=words):
        quantize(DIGITS.read_bytes(), "digits", [samples])


def test_ops_that_stay_float_are_named():
    g = Graph()
    x = g.input((1, 4), dtype=np.float32)
    y = g.op("FULLY_CONNECTED", [x, g.const(np.eye(4, dtype=np.float32)), None], (1, 4), dtype=np.float32)
    g.output(g.op("FLOOR", [y], (1, 4), dtype=np.float32))
    with pytest.raises(PackerError, match="layer 1 FLOOR"):
        quantize(g.finish(), "m", [np.ones((3, 4))])


def test_int8_models_are_left_alone():
    model = (ROOT / "examples/digits/digits_int8.tflite").read_bytes()
    with pytest.raises(PackerError, match="packer build"):
        quantize(model, "digits", [np.zeros((3, 8, 8, 1))])


def test_damaged_files_are_refused():
    rng = np.random.default_rng(7)
    model = dense(np.eye(4, dtype=np.float32), np.ones(4))
    refused = 0
    for _ in range(60):
        damaged = bytearray(model)
        for at in rng.integers(8, len(damaged), 6):
            damaged[at] = rng.integers(256)
        try:
            quantize(bytes(damaged), "m", [np.ones((2, 4), np.float32)])
        except PackerError:
            refused += 1
    assert refused > 10  # the others were hit where nothing is told from it; nothing else is ever raised


def test_command(tmp_path, capfd):
    data = tmp_path / "x.npy"
    np.save(data, load_digits().images[:20, ..., np.newaxis])
    target = tmp_path / "q.tflite"
    assert main(["quantize", str(DIGITS), "--calibrate", str(data), "-o", str(target), "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert set(answer) == {"name", "tflite_bytes", "float_bytes", "samples", "inputs", "outputs"}
    assert set(answer["inputs"][0]) == {"name", "dtype", "scale", "zero_point"}
    assert answer["tflite_bytes"] == target.stat().st_size and answer["samples"] == 20
    assert main(["quantize", str(DIGITS), "--calibrate", str(data), "--float-edges", "-o", str(target)]) == 0
    said = capfd.readouterr()
    assert "float32" in said.out and max(map(len, said.out.splitlines())) <= 100
    assert "XNNPACK" not in said.err and "Warning" not in said.err


def test_build_does_both(tmp_path, capsys):
    data, target = tmp_path / "x.npy", tmp_path / "d.tin"
    np.save(data, load_digits().images[:20, ..., np.newaxis])
    assert main(["build", str(DIGITS), "--calibrate", str(data), "-o", str(target)]) == 0
    quantised = quantize(DIGITS.read_bytes(), "digits_float", [np.load(data)])
    assert target.read_bytes() == build(quantised.tflite, "digits_float").blob
    assert Blob(target.read_bytes()).inputs[0]["scale_value"] == pytest.approx(16 / 255)


def test_without_samples_it_is_refused(tmp_path, capsys):
    target = tmp_path / "q.tflite"
    assert main(["quantize", str(DIGITS), "-o", str(target)]) == 1
    words = capsys.readouterr().err
    assert "--calibrate" in words and words.count("\n") == 1 and not target.exists()


def test_without_the_extra_it_is_named(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ai_edge_quantizer" else find(name))
    with pytest.raises(PackerError, match=r"pip install 'tinyinfer\[quantize\]'"):
        quantize(DIGITS.read_bytes(), "digits", [np.zeros((3, 8, 8, 1))])
