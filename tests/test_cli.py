"""The command line: keys of --json, exit status, and files that stay whole."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import ROOT
from packer import build
from packer.cli import main
from packer.inspect import Blob

DIGITS = ROOT / "examples/digits/digits_int8.tflite"
SUMMARY = {"compressed", "name", "pool_bytes", "state_bytes", "resident_bytes", "lower_bound_bytes", "blob_bytes", "tflite_bytes", "macs", "ops"}


@pytest.fixture
def blob(tmp_path, capsys):
    target = tmp_path / "digits.tin"
    assert main(["build", str(DIGITS), "-o", str(target)]) == 0
    capsys.readouterr()
    return target


def answer(capsys, *args):
    """(status, the JSON object printed) of a command."""
    status = main([str(a) for a in args])
    return status, json.loads(capsys.readouterr().out)


def test_inspect_is_the_inverse_of_build(tmp_path, capsys):
    status, built = answer(capsys, "build", DIGITS, "-o", tmp_path / "digits_int8.tin", "--json")
    assert status == 0 and set(built) == SUMMARY
    assert built["blob_bytes"] == (tmp_path / "digits_int8.tin").stat().st_size
    assert built["tflite_bytes"] == DIGITS.stat().st_size
    assert all(set(op) == {"name", "kernel", "macs", "coding", "weight_bytes"} for op in built["ops"])
    assert built["macs"] == sum(op["macs"] for op in built["ops"]) > 0
    status, inspected = answer(capsys, "inspect", tmp_path / "digits_int8.tin", "--json")
    assert status == 0 and inspected == built


def test_inspect_prints_a_table(blob, capsys):
    assert main(["inspect", str(blob)]) == 0
    text = capsys.readouterr().out
    assert "conv2d" in text and "pool" in text and max(map(len, text.splitlines())) <= 100


def test_verify(capsys, unix_micropython, natmod):
    status, verdict = answer(capsys, "verify", DIGITS, "--cases", "2", "--json")
    assert status == 0
    assert verdict["cases"] == 3 and verdict["bytes"] == 60  # ten scores, three cases, two backends
    assert verdict["differing_bytes"] == 0 and verdict["first_difference"] is None


def test_verify_finds_a_difference(capsys, monkeypatch):
    """A wrong multiplier in one layer is found, and that layer is named."""
    from packer import lower
    from packer.lower import conv

    right = conv.output_stage

    def wrong(op, *args, **kwargs):
        stage = right(op, *args, **kwargs)
        if op.index == wrong.layer:
            stage["multiplier"] = stage["multiplier"] // 2
        return stage

    wrong.layer = 1
    monkeypatch.setattr(conv, "output_stage", wrong)
    status, verdict = answer(capsys, "verify", DIGITS, "--cases", "1", "--backend", "core", "--json")
    assert status == 1 and verdict["differing_bytes"] > 0
    assert verdict["first_difference"]["layer"].startswith("1 ")
    assert isinstance(verdict["first_difference"]["index"], int)
    assert lower.supported()


def test_run_tflite_and_blob_alike(blob, tmp_path, capsys, unix_micropython, natmod):
    image = tmp_path / "x.npy"
    np.save(image, np.random.default_rng(1).integers(-128, 128, (1, 8, 8, 1)).astype(np.int8))
    status, from_blob = answer(capsys, "run", blob, "--input", image, "--json")
    assert status == 0 and len(from_blob["outputs"]) == 1 and len(from_blob["outputs"][0]) == 10
    status, from_tflite = answer(capsys, "run", DIGITS, "--input", image, "--json")
    assert status == 0 and from_tflite["outputs"] == from_blob["outputs"]


def test_ram_budget(tmp_path, capsys):
    target = tmp_path / "d.tin"
    assert main(["build", str(DIGITS), "-o", str(target), "--ram", "4k"]) == 0
    pool = Blob(target.read_bytes()).header["pool_bytes"]
    target.unlink()
    assert main(["build", str(DIGITS), "-o", str(target), "--ram", str(pool)]) == 0
    target.unlink()
    assert main(["build", str(DIGITS), "-o", str(target), "--ram", str(pool - 1)]) == 1
    words = capsys.readouterr().err
    assert f"{pool:,} B" in words and f"{pool - 1:,} B" in words and "layer" in words and not target.exists()


def test_report_is_one_page_with_every_layer(tmp_path, capsys):
    target = tmp_path / "digits.html"
    assert main(["report", str(DIGITS), "-o", str(target)]) == 0
    page = target.read_text("utf-8")

    class Reader(HTMLParser):
        tags, outside = [], []

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)
            self.outside += [v for k, v in attrs if k in ("src", "href")]

    reader = Reader()
    reader.feed(page)
    assert reader.outside == [] and reader.tags.count("svg") > reader.tags.count("figure") > 0
    result = build(DIGITS.read_bytes(), "digits_int8")
    assert reader.tags.count("path") >= len(result.plan.items) - 1
    assert all(f"<td>{op.name}</td>" in page for op in result.program.ops)
    assert f"{result.pool_bytes:,} B" in page and f"{len(result.blob):,} B" in page


def test_ops(capsys):
    status, ops = answer(capsys, "ops", "--json")
    assert status == 0
    assert {"CONV_2D", "FULLY_CONNECTED", "SOFTMAX"} <= {op["name"] for op in ops["ops"]}
    assert all(set(op) == {"name", "kernel", "dtypes", "oracle", "note"} for op in ops["ops"])


def test_labels_travel_in_the_blob(tmp_path, capsys):
    labels = tmp_path / "labels.txt"
    labels.write_text("zero\none\n")
    target = tmp_path / "d.tin"
    assert main(["build", str(DIGITS), "-o", str(target), "--labels", str(labels)]) == 0
    assert b'"labels":["zero","one"]' in target.read_bytes()


@pytest.mark.parametrize(
    "args, words",
    [
        (["build", "missing.tflite"], "missing.tflite"),
        (["inspect", str(DIGITS)], "not valid"),
        (["build", __file__], "not a .tflite"),
        (["run", str(DIGITS), "--input", __file__], "not a .npy"),
        (["verify", str(DIGITS), "--cases", "-1"], "0 or more"),
    ],
)
def test_errors_are_one_sentence(args, words, capsys):
    assert main(args) == 1
    text = capsys.readouterr().err
    assert text.startswith("packer: ") and words in text and len(text.splitlines()) == 1


def test_failed_build_keeps_what_was_there(tmp_path, capsys):
    target = tmp_path / "model.tin"
    target.write_bytes(b"precious")
    broken = tmp_path / "model.tflite"
    broken.write_bytes(DIGITS.read_bytes()[:3000])
    assert main(["build", str(broken), "-o", str(target)]) == 1
    assert target.read_bytes() == b"precious"
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_stream_weights_says_all_the_ram(tmp_path, capsys):
    blob = tmp_path / "d.tin"
    assert main(["build", str(DIGITS), "--stream-weights", "-o", str(blob)]) == 0
    said = capsys.readouterr().out
    assert main(["inspect", str(blob), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["resident_bytes"] > 0
    assert f"RAM    {facts['pool_bytes'] + facts['resident_bytes']:,} B" in said
    assert max(len(line) for line in said.splitlines()) <= 100
