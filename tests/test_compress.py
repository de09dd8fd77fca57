"""`packer build --compress` and `--flash`: what is chosen for which layer, what it saves, and what is said where it does not do."""

import json

import numpy as np
import pytest
from conftest import ROOT
from packer import budget, build
from packer.cli import main
from packer.compress import CHOICES, auto, eligible, lowered, matrix_of
from packer.core import CoreModel
from packer.costs import CORE, cores, instructions, runs
from packer.errors import PackerError
from packer.inspect import Blob
from packer.plan import plan
from packer.split import split
from support.tflite_builder import Graph

DIGITS = (ROOT / "examples/digits/digits_int8.tflite").read_bytes()
RNG = np.random.default_rng(0)


def of(*layers, side=1):
    """A model of convolutions 1x1, one after the other, on images side x side: each an int8 [out_c, in_c]."""
    g = Graph()
    x = g.input((1, side, side, layers[0].shape[1]), 0.05)
    for weights in layers:
        w = g.const(weights[:, None, None, :].astype(np.int8), [0.002] * len(weights))
        shape = (1, side, side, len(weights))
        x = g.op("CONV_2D", [x, w, None], shape, 0.05, padding="VALID", stride_h=1, stride_w=1)
    g.output(x)
    return g.finish()


def dense(out_c=32, in_c=32):
    return RNG.integers(-127, 128, (out_c, in_c))


def zeros(share, out_c=32, in_c=32, block=1):
    there = np.repeat(RNG.random((out_c // block, in_c)) >= share, block, axis=0)
    return np.where(there, RNG.integers(1, 128, (out_c, in_c)), 0)


def few(count, out_c=32, in_c=32):
    return np.arange(-count // 2, count - count // 2)[RNG.integers(0, count, (out_c, in_c))] * 9


MIXED = of(dense(), zeros(0.9), zeros(0.8, block=4), few(4), few(16))


def codings(result):
    return [op["coding"] for op in Blob(result.blob).summary()["ops"]]


def outputs(blob):
    model = CoreModel(blob)
    return [a.tobytes() for a in model.run([np.random.default_rng(5).integers(-128, 128, io["shape"][: io["ndim"]], np.int8)
                                            for io in model.inputs])]  # fmt: skip


@pytest.mark.parametrize(
    "choice, found",
    [
        (None, [None] * 5),
        ("none", [None] * 5),
        ("auto", [None, "sparse of 1", "sparse of 4", "palette of 4", "palette of 16"]),
        ("sparse", [None, "sparse of 1", "sparse of 4", None, None]),
        ("palette", [None, None, None, "palette of 4", "palette of 16"]),
        ("int4", [None, None, None, "palette of 16", "palette of 16"]),
    ],
)
def test_a_choice_applies_where_it_holds_and_saves(choice, found):
    result = build(MIXED, "m", coding=choice)
    assert codings(result) == found
    assert outputs(result.blob) == outputs(build(MIXED, "m").blob)


def test_what_is_saved_is_what_the_blob_is_smaller():
    plain = build(MIXED, "m")
    for choice in ("auto", "sparse", "palette", "int4", "entropy"):
        result = build(MIXED, "m", coding=choice)
        saved = sum(nbytes for _, nbytes in Blob(result.blob).savings.values())
        # The runs of pairs are not needed by sparse weights, and data is filled up to words.
        assert 0 <= len(plain.blob) - len(result.blob) - saved + 16 <= 80
        weights = sum(op["weight_bytes"] for op in Blob(plain.blob).ops)
        assert Blob(result.blob).weight_bytes == weights - saved


def test_a_table_that_layers_share_is_counted_once():
    small = [np.clip(np.round(RNG.normal(0, 4, (16, 48 if n else 32))), -127, 127) for n in range(3)]
    small = [small[0], *(w[:, :16] for w in small[1:])]
    result = build(of(*small), "m", coding="entropy")
    ops = [op for op in result.program.ops if op.coded is not None]
    tables = {op.coded.table.tobytes() for op in ops}
    assert len(ops) == 3 and len(tables) == 1
    assert Blob(result.blob).savings["entropy"][1] == sum(
        matrix_of(op).size - op.coded.nbytes + op.coded.table.nbytes for op in ops
    ) - len(tables.pop())


@pytest.mark.parametrize("choice", ["sparse", "int4", "palette"])
def test_a_scheme_that_saves_nothing_is_one_sentence(choice):
    with pytest.raises(PackerError, match=f"--compress {choice} would save nothing in any layer.*packer analyze") as e:
        build(of(dense()), "m", coding=choice)
    assert "\n" not in str(e.value)


def test_auto_is_never_larger_than_any_scheme():
    for model in (MIXED, DIGITS):
        smallest = len(build(model, "m", coding="auto").blob)
        for choice in CHOICES[1:]:
            try:
                size = len(build(model, "m", coding=choice).blob)
            except PackerError:
                continue
            assert smallest <= size * 1.03


# ---- --flash ----


def test_no_more_compression_than_needed():
    plain = build(MIXED, "m")
    assert build(MIXED, "m", flash=len(plain.blob)).blob == plain.blob
    least = len(build(MIXED, "m", coding="auto").blob)
    counts = []
    for flash in range(len(plain.blob) - 1, least - 1, -600):
        result = build(MIXED, "m", flash=flash)
        assert len(result.blob) <= flash
        assert outputs(result.blob) == outputs(plain.blob)
        counts.append(sum(coding is not None for coding in codings(result)))
    assert counts == sorted(counts) and counts[0] == 1 and counts[-1] >= 3


def test_quicker_codings_come_first():
    """Of 90% zeros, sparse weights save time; palettes save as much flash here, but cost some."""
    model = of(few(2, 32, 64), zeros(0.9, 64, 32))
    plain = build(model, "m")
    first, second = codings(build(model, "m", flash=len(plain.blob) - 300))
    assert first is None and second.startswith("sparse")


@pytest.mark.parametrize("core", cores())
def test_the_ladder_goes_up(core):
    program = lowered(MIXED, "m", codings={})
    plan(program)
    times = runs(program)
    rungs = budget.ladder(program, times, core)
    ops = eligible(program)

    def size(codings):
        return sum(codings[op].nbytes if op in codings else matrix_of(op).size for op in ops)

    def cost(codings):
        return sum(instructions(op, codings.get(op), times[op], core) for op in ops)

    assert rungs[0] == {} and rungs[-1] == {op: rungs[-1][op] for op in auto(ops, worth=0)}
    steps = [(size(a) - size(b), cost(b) - cost(a)) for a, b in zip(rungs[:-2], rungs[1:-1])]
    assert all(saved > 0 for saved, _ in steps)
    prices = [slower / saved for saved, slower in steps if slower > 0]
    assert prices == sorted(prices)
    assert [slower <= 0 for _, slower in steps] == sorted((slower <= 0 for _, slower in steps), reverse=True)


def test_what_is_missing_and_who_holds_it():
    least = len(build(MIXED, "m", flash=len(build(MIXED, "m", coding="auto").blob)).blob)
    with pytest.raises(PackerError) as e:
        build(MIXED, "m", flash=1000)
    said = str(e.value)
    assert "\n" not in said and said.startswith("m: ") and "1,000 B were allowed" in said
    assert f"{least - 1000:,} B are missing" in said and '"conv_2d" (1,024 B)' not in said
    assert '"t2" (1,024 B)' in said  # the layer of dense weights
    with pytest.raises(PackerError, match="1,000 B were allowed"):
        build(MIXED, "m", coding="none", flash=1000)


def test_a_model_without_weights_has_none_to_blame():
    g = Graph()
    x = g.input((1, 8), 0.05)
    g.output(g.op("TANH", [x], (1, 8), 1 / 128))
    with pytest.raises(PackerError, match="100 B were allowed"):
        build(g.finish(), "m", flash=100)


def test_streams_and_splits_can_be_compressed():
    plain = build(MIXED, "m", stream_weights=True)
    result = build(MIXED, "m", stream_weights=True, coding="auto")
    assert outputs(result.blob) == outputs(plain.blob) and len(result.blob) < len(plain.blob)
    assert Blob(result.blob).summary()["ops"][1]["coding"] == "sparse of 1"
    assert len(build(MIXED, "m", stream_weights=True, flash=len(result.blob) + 200).blob) <= len(result.blob) + 200
    assert sum(len(p.blob) for p in split(MIXED, "m", parts=2, coding="auto").parts) < sum(
        len(p.blob) for p in split(MIXED, "m", parts=2).parts
    )
    assert build(MIXED, "m", stream_input=True, flash=len(result.blob)).blob


# ---- the command ----


def test_command(tmp_path, capsys):
    model, target = tmp_path / "m.tflite", tmp_path / "m.tin"
    model.write_bytes(MIXED)
    assert main(["build", str(model), "--compress", "auto"]) == 0
    said = capsys.readouterr().out
    saved = Blob(build(MIXED, "m", coding="auto").blob).savings
    for coding, (ops, nbytes) in saved.items():
        assert f"{coding}: {nbytes:,} B saved in {ops} op" in said
    assert max(map(len, said.splitlines())) <= 100
    assert main(["build", str(model), "--flash", "5k", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["blob_bytes"] == target.stat().st_size <= 5 * 1024
    assert {op["coding"] for op in answer["ops"]} > {None} and all(op["weight_bytes"] > 0 for op in answer["ops"])
    assert set(answer["compressed"]) <= {"sparse", "palette", "channel palette", "entropy"}
    assert all(set(entry) == {"ops", "saved_bytes"} for entry in answer["compressed"].values())
    assert main(["inspect", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ops"] == answer["ops"]
    assert main(["inspect", str(target)]) == 0
    said = capsys.readouterr().out
    assert "sparse of" in said and max(map(len, said.splitlines())) <= 100


def test_too_small_a_budget_leaves_what_was_there(tmp_path, capsys):
    model, target = tmp_path / "m.tflite", tmp_path / "m.tin"
    model.write_bytes(MIXED)
    target.write_bytes(b"old")
    assert main(["build", str(model), "--flash", "1k"]) == 1
    said = capsys.readouterr().err
    assert "are missing" in said and said.count("\n") == 1 and target.read_bytes() == b"old"


def test_costs_are_counted_for_the_cores_that_boards_have():
    assert CORE in cores() and {"cortex-m33", "rv32imc"} <= set(cores())
