"""examples/digits: the README states what was measured, the samples are the data, the program gives TFLM's answers."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
import tflite

from conftest import ROOT

HERE = ROOT / "examples" / "digits"
sys.path.insert(0, str(HERE))

import data  # noqa: E402
import evaluate  # noqa: E402

SAMPLES = sorted((HERE / "samples").glob("*.pgm"))


@pytest.fixture(scope="module")
def digits():
    """(images, labels) of the whole data, (training, held-out) indices into it."""
    images, labels = data.load()
    return images, labels, *data.split(labels)


@pytest.fixture(scope="module")
def readme():
    return (HERE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["digits_float.tflite", "digits_int8.tflite"])
def test_readme_states_size_and_accuracy(name, digits, readme):
    images, labels, _, held_out = digits
    model = (HERE / name).read_bytes()
    right = int((evaluate.predict(model, images[held_out]) == labels[held_out]).sum())
    assert right > 0.97 * held_out.size
    assert f"| `{name}` | {len(model):,} | {right} of {held_out.size} | {right / held_out.size:.1%} |" in readme


def test_split_is_stratified(digits):
    _, labels, training, held_out = digits
    assert sorted([*training, *held_out]) == list(range(1797))
    for digit in range(10):
        share = np.mean(labels[held_out] == digit) / np.mean(labels == digit)
        assert 0.97 < share < 1.03, f"digit {digit} is held out {share:.2f} times as often as it occurs"


def test_samples_are_held_out_images(digits):
    images, labels, _, held_out = digits
    assert {path.name[0] for path in SAMPLES} == set("0123456789")
    for path in SAMPLES:
        label, index = map(int, path.stem.split("_"))
        words = path.read_text().split()
        assert words[:4] == ["P2", "8", "8", "16"], path.name
        assert [int(word) for word in words[4:]] == images[index].flatten().tolist(), path.name
        assert label == labels[index] and index in held_out, path.name


def test_int8_model_is_what_the_readme_says(readme):
    model = tflite.Model.GetRootAs((HERE / "digits_int8.tflite").read_bytes(), 0)
    graph = model.Subgraphs(0)
    names = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
    ops = [names[model.OperatorCodes(graph.Operators(i).OpcodeIndex()).BuiltinCode()]
           for i in range(graph.OperatorsLength())]
    stated = re.search(r"```\n(CONV_2D.*?)\n```", readme, re.DOTALL)
    assert [line.split()[0] for line in stated[1].splitlines()] == ops
    image, scores = graph.Tensors(graph.Inputs(0)), graph.Tensors(graph.Outputs(0))
    assert image.Type() == scores.Type() == tflite.TensorType.INT8
    assert (image.Quantization().Scale(0), image.Quantization().ZeroPoint(0)) == (1 / 16, -128)
    assert list(image.ShapeSignatureAsNumpy()) == [-1, 8, 8, 1]


@pytest.fixture(scope="module")
def blob(tmp_path_factory):
    path = tmp_path_factory.mktemp("digits") / "digits.tin"
    subprocess.run(
        [sys.executable, "-m", "packer", "build", str(HERE / "digits_int8.tflite"),
         "--labels", str(HERE / "labels.txt"), "-o", str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "host_tools")}, check=True)
    return path


def classify(command, blob, **env):
    """Run classify.py on SAMPLES; return the digits it sees and the last line it prints."""
    done = subprocess.run(
        [*map(str, command), str(HERE / "classify.py"), str(blob), *map(str, SAMPLES)],
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **{name: str(value) for name, value in env.items()}},
        capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [int(digit) for digit in re.findall(r"^\S+\.pgm: (\d),", done.stdout, re.MULTILINE)]
    return answers, done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def expected(digits):
    images = digits[0]
    return evaluate.predict((HERE / "digits_int8.tflite").read_bytes(),
                            images[[int(path.stem.split("_")[1]) for path in SAMPLES]]).tolist()


def test_classify_in_cpython(blob, expected):
    answers, totals = classify([sys.executable], blob, PYTHONPATH=ROOT / "device_lib")
    assert answers == expected
    assert totals.endswith("pure Python")


def test_classify_with_the_native_mpy(blob, expected, unix_micropython, natmod):
    answers, totals = classify([unix_micropython], blob, MICROPYPATH=f"{natmod}:{ROOT / 'device_lib'}")
    assert answers == expected
    assert totals.endswith("native x64, SSE2")


def test_classify_with_the_user_c_module(blob, expected, unix_usermod, readme):
    answers, totals = classify([unix_usermod], blob, MICROPYPATH=ROOT / "device_lib")
    assert answers == expected
    assert totals in readme.splitlines()
