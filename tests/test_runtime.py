"""`packer build --with-runtime`: a native module with nothing but what a model uses."""

import functools
import json
import re
import subprocess

import pytest
from conftest import ROOT
from packer import build, runtime
from packer.cli import main
from packer.core import CoreModel
from packer.edges import to_pool
from packer.errors import PackerError
from packer.inspect import Blob
from packer.split import split
from packer.unix import UnixPort, run_cases
from packer.verify import make_cases
from support import boards as emulated
from support.products import CODED, CODED_OPS, model
from support.tflite_builder import Graph

DIGITS = ROOT / "examples/digits/digits_int8.tflite"
# Bytes of a Cortex-M0's heap that person_detect's module may take at import, by whether it is small.
HEAP_AT_MOST = {False: 14_000, True: 10_240}


@functools.cache
def digits(**options):
    return build(DIGITS.read_bytes(), "digits", **options).blob


@pytest.fixture(scope="module", autouse=True)
def micropython_source():
    runtime._micropython()


@pytest.fixture(scope="module")
def digits_module(tmp_path_factory):
    """The path of a native module for digits, for the unix port."""
    path = tmp_path_factory.mktemp("digits") / "_tinyinfer.mpy"
    path.write_bytes(runtime.build_runtime("x64", runtime.needs([Blob(digits())])).mpy)
    return path


def outputs_on_unix(program, module, blob, form="SSE2"):
    core = CoreModel(blob)
    cases = [[to_pool(io, a) for io, a in zip(core.inputs, case)] for case in make_cases(core.inputs, 4)]
    raws, facts = run_cases(UnixPort(program, module), blob, cases)
    assert facts["backend"] == f"native x64, {form}"
    return raws, [b"".join(out.tobytes() for out in core.run(case)) for case in cases]


def what_is_said(program, module, blob, tmp_path, command="tinyinfer.load('model.tin')"):
    """The sentence of the error of a command."""
    (tmp_path / "model.tin").write_bytes(blob)
    script = f"import tinyinfer\ntry:\n    {command}\nexcept Exception as e:\n    print(e)"
    path = f"{module.parent}:{ROOT / 'device_lib'}"
    done = subprocess.run([program, "-c", script], cwd=tmp_path, env={"MICROPYPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def table_model():
    graph = Graph()
    graph.output(graph.op("LOGISTIC", [graph.input((1, 8), 0.1, 0)], (1, 8), 1 / 256, -128))
    return graph.finish()


@pytest.mark.parametrize("small", HEAP_AT_MOST)
def test_person_detect_on_a_cortex_m0(small, models):
    model = emulated.model("person_detect", (models / "person_detect_int8.tflite").read_bytes())
    names = runtime.needs([Blob(model.blob)], small)
    kernels = ["FULLY_CONNECTED", "CONV2D", "DEPTHWISE_CONV2D", "AVERAGE_POOL", "SOFTMAX"]
    assert names == kernels + ([] if small else ["PAIRS", "FAST"])
    made = runtime.build_runtime("armv6m", names)
    head, found = emulated.run("QEMU_MICROBIT", [model], made.mpy)
    assert head["backend"] == f"native armv6m, {'C' if small else 'assembly'}"
    assert model.differing_bytes(found["person_detect"]["outputs"]) == 0
    assert found["person_detect"]["run_bytes"] == 0
    assert head["module_bytes"] <= HEAP_AT_MOST[small]


def test_digits_with_its_own_module(unix_micropython, digits_module, natmod):
    got, wanted = outputs_on_unix(unix_micropython, digits_module, digits())
    assert got == wanted
    assert digits_module.stat().st_size < 0.7 * (natmod / "_tinyinfer.mpy").stat().st_size


def test_same_bytes_of_a_small_module(unix_micropython, digits_module, tmp_path):
    names = runtime.needs([Blob(digits())])
    assert runtime.SPEED < set(names)
    module = tmp_path / "_tinyinfer.mpy"
    module.write_bytes(runtime.build_runtime("x64", runtime.needs([Blob(digits())], small=True)).mpy)
    assert module.stat().st_size < 0.75 * digits_module.stat().st_size
    got, wanted = outputs_on_unix(unix_micropython, module, digits(), "C")
    assert got == wanted


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("coding, part", [("palette", "PALETTES"), ("entropy", "ENTROPY_CODES"), ("sparse", "SPARSE_WEIGHTS")])
def test_coded_weights(unix_micropython, digits_module, tmp_path, coding, part, small):
    blob = build(model(3, 4, ops=CODED_OPS, weights=CODED[coding]), "coded", coding=coding).blob
    names = runtime.needs([Blob(blob)], small)
    assert part in names
    module = tmp_path / "own" / "_tinyinfer.mpy"
    module.parent.mkdir()
    module.write_bytes(runtime.build_runtime("x64", names).mpy)
    got, wanted = outputs_on_unix(unix_micropython, module, blob, "C" if small else "SSE2")
    assert got == wanted
    text = what_is_said(unix_micropython, digits_module, blob, tmp_path)
    assert f"it needs {part}, which this native module was built without" in text


def test_another_model_is_refused(unix_micropython, digits_module, tmp_path):
    blob = build(table_model(), "other").blob
    text = what_is_said(unix_micropython, digits_module, blob, tmp_path)
    assert re.fullmatch(
        'model.tin: op 0 ".*": it needs kernel TABLE, which this native module was built without: build one for this model, '
        "`packer build --with-runtime`, or copy the one that has everything", text)  # fmt: skip


@pytest.mark.parametrize("option, part", [("stream_input", "FEED"), ("stream_weights", "SEGMENTS")])
def test_a_part_that_is_missing_is_named(unix_micropython, digits_module, tmp_path, option, part):
    text = what_is_said(unix_micropython, digits_module, digits(**{option: True}), tmp_path)
    assert f"it needs {part}, which this native module was built without" in text


@pytest.mark.parametrize("command, what", [
    ("tinyinfer.load('model.tin').selftest()", "selftest()"),
    ("tinyinfer.load('model.tin', tinyinfer.Pool(2000)).selftest()", "selftest()"),
    ("tinyinfer.load('model.tin', stream=True)", "streamed weights"),
    ("tinyinfer.load_parts(['0.tin', '1.tin'])", "load_parts()"),
])  # fmt: skip
def test_what_only_the_whole_module_does_is_named(unix_micropython, digits_module, tmp_path, command, what):
    for k, part in enumerate(split(DIGITS.read_bytes(), "digits", parts=2).parts):
        (tmp_path / f"{k}.tin").write_bytes(part.blob)
    text = what_is_said(unix_micropython, digits_module, digits(), tmp_path, command)
    assert text == f"this native module was built without {what}: copy the one that has everything"


def test_what_models_need():
    names = runtime.needs([Blob(digits(stream_input=True)), Blob(build(table_model(), "other").blob)])
    assert names[-3:] == ["FEED", "PAIRS", "FAST"] and {"CONV2D", "TABLE"} < set(names) and "SEGMENTS" not in names
    assert "SEGMENTS" in runtime.needs([Blob(digits(stream_weights=True))])


def test_parts_are_those_of_the_core():
    header = (ROOT / "native_modules/core/ti_parts.h").read_text()
    parts = re.findall(r"^#define TI_(\w+) \d+", header, re.MULTILINE)
    assert set(parts) == {*runtime.PARTS, *runtime.ONLY_IN_ALL}


def test_an_unknown_name_does_not_compile():
    with pytest.raises(PackerError, match="native module for x64 cannot be built with gcc: .*TI_CONV3D"):
        runtime.build_runtime("x64", ["CONV3D"])


def test_command(tmp_path, capsys):
    target = tmp_path / "d.tin"
    assert main(["build", str(DIGITS), "-o", str(target), "--with-runtime", "x64", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["runtime"]
    module = tmp_path / "_tinyinfer.mpy"
    assert told["arch"] == "x64" and told["bytes"] == module.stat().st_size
    assert told["kernels_and_parts"] == runtime.needs([Blob(target.read_bytes())])


def test_command_takes_the_boards_architecture(tmp_path, capsys):
    whole, own = (["build", str(DIGITS), "-o", str(tmp_path / "d.tin"), "--board", "rpi_pico", "--json", *more] for more in
                  ([], ["--with-runtime"]))  # fmt: skip
    assert main(whole) == 0
    library = json.loads(capsys.readouterr().out)["board"]["library_bytes"]
    assert main(own) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["runtime"]["arch"] == "armv6m" and told["board"]["library_bytes"] < library - 8000


def refusal(capsys, *args):
    assert main(["build", str(DIGITS), *args]) == 1
    return capsys.readouterr().err.strip()


def test_what_is_missing_is_said(tmp_path, capsys, monkeypatch):
    target = tmp_path / "d.tin"
    target.write_bytes(b"old")
    own = "-o", str(target), "--with-runtime"
    assert refusal(capsys, *own) == "packer: --with-runtime needs an architecture, as in `--with-runtime armv6m`, or a --board"
    assert refusal(capsys, "-o", str(target), "--small-runtime").endswith("says what --with-runtime writes: give that, too")
    assert refusal(capsys, *own, "z80").startswith("packer: there is no native module for z80, but for x64, x86, armv6m")
    monkeypatch.setenv("MICROPY_DIR", str(tmp_path))
    assert refusal(capsys, *own, "x64").startswith("packer: a native module is built with MicroPython's source, and there is none in")
    monkeypatch.setenv("PATH", str(tmp_path))
    text = refusal(capsys, *own, "armv6m")
    assert text == ("packer: a native module for armv6m is built with arm-none-eabi-gcc, which is not in PATH: "
                    "install Debian's package gcc-arm-none-eabi")  # fmt: skip
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]
