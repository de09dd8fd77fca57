"""`packer split`: the parts give the bytes of the whole in the RAM that was promised, and no other cuts need less."""

import itertools
import json
import os
import subprocess

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from packer import PackerError, build
from packer.cli import main
from packer.core import CoreModel
from packer.fold import fold
from packer.inspect import Blob
from packer.lower import lower, supported
from packer.plan import plan
from packer.read import read
from packer.split import _split_at, split
from support.backends import places
from support.random_graphs import random_graphs
from support.recurrent import variable_model
from support.tflite_builder import Graph

DIGITS = ROOT / "examples" / "digits" / "digits_int8.tflite"
REAL = ["person_detect_int8", "mlperf_kws_int8", "people_flow_int8_floatio", "mnist_lstm_int8", "keyword_svdf_int8",
        "wakeword_okay_nabu"]  # fmt: skip

RUN = """
import tinyinfer
m = tinyinfer.load_parts({parts!r})
with open("in.bin", "rb") as inputs, open("out.bin", "wb") as outputs:
    while sum([inputs.readinto(t.data) for t in m.inputs]):
        m.run()
        for t in m.outputs:
            outputs.write(t.data)
print(tinyinfer.backend, m.pool_bytes)
"""


class PartsOnCore:
    """Parts on the C core, one after the other in what stands for one pool."""

    def __init__(self, result):
        self.models = [CoreModel(part.blob) for part in result.parts]

    def run(self, arrays):
        pool = None
        for model in self.models:
            if pool is not None:
                model.pool[:] = pool
                arrays = [model.pool[at : at + nbytes] for at, nbytes in places(model, model.inputs)]
            outputs = model.run(arrays)
            pool = model.pool
        self.models[0].pool[:] = pool  # the state
        return outputs


def pool_cases(core, count):
    """`count` inferences' inputs as they lie in the pool, every byte alike."""
    rng = np.random.default_rng(0)
    sizes = [nbytes for _, nbytes in places(core, core.inputs)]
    return [[rng.integers(0, 256, nbytes).astype(np.uint8) for nbytes in sizes] for _ in range(count)]


def answers(model, cases):
    return [b"".join(out.tobytes() for out in model.run(case)) for case in cases]


def assert_same_bytes(data, result, runs=4):
    core = CoreModel(build(data).blob)
    cases = pool_cases(core, runs)
    assert answers(PartsOnCore(result), cases) == answers(core, cases)


@pytest.fixture(scope="module", params=["digits", *REAL])
def model(request):
    """(name, .tflite bytes)"""
    if request.param == "digits":
        return "digits", DIGITS.read_bytes()
    return request.param, (request.getfixturevalue("models") / f"{request.param}.tflite").read_bytes()


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5])
def test_parts_give_the_bytes_of_the_whole(model, parts):
    name, data = model
    if name == "mnist_lstm_int8" and parts > 3:
        with pytest.raises(PackerError, match="its 3 layers cannot make"):
            split(data, name, parts=parts)
        return
    result = split(data, name, parts=parts)
    assert [part.name for part in result.parts] == [f"{name}.{k}" for k in range(parts)]
    assert sum(part.layers for part in result.parts) == len(build(data).program.ops)
    assert_same_bytes(data, result, 20 if name.startswith("wakeword") else 4)
    for k, part in enumerate(result.parts):
        blob, core = Blob(part.blob), CoreModel(part.blob)
        core.pool[:] = 0x5A  # what is in the pool by chance must not count
        assert core.selftest()[0] == -1
        assert blob.header["pool_bytes"] == result.pool_bytes and len(part.blob) <= result.largest_bytes
        assert blob.name == part.name and blob.metadata["part"][:2] == [k, parts]
    assert result.ram_bytes == result.pool_bytes + max(len(part.blob) for part in result.parts)


@pytest.mark.parametrize("parts", range(1, 5))
def test_a_variable_may_be_used_in_several_parts(parts):
    result = split(variable_model(), parts=parts)
    assert_same_bytes(variable_model(), result, 20)
    assert {Blob(part.blob).header["state_bytes"] for part in result.parts} == {4}
    assert [Blob(part.blob).header["n_init_steps"] for part in result.parts] == [1] + [0] * (parts - 1)


def passing_by_model():
    """Two inputs and two outputs: one of each is made early, or needed late, and passes by the layers between."""
    graph = Graph()
    x, late = graph.input((1, 8), 0.5, 0), graph.input((1, 8), 0.5, 0)
    early = graph.op("LOGISTIC", [x], (1, 8), 1 / 256, -128)
    graph.output(early)
    y = early
    for n in range(3):
        weights = graph.const(np.random.default_rng(n).integers(-127, 128, (8, 8)).astype(np.int8), 0.01)
        y = graph.op("FULLY_CONNECTED", [y, weights, None], (1, 8), 0.5, 0)
    graph.output(graph.op("ADD", [y, late], (1, 8), 0.5, 0))
    return graph.finish()


def joining_model():
    """CONCATENATION of several layers, each of which writes a part of its result."""
    graph = Graph()
    x = graph.input((1, 4, 4, 3), 0.5, 0)
    parts = [graph.op(kind, [x], (1, 4, 4, 3), 0.5, 0) for kind in ("RELU", "RELU6", "RELU_N1_TO_1")]
    graph.output(graph.op("CONCATENATION", parts, (1, 4, 4, 9), 0.5, 0, axis=3))
    return graph.finish()


@pytest.mark.parametrize("data, layers", [(passing_by_model(), 5), (joining_model(), 6), (variable_model(), 4)])
def test_all_cuts(data, layers):
    program = lower(fold(read(data, "model")))
    plan(program)
    assert len(program.ops) == layers
    for cuts in itertools.chain.from_iterable(itertools.combinations(range(1, layers), k) for k in range(layers)):
        assert_same_bytes(data, _split_at(program, list(cuts), data, {}))


def test_cuts_through_a_cascade():
    data = DIGITS.read_bytes()
    program = lower(fold(read(data, "digits")))
    cuts = [cut for group in plan(program).groups for cut in range(group.first + 1, group.past)]
    assert len(cuts) > 2
    for cut in cuts:
        assert_same_bytes(data, _split_at(program, [cut], data, {}))


def test_random_graphs():
    seen = []

    @settings(max_examples=15)
    @given(random_graphs([row[0] for row in supported()]), st.integers(2, 6))
    def same_bytes(case, parts):
        n = len(build(case.model).program.ops)
        if n:
            assert_same_bytes(case.model, split(case.model, parts=min(parts, n)))
            seen.append(n)

    same_bytes()
    assert sum(n > 5 for n in seen) > 5


@pytest.mark.parametrize("parts", [2, 3])
def test_no_other_cuts_need_less_ram(parts):
    """All cuts of the example, built and measured; sizes are estimated where the choice is made, hence the 2%."""
    data = DIGITS.read_bytes()
    program = lower(fold(read(data, "digits")))
    plan(program)
    every = itertools.combinations(range(1, len(program.ops)), parts - 1)
    every = [_split_at(program, list(cuts), data, {}).ram_bytes for cuts in every]
    assert len(every) > parts and len({*every}) > 3
    assert split(data, "digits", parts=parts).ram_bytes <= 1.02 * min(every)


def test_ram_takes_as_few_parts_as_do():
    data = DIGITS.read_bytes()
    needs = [split(data, "digits", parts=k).ram_bytes for k in (1, 2, 3)]
    assert needs[0] > needs[1] > needs[2]
    for k, ram in enumerate(needs):
        found = split(data, "digits", ram=ram)
        assert len(found.parts) == k + 1 and found.ram_bytes <= ram
        assert ram == needs[-1] or len(split(data, "digits", ram=ram - 1).parts) > k + 1


def test_ram_that_cannot_be_names_the_least_and_the_layer():
    data = DIGITS.read_bytes()
    least = min(split(data, "digits", parts=k).ram_bytes for k in range(1, 10))
    heaviest = max(build(data).program.ops, key=lambda op: op.params["weights"].size if "weights" in op.params else 0)
    with pytest.raises(PackerError) as e:
        split(data, "digits", ram=least - 1)
    words = str(e.value)
    assert f"{least:,} B of RAM is the least" in words and f"{least - 1:,} B were allowed" in words
    assert f'layer "{heaviest.name}" sets that: make its weights fewer' in words and len(words.splitlines()) == 1


def test_ram_that_the_pool_takes_names_the_layer_with_large_tensors():
    graph = Graph()
    x = graph.input((1, 64, 64, 8), 0.5, 0)
    graph.output(graph.op("LOGISTIC", [x], (1, 64, 64, 8), 1 / 256, -128))
    with pytest.raises(PackerError, match="sets that: make its tensors smaller"):
        split(graph.finish(), ram=1000)


@pytest.mark.parametrize("parts", [0, -1, 10])
def test_number_of_parts_that_cannot_be(parts):
    with pytest.raises(PackerError, match=f"its 9 layers cannot make {parts} parts; ask for 1 to 9"):
        split(DIGITS.read_bytes(), parts=parts)


def test_a_model_without_layers():
    graph = Graph()
    graph.output(graph.input((1, 4), 0.5, 0))
    with pytest.raises(PackerError, match="no layers"):
        split(graph.finish(), parts=1)


def test_metadata_is_that_of_the_last_part_and_no_key_of_it_hides_the_place():
    result = split(DIGITS.read_bytes(), metadata={"labels": ["a"], "part": "mine"}, parts=2)
    first, last = (Blob(part.blob).metadata for part in result.parts)
    assert "labels" not in first and last["labels"] == ["a"]
    assert first["part"][:2] == [0, 2] and last["part"][:2] == [1, 2] and first["part"][2] == last["part"][2]
    other = split(DIGITS.read_bytes(), parts=3)
    assert Blob(other.parts[0].blob).metadata["part"][2] != first["part"][2]


@pytest.mark.parametrize("name", ["digits", "person_detect_int8", "mlperf_kws_int8"])
@pytest.mark.parametrize("backend", ["native x64, SSE2", "pure Python"])
def test_same_bytes_on_micropython(request, name, backend, unix_micropython, natmod, tmp_path):
    """Parts in files, read one at a time; pure Python is for what it can do in seconds."""
    if backend == "pure Python" and name == "person_detect_int8":
        name = "magic_wand_int8"
    path = DIGITS if name == "digits" else request.getfixturevalue("models") / f"{name}.tflite"
    data = path.read_bytes()
    result = split(data, name, parts=3)
    for k, part in enumerate(result.parts):
        (tmp_path / f"{k}.tin").write_bytes(part.blob)
    core = CoreModel(build(data).blob)
    cases = pool_cases(core, 1 if backend == "pure Python" else 5)
    (tmp_path / "in.bin").write_bytes(b"".join(array.tobytes() for case in cases for array in case))
    library = os.environ.get("TINYINFER_NATMOD") or natmod / "_tinyinfer.mpy"
    path = [str(ROOT / "device_lib")] + ([os.path.dirname(library)] if backend != "pure Python" else [])
    script = RUN.format(parts=[f"{k}.tin" for k in range(3)])
    done = subprocess.run(
        [unix_micropython, "-X", "heapsize=16M", "-c", script], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "MICROPYPATH": ":".join(path)}, timeout=300,
    )  # fmt: skip
    assert done.stdout == f"{backend} {result.pool_bytes}\n", done.stdout + done.stderr
    assert (tmp_path / "out.bin").read_bytes() == b"".join(answers(core, cases))


# ---- the command ----


def test_command_writes_the_parts_and_says_what_they_need(tmp_path, capsys):
    target = tmp_path / "d.tin"
    assert main(["split", str(DIGITS), "--parts", "3", "-o", str(target), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    sizes = [(tmp_path / f"d.{k}.tin").stat().st_size for k in range(3)]
    assert [part["blob_bytes"] for part in told["parts"]] == sizes and told["blob_bytes"] == sum(sizes)
    assert told["ram_bytes"] == told["pool_bytes"] + max(sizes) and told["largest_bytes"] == max(sizes)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"d.{k}.tin" for k in range(3)]
    assert main(["split", str(DIGITS), "--ram", str(told["ram_bytes"]), "-o", str(target)]) == 0
    text = capsys.readouterr().out
    assert f"{told['ram_bytes']:,} B" in text and max(map(len, text.splitlines())) <= 100
    assert all(f"{part['blob_bytes']:,}" in text for part in told["parts"])


def test_command_that_fails_keeps_what_was_there(tmp_path, capsys):
    (tmp_path / "d.0.tin").write_bytes(b"precious")
    assert main(["split", str(DIGITS), "--ram", "100", "-o", str(tmp_path / "d.tin")]) == 1
    words = capsys.readouterr().err
    assert words.startswith("packer: ") and len(words.splitlines()) == 1
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("d.0.tin", b"precious")]


@pytest.mark.parametrize("aim", [[], ["--parts", "2", "--ram", "1k"], ["--parts", "two"]])
def test_command_wants_one_aim(aim, capsys):
    with pytest.raises(SystemExit):
        main(["split", str(DIGITS), *aim])
    assert "--parts" in capsys.readouterr().err
