"""`packer analyze`: its figures against counts of our own, and schemes against the blobs that have them."""

import json

import numpy as np
import pytest
from conftest import ROOT
from packer import build
from packer.accuracy import Samples
from packer.analyze import NEAR, PRUNED, analyze, entropy
from packer.cli import main
from packer.costs import runs
from packer.coding import SCHEMES
from packer.errors import PackerError
from packer.narrow import narrow
from packer.prune import prune
from packer.read import read
from sklearn.datasets import load_digits
from support.tflite_builder import Graph

DIGITS = ROOT / "examples/digits/digits_int8.tflite"


def dense(weights, readers=1):
    """A model of FULLY_CONNECTED layers, one after the other, on one weight buffer, each with a bias: int8 [n, n]."""
    g = Graph()
    x = g.input((1, len(weights)), 0.05)
    for _ in range(readers):
        w = g.const(np.asarray(weights, np.int8), 0.01)
        g._graph.tensors[w.index].buffer = g._graph.tensors[1].buffer
        bias = g.const(np.arange(len(weights), dtype=np.int32), 0.0005)
        x = g.op("FULLY_CONNECTED", [x, w, bias], (1, len(weights)), 0.05)
    g.output(x)
    return g.finish()


def test_facts_of_digits():
    data = DIGITS.read_bytes()
    result = analyze(data, "digits")
    graph = read(data, "digits")
    built = {op.layer: op.macs for op in build(data).program.device_ops}
    assert [layer.index for layer in result.layers] == [op.index for op in graph.ops if len(op.inputs) == 3]
    assert result.macs == build(data).macs and result.tflite_bytes == len(data) and result.right is None
    for layer in result.layers:
        op = next(op for op in graph.ops if op.index == layer.index)
        _, weights, bias = op.inputs
        values = weights.data.ravel().tolist()
        assert (layer.kind, layer.macs, layer.weights) == (op.kind, built[op.index], len(values))
        assert layer.parameters == len(values) + bias.elements and layer.bytes == len(values) + 4 * bias.elements
        assert layer.zeros == values.count(0) and layer.distinct == len(set(values))
        shares = [values.count(v) / len(values) for v in set(values)]
        assert layer.entropy_bits == pytest.approx(-sum(p * np.log2(p) for p in shares))
        assert layer.lost is None


def test_near_zeros_are_those_of_a_channel():
    (layer,) = analyze(dense([[64, 2, -2, 3], [127, 3, 4, -3], [0, 0, 0, 0], [1, 0, 0, 1]]), "m").layers
    assert NEAR == 1 / 32
    assert layer.near_zeros == 2 + 2  # 2 of 64; 3 of 127, but not 4
    assert layer.zeros == 6


def test_shared_weights_are_counted_once_their_work_as_often_as_it_is_done():
    (layer,) = analyze(dense(np.arange(36).reshape(6, 6), readers=3), "m").layers
    assert layer.weights == 36 and layer.macs == 3 * 36 and layer.index == 0


def test_all_macs_are_some_layers(models):
    for name in ("mlperf_kws_int8", "mlperf_ad_int8", "keyword_svdf_int8", "mnist_lstm_int8"):
        result = analyze((models / f"{name}.tflite").read_bytes(), name)
        assert sum(layer.macs for layer in result.layers) == result.macs > 0


def test_entropy():
    assert entropy(np.zeros(5, np.int16)) == 0 and str(entropy(np.zeros(5, np.int16))) == "0.0"
    assert entropy(np.array([1, 2, 3, 4, 1, 2, 3, 4])) == 2
    assert entropy(np.arange(256)) == 8


def conv(weights, side):
    """A model of a convolution 1x1: int8 [out_c, in_c] on images side x side."""
    g = Graph()
    x = g.input((1, side, side, weights.shape[1]), 0.05)
    w = g.const(weights[:, None, None, :].astype(np.int8), [0.002] * len(weights))
    g.output(g.op("CONV_2D", [x, w, None], (1, side, side, len(weights)), 0.05, padding="VALID", stride_h=1, stride_w=1))
    return g.finish()


WEIGHTS = {
    "zeros": np.where(np.random.default_rng(1).random((16, 64)) < 0.9, 0, np.random.default_rng(2).integers(1, 90, (16, 64))),
    "few": np.random.default_rng(3).integers(-2, 2, (16, 64)) * 20,
    "any": np.random.default_rng(4).integers(-127, 128, (16, 64)),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_schemes_are_what_the_blob_holds(kind):
    model = conv(WEIGHTS[kind], 3)
    (layer,) = analyze(model, "m").layers
    assert list(layer.schemes) == list(SCHEMES)
    for name, scheme in layer.schemes.items():
        if scheme.lossless and scheme.bytes < layer.weights:
            (op,) = build(model, "m", coding=name).summary()["ops"]
            assert op["weight_bytes"] == scheme.bytes
        elif scheme.lossless:
            with pytest.raises(PackerError, match="save nothing"):
                build(model, "m", coding=name)
        else:
            narrowed = narrow(model, "m", {"palette": "palette16"}.get(name, name)).tflite
            (op,) = build(narrowed, "m", coding=name).summary()["ops"]
            assert op["weight_bytes"] == scheme.bytes
    assert layer.schemes["sparse"].lossless and layer.schemes["entropy"].lossless
    assert layer.schemes["int4"].lossless == (kind == "few") and layer.schemes["palette"].lossless == (kind != "any")


def test_instructions_are_those_that_were_counted():
    """Of the like layers that boards/codings.json was counted on; dense ones are a MAC's share, decoding comes on top."""
    figures = json.loads((ROOT / "boards/codings.json").read_text())
    model = conv(WEIGHTS["few"], 4)
    (layer,) = analyze(model, "m").layers
    program = build(model).program
    (op,) = program.ops
    form, times = "pairs" if op.params["pairs"] else "vector", runs(program)[op]
    sparse = SCHEMES["sparse"](WEIGHTS["few"].astype(np.int8))
    assert layer.macs == 16 * 64 * 16 and list(layer.instructions) == list(figures)
    for core, each in figures.items():
        dense = layer.instructions[core]
        assert dense == round(layer.macs * each["dense"][form])
        decoded, coded = (dense + layer.weights * times * cost for cost in (each["palette"]["2"], each["entropy"]))
        assert abs(layer.schemes["palette"].instructions[core] - decoded) <= 1
        assert abs(layer.schemes["entropy"].instructions[core] - coded) <= 1
        stored, output = each["sparse"][str(sparse.block)]
        assert abs(layer.schemes["sparse"].instructions[core] - 16 * (sparse.stored * stored + 16 * output)) <= 1


def test_layers_that_cannot_be_coded_have_no_schemes():
    result = analyze(DIGITS.read_bytes(), "digits")
    assert [bool(layer.schemes) for layer in result.layers] == [layer.kind != "DEPTHWISE_CONV_2D" for layer in result.layers]
    assert all(bool(layer.schemes) == bool(layer.instructions) for layer in result.layers)


def test_weights_of_4_bits():
    g = Graph()
    x = g.input((1, 40), 0.05)
    w = g.int4(np.random.default_rng(6).integers(-8, 8, (24, 40)), 0.02)
    g.output(g.op("FULLY_CONNECTED", [x, w, None], (1, 24), 0.1))
    (layer,) = analyze(g.finish(), "m").layers
    assert layer.schemes["int4"].lossless and layer.schemes["int4"].bytes == build(g.finish()).summary()["ops"][0]["weight_bytes"]


def test_sensitivity_is_that_of_prune():
    data = load_digits()
    samples = Samples(data.images[:30, :, :, np.newaxis], data.target[:30])
    model = DIGITS.read_bytes()
    result = analyze(model, "digits", samples)
    assert result.samples == 30 and result.right == samples.right(model, "digits")
    assert all(isinstance(layer.lost, int) for layer in result.layers)
    rng = np.random.default_rng(1)
    small = dense(rng.integers(-90, 90, (8, 8)))
    samples = Samples(rng.uniform(-6, 6, (50, 8)), rng.integers(0, 8, 50))
    found = analyze(small, "m", samples)  # of its only layer: what pruning the whole model gives
    assert PRUNED == 0.5
    assert found.layers[0].lost == samples.right(small, "m") - samples.right(prune(small, "m", 0.5).tflite, "m") != 0


def test_json_and_tables(tmp_path, capsys):
    rng = np.random.default_rng(5)
    small = tmp_path / "small.tflite"
    small.write_bytes(dense(rng.integers(-90, 90, (6, 6)), readers=2))
    np.save(tmp_path / "x.npy", rng.uniform(-6, 6, (10, 6)))
    np.save(tmp_path / "y.npy", rng.integers(0, 6, 10))
    line = ["analyze", str(small), "--data", str(tmp_path / "x.npy"), "--labels", str(tmp_path / "y.npy")]
    assert main([*line, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"name", "tflite_bytes", "macs", "layers", "samples", "right", "near", "pruned"}
    (layer,) = answer["layers"]
    assert set(layer["schemes"]) == {"sparse", "int4", "palette", "entropy"}
    assert set(layer["schemes"]["int4"]) == {"bytes", "lossless", "instructions"}
    assert set(layer["instructions"]) == set(layer["schemes"]["int4"]["instructions"]) > {"cortex-m0plus", "cortex-m33"}
    assert main(line) == 0
    text = capsys.readouterr().out
    assert "of 10 samples right" in text and f"~{layer['schemes']['int4']['bytes']}" in text and max(map(len, text.splitlines())) <= 100


def test_tables_of_large_models_fit(models, capsys):
    assert main(["analyze", str(models / "mlperf_vww_int8.tflite")]) == 0
    text = capsys.readouterr().out
    assert "7,489,664 MACs" in text and max(map(len, text.splitlines())) <= 100


def test_what_cannot_be_analysed(tmp_path, models, capsys):
    assert main(["analyze", str(models / "hello_world_float.tflite")]) == 1
    words = capsys.readouterr().err
    assert "packer quantize" in words and words.count("\n") == 1
    with pytest.raises(PackerError, match="samples"):
        Samples(np.zeros((0, 4)), np.zeros(0, int))
    with pytest.raises(PackerError, match="one a sample"):
        Samples(np.zeros((3, 4)), np.zeros(2, int))
