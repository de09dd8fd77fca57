"""`packer analyze`: its figures against counts of our own, and sizes of schemes against data packed that way."""

import json
from itertools import product

import numpy as np
import pytest
from conftest import ROOT
from packer import build
from packer.accuracy import Samples
from packer.analyze import NEAR, PRUNED, _code_lengths, analyze, entropy, huffman, int4, palette, sparse
from packer.cli import main
from packer.errors import PackerError
from packer.prune import prune
from packer.read import read
from sklearn.datasets import load_digits
from support.tflite_builder import Graph

DIGITS = ROOT / "examples/digits/digits_int8.tflite"


def channels(*rows):
    return [np.array(row, np.int16) for row in rows]


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
        assert layer.entropy_bits * len(values) / 8 <= layer.schemes["entropy"].bytes
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


def test_sparse():
    rows = channels([0, 1, 0, 0, 0, 0, 0, 0, 7], [0] * 9)
    packed = b"".join(np.packbits(r != 0).tobytes() + r[r != 0].astype(np.int8).tobytes() for r in rows)
    assert sparse(rows).bytes == len(packed) == 4 + 2 and sparse(rows).lossless


def test_int4():
    assert vars(int4(channels([-8, 7, 0], [70, -80, 30]))) == {"bytes": 4, "lossless": True}  # steps of 10
    assert not int4(channels([-8, 7, 0], [71, -80, 30])).lossless
    assert not int4(channels([8, 7])).lossless
    assert int4(channels([0, 0, 0])).lossless


def test_palette():
    assert vars(palette(channels([5, -9, 100, 0] * 4))) == {"bytes": 4 + 4, "lossless": True}
    of_each = palette(channels([1, 2, 3, 4] * 8, [5, 6, 7, 8] * 8))  # a table a channel
    assert vars(of_each) == {"bytes": 2 * (8 + 4), "lossless": True}
    assert vars(palette(channels(list(range(16)) * 8))) == {"bytes": 64 + 16, "lossless": True}
    assert vars(palette(channels(list(range(17)) * 8))) == {"bytes": 68 + 16, "lossless": False}
    assert vars(palette(channels(range(16)))) == {"bytes": 8 + 16, "lossless": False}  # a table that saves nothing


@pytest.mark.parametrize(
    "counts", [[9], [1, 1], [8, 4, 2, 1, 1], [1] * 7, list(range(1, 40)), [1, 1, 2, 3, 5, 8, 13, 21, 34]]
)
def test_huffman_codes_are_the_shortest(counts):
    counts = np.array(counts)
    lengths = _code_lengths(counts)
    assert sum(2.0**-n for n in lengths) == (0.5 if len(counts) == 1 else 1)  # Kraft: a code without gaps
    if 1 < len(counts) <= 5:
        codes = [c for c in product(range(1, len(counts)), repeat=len(counts)) if sum(2.0**-n for n in c) <= 1]
        assert (lengths * counts).sum() == min((np.array(c) * counts).sum() for c in codes)
    bits = entropy(np.repeat(np.arange(len(counts)), counts)) * counts.sum()
    assert bits <= (lengths * counts).sum() <= bits + counts.sum()


def test_huffman_starts_each_channel_at_a_byte():
    # codes of 1, 2 and 2 bits; 16 counts, 3 symbols; 9 and 6 bits
    assert vars(huffman(channels([0] * 5 + [1, 2], [0] * 6))) == {"bytes": 16 + 3 + 2 + 1, "lossless": True}


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
    assert set(layer["schemes"]["int4"]) == {"bytes", "lossless"}
    assert main(line) == 0
    text = capsys.readouterr().out
    assert "of 10 samples right" in text and "~18" in text and max(map(len, text.splitlines())) <= 100


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
