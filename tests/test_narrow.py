"""`packer narrow`: the nearest weights of a scheme, an ordinary file that TFLite Micro runs, and what it costs."""

import itertools
import json

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from packer import build
from packer.accuracy import Samples
from packer.cli import main
from packer.coding import SCHEMES as CODINGS
from packer.errors import PackerError
from packer.narrow import SCHEMES, best_values, coded_bytes, narrow, narrow_channels
from packer.verify import verify
from packer.weights import find_layers
from sklearn.datasets import load_digits
from support.tflite_builder import Graph

DIGITS = ROOT / "examples/digits/digits_int8.tflite"


@pytest.fixture(scope="module")
def digits():
    return DIGITS.read_bytes()


def dense(weights, zero_point=0, scale=0.01, narrow=False):
    g = Graph()
    x = g.input((1, weights.shape[1]), 0.05)
    w = g.int4(weights, scale) if narrow else g.const(weights.astype(np.int8), scale, zero_point)
    g.output(g.op("FULLY_CONNECTED", [x, w, None], (1, len(weights)), 0.5))
    return g.finish()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 9)), min_size=1, max_size=7, unique_by=lambda v: v[0]),
    st.integers(1, 4),
)
def test_no_other_values_are_nearer(found, count):
    """Against every way to cut the sorted values into so many parts."""
    x, mass = (np.array(column) for column in zip(*sorted(found)))
    made = best_values(x, mass.astype(float), count)
    assert len(set(made.tolist())) <= count

    def error(values):
        return int((mass * (x - values) ** 2).sum())

    best = min(
        sum(min(int((mass[a:b] * (x[a:b] - v) ** 2).sum()) for v in range(-20, 21)) for a, b in zip([0, *cuts], [*cuts, len(x)]))
        for n in range(min(count, len(x)))
        for cuts in itertools.combinations(range(1, len(x)), n)
    )
    assert error(made) == best


@settings(max_examples=40, deadline=None)
@given(
    scheme=st.sampled_from(list(SCHEMES)),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 300)),
    sigma=st.floats(0.5, 200),
    zero_point=st.sampled_from([0, 0, 5, -3]),
    seed=st.integers(0, 99),
)
def test_narrowed_weights_are_held_by_their_coding(scheme, shape, sigma, zero_point, seed):
    rng = np.random.default_rng(seed)
    weights = np.clip(np.round(rng.normal(0, sigma, shape)), -128 - min(zero_point, 0), 127 - max(zero_point, 0)).astype(np.int16)
    made = narrow_channels(weights, rng.uniform(0.01, 0.02, shape[0]).astype(np.float32), zero_point, scheme)
    assert made.min() >= -128 and made.max() <= 127 and np.abs(made + zero_point).max() <= 128
    coded = CODINGS[SCHEMES[scheme].coding](made.astype(np.int8))
    assert coded is not None and coded.bits <= SCHEMES[scheme].bits
    assert coded_bytes(made, scheme) == coded.nbytes
    again = narrow_channels(made, np.ones(shape[0], np.float32), zero_point, scheme)
    if scheme != "int4":  # a step that is a multiple of another one may round some to others
        assert np.array_equal(again, made)


def test_the_first_of_two_scales_weighs_more():
    """One set of values for both channels, whose weights are worth differently much."""
    weights = np.array([[0, 10, 30, 40, 60, 70, 90], [5, 15, 35, 45, 65, 75, 95]], np.int16)  # of 7 taps, one table
    first, second = (narrow_channels(weights, np.array(s, np.float32), 0, "palette4") for s in ([1, 1e-6], [1e-6, 1]))
    assert ((first[0] - weights[0]) ** 2).sum() < ((second[0] - weights[0]) ** 2).sum()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_narrowed_file_is_tflite_micros(digits, scheme):
    result = narrow(digits, "digits", scheme)
    assert len(result.tflite) == len(digits) and result.tflite == narrow(digits, "digits", scheme).tflite
    assert verify(result.tflite, "m", count=2, backends=("core",), coding="auto").differing_bytes == 0
    blob = build(result.tflite, "m", coding=SCHEMES[scheme].coding)
    stored = [op["weight_bytes"] for op in blob.summary()["ops"] if op["coding"]]
    assert stored == [size for _, weights, _, _, size in result.layers if size < weights]
    assert len(blob.blob) < 0.75 * len(build(digits, "m").blob)


def test_only_weights_that_can_be_coded_change(digits):
    result = narrow(digits, "digits", "palette16")
    before, after = (find_layers(data, "m")[1] for data in (digits, result.tflite))
    names = [row[0] for row in result.layers]
    for old, new in zip(before, after):
        same = all(np.array_equal(a.values, b.values) for a, b in zip(old.blocks, new.blocks))
        assert same == (old.ops[0].kind == "DEPTHWISE_CONV_2D" or next(r for r in result.layers if r[0] == old.name)[4] == old.count)
        assert (old.ops[0].kind == "DEPTHWISE_CONV_2D") != (old.name in names)


def test_weights_with_a_zero_point():
    weights = np.random.default_rng(1).integers(-90, 90, (8, 300))
    result = narrow(dense(weights, zero_point=7), "m", "palette16")
    assert verify(result.tflite, "m", count=3, backends=("core",), coding="palette").differing_bytes == 0
    assert result.layers[0][3] <= 8 * 16


def test_weights_that_are_int4_already():
    weights = np.random.default_rng(1).integers(-8, 8, (8, 300))
    assert narrow(dense(weights, narrow=True), "m", "int4").tflite == dense(weights, narrow=True)
    result = narrow(dense(weights, narrow=True), "m", "palette4")
    assert result.layers[0][2:4] == (16, len(np.unique(find_layers(result.tflite, "m")[1][0].blocks[0].values)))
    assert verify(result.tflite, "m", count=3, backends=("core",)).differing_bytes == 0


def test_layers_that_would_not_be_smaller_stay():
    weights = np.random.default_rng(1).integers(-90, 90, (2, 9))
    model = dense(weights)
    assert narrow(model, "m", "palette16").tflite == model


def test_models_without_such_weights_are_refused():
    g = Graph()
    x = g.input((1, 4, 4, 3), 0.05)
    w = g.const(np.ones((1, 3, 3, 3), np.int8), 0.01)
    options = {"padding": "SAME", "stride_h": 1, "stride_w": 1, "depth_multiplier": 1, "dilation_h_factor": 1, "dilation_w_factor": 1}
    g.output(g.op("DEPTHWISE_CONV_2D", [x, w, None], (1, 4, 4, 3), 0.05, **options))
    with pytest.raises(PackerError, match="no layer of it has weights that could be compressed"):
        narrow(g.finish(), "m", "int4")
    with pytest.raises(PackerError, match="there is no scheme ternary"):
        narrow(g.finish(), "m", "ternary")


def test_accuracy_is_that_of_the_files(digits):
    data = load_digits()
    few = Samples(data.images[:60, :, :, np.newaxis], data.target[:60])
    result = narrow(digits, "d", "palette4", few)
    assert (result.right_before, result.right_after) == (few.right(digits, "d"), few.right(result.tflite, "d"))


def test_command(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = tmp_path / "d.tflite"
    model.write_bytes(DIGITS.read_bytes())
    data = load_digits()
    np.save("x.npy", data.images[:20, :, :, np.newaxis])
    np.save("y.npy", data.target[:20])
    assert main(["narrow", "d.tflite", "--scheme", "int4", "--data", "x.npy", "--labels", "y.npy"]) == 0
    said = capsys.readouterr().out
    assert "of 20 samples before" in said and max(map(len, said.splitlines())) <= 100
    assert (tmp_path / "d_int4.tflite").read_bytes() == narrow(DIGITS.read_bytes(), "d", "int4").tflite
    assert main(["narrow", "d.tflite", "--scheme", "int4", "-o", "e.tflite", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"name", "scheme", "samples", "right_before", "right_after", "layers"}
    assert set(answer["layers"][0]) == {"name", "weights", "values_before", "values_after", "coded_bytes"}
