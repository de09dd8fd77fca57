"""`packer prune`: how many weights become zero and which, that nothing else changes, and the oracle on the result."""

import json

import numpy as np
import pytest
from conftest import ROOT
from packer import build, oracle
from packer.accuracy import Samples
from packer.cli import main
from packer.core import CoreModel
from packer.errors import PackerError
from packer.prune import LEVELS, prune, sensitivity, shares
from packer.read import read
from packer.verify import make_cases, verify
from packer.weights import find_layers, replace_values
from sklearn.datasets import load_digits
from support.tflite_builder import Graph

DIGITS = ROOT / "examples/digits/digits_int8.tflite"


@pytest.fixture(scope="module")
def digits():
    return DIGITS.read_bytes()


@pytest.fixture(scope="module")
def samples():
    data = load_digits()
    return Samples(data.images[:100, :, :, np.newaxis], data.target[:100])


def dense(weights, scale, zero_point=0, readers=1):
    """A model of FULLY_CONNECTED layers, one after the other, on one weight buffer: int8 [n, n]."""
    g = Graph()
    x = g.input((1, len(weights)), 0.05)
    for _ in range(readers):
        w = g.const(weights, scale, zero_point)
        g._graph.tensors[w.index].buffer = g._graph.tensors[1].buffer
        x = g.op("FULLY_CONNECTED", [x, w, None], (1, len(weights)), 0.05)
    g.output(x)
    return g.finish()


@pytest.mark.parametrize("sparsity", [0, 0.37, 0.6, 1])
def test_nothing_but_weights_changes(digits, sparsity):
    result = prune(digits, "digits", sparsity)
    _, layers = find_layers(digits, "digits")
    weights = np.zeros(len(digits), bool)
    for layer in layers:
        for block in layer.blocks:
            weights[slice(*block.span)] = True
    before, after = np.frombuffer(digits, np.uint8), np.frombuffer(result.tflite, np.uint8)
    assert len(before) == len(after)
    changed = before != after
    assert not np.any(changed & ~weights) and not np.any(after[changed])  # what changed is a weight, and zero
    assert result.layers == [
        (old.name, old.count, old.zeros, new.zeros) for old, new in zip(layers, find_layers(result.tflite, "digits")[1])
    ]
    assert all(zeros == max(had, round(sparsity * count)) for _, count, had, zeros in result.layers)


def test_the_least_real_magnitudes_go(digits):
    result = prune(digits, "digits", 0.5)
    for old, new in zip(find_layers(digits, "d")[1], find_layers(result.tflite, "d")[1]):
        (old,), (new,) = old.blocks, new.blocks
        real = np.abs(old.channels) * old.scales[:, np.newaxis]
        gone = new.channels == 0
        assert real[gone].max() <= real[~gone].min()
        assert np.array_equal(new.channels[~gone], old.channels[~gone])


def test_the_pruned_file_is_tflite_micros(digits):
    assert verify(prune(digits, "digits", 0.6).tflite, "pruned", count=3, backends=("core",)).differing_bytes == 0


def test_a_weight_without_effect_is_the_zero_point():
    weights = np.random.default_rng(2).integers(-60, 60, (8, 8)).astype(np.int8)
    result = prune(dense(weights, 0.01, zero_point=5), "m", 0.5)
    pruned = read(result.tflite, "m").tensors[1].data
    assert np.count_nonzero(pruned == 5) == 32
    assert np.array_equal(pruned[pruned != 5], weights[pruned != 5])
    assert verify(result.tflite, "m", count=3, backends=("core",)).differing_bytes == 0


def test_a_shared_buffer_is_pruned_once():
    weights = np.random.default_rng(3).integers(-90, 90, (6, 6)).astype(np.int8)
    model = dense(weights, 0.01, readers=3)
    graph, (layer,) = find_layers(model, "m")
    assert layer.ops == graph.ops and len(graph.ops) == 3 and layer.count == 36
    result = prune(model, "m", 0.5)
    constants = [t.data for t in read(result.tflite, "m").tensors if t.is_const]
    assert [np.count_nonzero(data) for data in constants] == [18, 18, 18]
    assert verify(result.tflite, "m", count=3, backends=("core",)).differing_bytes == 0


def test_weights_that_are_read_as_something_else_stay():
    g = Graph()
    x = g.input((1, 4), 0.05)
    w = g.const(np.arange(16, dtype=np.int8).reshape(4, 4), 0.05)
    y = g.op("FULLY_CONNECTED", [x, w, None], (1, 4), 0.05)
    g.output(g.op("ADD", [y, w], (4, 4), 0.05))
    with pytest.raises(PackerError, match="no layer of it has int8 weights of its own"):
        prune(g.finish(), "m", 0.5)


def test_all_tensors_of_an_lstm_are_one_layer(models):
    model = (models / "mnist_lstm_int8.tflite").read_bytes()
    _, layers = find_layers(model, "m")
    assert [len(layer.blocks) for layer in layers] == [8, 1]
    result = prune(model, "m", 0.5)
    assert result.layers[0][3] == layers[0].count // 2 == find_layers(result.tflite, "m")[1][0].zeros
    assert verify(result.tflite, "m", count=1, backends=("core",)).differing_bytes == 0


@pytest.mark.parametrize("name", ["mlperf_ad_int8", "keyword_svdf_int8"])
def test_real_models_stay_tflite_micros(models, name):
    result = prune((models / f"{name}.tflite").read_bytes(), name, 0.6)
    assert 0.6 <= round(result.sparsity, 3) < 0.61
    assert verify(result.tflite, name, count=1, backends=("core",)).differing_bytes == 0


def test_accuracy_is_that_of_tflite_micro(digits, samples):
    io = CoreModel(build(digits).blob).inputs[0]
    images = np.clip(np.round(samples.data[:20] * 16) - 128, -128, 127).astype(np.int8)[:, np.newaxis]
    scores = oracle.run_many(digits, [list(image) for image in images[:, np.newaxis]])
    right = sum(int(s[0].argmax()) == label for s, label in zip(scores, samples.labels))
    assert io["zero_point"] == -128
    assert Samples(samples.data[:20], samples.labels[:20]).right(digits, "d") == right > 15
    assert Samples(images[:, 0], samples.labels[:20]).right(digits, "d") == right  # the same as raw int8
    assert Samples(samples.data[:20], (samples.labels[:20] + 1) % 10).right(digits, "d") <= 20 - right


def test_sensitive_layers_are_spared(digits, samples):
    few = Samples(samples.data[:40], samples.labels[:40])
    guided = prune(digits, "digits", 0.5, few)
    blind = prune(digits, "digits", 0.5)
    assert abs(guided.sparsity - blind.sparsity) < 0.001
    assert {row[3] for row in guided.layers} != {row[3] for row in blind.layers}
    assert guided.right_before == few.right(digits, "d") and guided.right_after == few.right(guided.tflite, "d")
    assert samples.right(guided.tflite, "d") > samples.right(blind.tflite, "d")


def test_sensitivity_is_measured_alone(digits, samples):
    few = Samples(samples.data[:30], samples.labels[:30])
    right = few.right(digits, "d")
    _, layers = find_layers(digits, "d")
    (losses,) = sensitivity(digits, "d", layers[-1:], (0.0, 1.0), few, right)
    (block,) = layers[-1].blocks
    dead = replace_values(digits, {block: np.zeros_like(block.values)})
    assert losses == [0, right - few.right(dead, "d")]


class OfSize:
    zeros = 0

    def __init__(self, count):
        self.count = count


def test_shares_meet_the_budget_at_one_loss():
    free, dear = [0] * len(LEVELS), [0, 2, 4, 8, 9]
    assert shares([OfSize(1000), OfSize(1000)], [free, dear], 1100) == [880, 220]  # 22/25 of the free way
    assert shares([OfSize(1000), OfSize(1000)], [free, dear], 1250) == [1000, 250]
    assert shares([OfSize(1000), OfSize(1000)], [free, dear], 1400) == [1000, 400]
    assert shares([OfSize(1000), OfSize(1000)], [free, dear], 2000) == [1000, 1000]
    assert shares([OfSize(10), OfSize(10)], [free, free], 0) == [0, 0]


def test_json_and_table(tmp_path, capsys, digits):
    target = tmp_path / "out.tflite"
    line = ["prune", str(DIGITS), "--sparsity", "0.5", "-o", str(target)]
    assert main([*line, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert target.read_bytes() == prune(digits, "digits", 0.5).tflite
    assert set(answer) == {"name", "sparsity", "samples", "right_before", "right_after", "layers"}
    assert set(answer["layers"][0]) == {"name", "weights", "zeros_before", "zeros_after"}
    assert answer["right_before"] is None
    rng = np.random.default_rng(5)
    small = tmp_path / "small.tflite"
    small.write_bytes(dense(rng.integers(-90, 90, (6, 6)).astype(np.int8), 0.01))
    np.save(tmp_path / "x.npy", rng.uniform(-6, 6, (10, 6)))
    np.save(tmp_path / "y.npy", rng.integers(0, 6, 10))
    line[1] = str(small)
    assert main([*line, "--data", str(tmp_path / "x.npy"), "--labels", str(tmp_path / "y.npy")]) == 0
    text = capsys.readouterr().out
    assert "50.0%" in text and "of 10 samples" in text and max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    "options, words",
    [
        (["--sparsity", "1.5"], "from 0 to 1"),
        (["--sparsity", "nan"], "from 0 to 1"),
        (["--sparsity", "0.5", "--data", "x.npy"], "--labels"),
        (["--sparsity", "0.5", "--data", "x.npy", "--labels", "x.npy"], "integers"),
        (["--sparsity", "0.5", "--data", "x.npy", "--labels", "far.npy"], "classes 0 to 9"),
        (["--sparsity", "0.5", "--data", "wrong.npy", "--labels", "y.npy"], "float32"),
    ],
)
def test_errors_leave_what_was_there(tmp_path, capsys, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.zeros((3, 8, 8, 1)))
    np.save("wrong.npy", np.zeros((3, 8, 8, 2)))
    np.save("y.npy", np.zeros(3, int))
    np.save("far.npy", np.full(3, 10))
    (tmp_path / "out.tflite").write_bytes(b"old")
    assert main(["prune", str(DIGITS), *options, "-o", "out.tflite"]) == 1
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1
    assert (tmp_path / "out.tflite").read_bytes() == b"old"


def test_float_models_are_refused():
    g = Graph()
    x = g.input((1, 4), dtype=np.float32)
    w = g.const(np.ones((4, 4), np.float32))
    g.output(g.op("FULLY_CONNECTED", [x, w, None], (1, 4), dtype=np.float32))
    with pytest.raises(PackerError, match="packer quantize"):
        prune(g.finish(), "m", 0.5)


def test_damaged_files_are_refused(digits):
    rng = np.random.default_rng(7)
    for _ in range(60):
        damaged = bytearray(digits)
        for at in rng.integers(0, len(damaged), 40):
            damaged[at] = rng.integers(256)
        try:
            result = prune(bytes(damaged), "m", 0.5)
        except PackerError:
            continue
        assert len(result.tflite) == len(digits)


# ---- blocks ----


def groups(block, n=4):
    """float64 [groups of n channels, taps]: the sums of squares of real weights, those of a last group that is smaller included."""
    squares = (block.channels * block.scales[:, np.newaxis].astype(np.float64)) ** 2
    return np.array([squares[i : i + n].sum(axis=0) for i in range(0, len(squares), n)])


@pytest.mark.parametrize("sparsity", [0, 0.37, 0.6, 1])
def test_blocks_of_four_channels_go_together(digits, sparsity):
    result = prune(digits, "digits", sparsity, blocks=True)
    assert result == prune(digits, "digits", sparsity, blocks=True)
    pairs = list(zip(find_layers(digits, "d")[1], find_layers(result.tflite, "d")[1]))
    pruned = {row[0]: row for row in result.layers}
    assert {old.name for old, _ in pairs if old.ops[0].kind == "DEPTHWISE_CONV_2D"}.isdisjoint(pruned)
    for old, new in pairs:
        (before,), (after,) = old.blocks, new.blocks
        if old.name not in pruned:
            assert np.array_equal(before.values, after.values)
            continue
        gone = (after.channels == 0) & (before.channels != 0)
        kept = np.array([(after.channels[i : i + 4] != 0).any(axis=0) for i in range(0, len(after.channels), 4)])
        norms = groups(before)
        assert np.array_equal(after.channels[~gone], before.channels[~gone])
        if kept.any() and not kept.all():
            assert norms[~kept].max() <= norms[kept].min()
        assert np.array_equal(groups(after), np.where(kept, norms, 0))
        _, count, had, zeros = pruned[old.name]
        assert zeros == new.zeros >= round(sparsity * count) and had == old.zeros
        assert round(sparsity * count) + 4 > new.zeros - old.zeros or not sparsity


def test_blocks_of_a_number_of_channels_that_is_no_multiple_of_four():
    rng = np.random.default_rng(4)
    model = dense(rng.integers(1, 90, (7, 7)).astype(np.int8), 0.01)
    result = prune(model, "m", 0.5, blocks=True)
    (layer,) = find_layers(result.tflite, "m")[1]
    gone = layer.blocks[0].channels == 0
    assert all(len(set(map(bool, part))) == 1 for tap in gone.T for part in (tap[:4], tap[4:]))
    assert 25 <= layer.zeros <= 28
    assert verify(result.tflite, "m", count=3, backends=("core",), coding="sparse").differing_bytes == 0


def test_blocks_make_sparse_storage_smaller(digits):
    """And leave the bytes TFLite Micro's, in blocks of four: the order of channels inside the network keeps them."""
    plain = len(build(digits, "d").blob)
    sizes = {}
    for blocks in (False, True):
        pruned = prune(digits, "d", 0.6, blocks=blocks).tflite
        assert verify(pruned, "d", count=3, backends=("core",), coding="sparse").differing_bytes == 0
        result = build(pruned, "d", coding="sparse")
        sizes[blocks] = len(result.blob)
        if blocks:
            assert {op["coding"] for op in result.summary()["ops"]} == {None, "sparse of 4"}
    assert sizes[True] < 0.85 * sizes[False] < sizes[False] < plain


def test_ad_pruned_in_blocks_is_small_and_quick(models):
    model = (models / "mlperf_ad_int8.tflite").read_bytes()
    pruned = prune(model, "ad", 0.6, blocks=True).tflite
    assert len(build(pruned, "ad", coding="auto").blob) <= 0.6 * len(build(model, "ad").blob)
    assert verify(pruned, "ad", count=2, backends=("core",), coding="auto").differing_bytes == 0


def test_sensitivity_of_blocks(digits, samples):
    few = Samples(samples.data[:30], samples.labels[:30])
    result = prune(digits, "digits", 0.6, few, blocks=True)
    assert result.right_after == few.right(result.tflite, "d")
    assert 0.59 < result.sparsity < 0.62
