"""`packer boards` and `packer build --board`: what boards have, what fits, how good the estimated times are."""

import json
import re

import numpy as np
import pytest
from bench import cores, report
from bench.count import blob_of, find, instructions
from bench.machines import MACHINES, BenchError
from conftest import ROOT
from packer import boards, build
from packer.cli import main
from packer.costs import of_blob
from packer.errors import PackerError
from packer.inspect import Blob
from packer.narrow import narrow
from packer.prune import prune

DIGITS = ROOT / "examples" / "digits" / "digits_int8.tflite"
ESP32 = {"ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3"}
WANTED = {"RPI_PICO", "RPI_PICO_W", "RPI_PICO2", "ESP8266_GENERIC", "unix"} | ESP32
ARCHS = {"x64", "x86", "armv6m", "armv7m", "armv7emsp", "rv32imc", "xtensa", "xtensawin"}
CORES = json.loads((ROOT / "boards" / "cores.json").read_text())
OFF = 0.25  # that an estimate may be off
CYCLES_OF = ("digits", "hello_world", "mlperf_kws")


@pytest.fixture
def small_board(monkeypatch):
    """Gives the Pico other sizes: small_board(heap_bytes=…)."""

    def change(**sizes):
        pico = vars(boards.find("RPI_PICO"))
        monkeypatch.setattr(boards, "find", lambda name: boards.Board(**{**pico, **sizes}))

    return change


def library_bytes():
    arch = json.loads((ROOT / "boards" / "archs.json").read_text())["armv6m"]
    return arch["module_bytes"] + arch["library_bytes"]


@pytest.mark.parametrize("board", boards.boards().values(), ids=lambda board: board.name)
def test_figures_make_sense(board):
    assert board.arch in ARCHS and board.title and board.mcu and board.core
    assert (board.heap_bytes is None) == (board.heap_source is None)
    if board.filesystem_bytes:
        assert board.filesystem_bytes < board.flash_bytes
    if board.clock_hz:
        assert 10**7 < board.clock_hz < 10**9
    assert bool(board.emulator) == board.name.startswith("QEMU_")


def test_all_boards_are_there():
    assert boards.boards().keys() > WANTED


def test_names_in_any_case():
    assert boards.find("rpi_pico").name == "RPI_PICO"
    with pytest.raises(PackerError, match="there is no board rpi_pic: `packer boards` lists them"):
        boards.find("rpi_pic")


def test_boards_are_listed(capsys):
    assert main(["boards"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert {line.split()[0] for line in lines[1:-2]} == boards.boards().keys()
    assert main(["boards", "--json"]) == 0
    listed = {board["name"]: board for board in json.loads(capsys.readouterr().out)["boards"]}
    assert listed["RPI_PICO"]["heap_bytes"] == 237_072
    assert listed["RPI_PICO"]["unit"] == "cycles" and 1 < listed["RPI_PICO"]["each_mac"] < 20


def test_digits_fits_a_pico(tmp_path, capsys):
    target = tmp_path / "digits.tin"
    assert main(["build", str(DIGITS), "-o", str(target), "--board", "rpi_pico"]) == 0
    text = capsys.readouterr().out
    blob = target.read_bytes()
    pool = Blob(blob).header["pool_bytes"]
    assert f"RAM    {pool + library_bytes():,} B of 237,072 B: pool {pool:,} B, tinyinfer {library_bytes():,} B" in text
    assert f"flash  {len(blob):,} B of 1,441,792 B" in text
    assert re.search(r"time   about [\d.]+ ms, an estimate from counted cycles, without waits for flash", text)
    assert all(len(line) <= 100 for line in text.splitlines())


def test_json(tmp_path, capsys):
    assert main(["build", str(DIGITS), "-o", str(tmp_path / "x.tin"), "--board", "rpi_pico2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["board"]["name"] == "RPI_PICO2" and found["board"]["fits"]
    assert found["board"]["ram_bytes"] == found["pool_bytes"] + found["board"]["library_bytes"]
    assert found["board"]["milliseconds"] > 0 and found["board"]["milliseconds_from"] == "instructions"


def test_unknown_figures_are_said(tmp_path, capsys, small_board):
    small_board(core="z80", arch="armv8m", heap_bytes=None)
    assert main(["build", str(DIGITS), "-o", str(tmp_path / "x.tin"), "--board", "rpi_pico"]) == 0
    text = capsys.readouterr().out
    assert "of how many is not known" in text and "tinyinfer, of unknown size on armv8m" in text
    assert "time   not known: nothing has been counted on its core, z80" in text


@pytest.mark.parametrize("spare", [0, 1])
def test_ram_to_the_byte(spare, tmp_path, capsys, small_board):
    target = tmp_path / "digits.tin"
    main(["build", str(DIGITS), "-o", str(target)])
    needed = Blob(target.read_bytes()).header["pool_bytes"] + library_bytes()
    target.unlink()
    small_board(heap_bytes=needed - 1 + spare)
    status = main(["build", str(DIGITS), "-o", str(target), "--board", "rpi_pico"])
    assert (status == 0) == target.exists() == bool(spare)
    error = capsys.readouterr().err
    if not spare:
        assert f"does not fit Raspberry Pi Pico: {needed:,} B of RAM are needed, {needed - 1:,} B are there" in error
        assert error.count("\n") == 1 and 'layer "' in error


def test_flash_to_the_byte(tmp_path, capsys, small_board):
    target = tmp_path / "digits.tin"
    main(["build", str(DIGITS), "-o", str(target)])
    size = target.stat().st_size
    small_board(filesystem_bytes=size)
    assert main(["build", str(DIGITS), "-o", str(target), "--board", "rpi_pico"]) == 0
    small_board(filesystem_bytes=size - 1)
    assert main(["build", str(DIGITS), "-o", str(target), "--board", "rpi_pico"]) == 1
    assert f"{size:,} B of flash are needed, {size - 1:,} B are there; split it" in capsys.readouterr().err


def test_a_file_that_has_no_room_in_ram(tmp_path, capsys, small_board):
    target = tmp_path / "digits.tin"
    main(["build", str(DIGITS), "-o", str(target)])
    needed = Blob(target.read_bytes()).header["pool_bytes"] + library_bytes() + target.stat().st_size
    for heap, words in ((needed, False), (needed - 1, True)):
        small_board(heap_bytes=heap)
        capsys.readouterr()
        assert main(["build", str(DIGITS), "-o", str(target), "--board", "rpi_pico"]) == 0
        assert ("too large to be read into RAM" in capsys.readouterr().out) == words


def test_ram_holds_beside_board(tmp_path, capsys):
    assert main(["build", str(DIGITS), "-o", str(tmp_path / "x.tin"), "--board", "rpi_pico", "--ram", "100"]) == 1
    assert "100 B were allowed" in capsys.readouterr().err
    assert main(["build", str(DIGITS), "-o", str(tmp_path / "x.tin"), "--board", "rpi_pico", "--ram", "20k"]) == 0


def test_weights_from_a_file_count(tmp_path, capsys):
    arguments = ["--board", "rpi_pico", "--stream-weights", "--json"]
    assert main(["build", str(DIGITS), "-o", str(tmp_path / "x.tin"), *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["resident_bytes"] > 0 and found["board"]["fits_as_file"]
    assert found["board"]["ram_bytes"] == found["pool_bytes"] + found["resident_bytes"] + library_bytes()


def test_costs_are_found_again():
    rng = np.random.default_rng(3)
    costs = np.array([3.5, 0, 120, 900])
    amounts = rng.integers(1, 10_000, (30, 4))
    assert cores.fit(amounts, amounts @ costs) == pytest.approx(costs)


@pytest.mark.parametrize("name", report.MODELS)
def test_estimates(name):
    """Against counts of now, for all there is in the models."""
    try:
        blob = blob_of(find(name))
    except BenchError as error:
        pytest.skip(str(error))
    for core, machine in cores.CORES.items():
        if CORES[core]["unit"] == "instructions":
            counted = instructions(machine, blob).run
        elif name in CYCLES_OF:
            counted = report.rp2040_cycles(blob)
        else:
            continue
        estimate, unknown = boards.estimate(CORES[core], Blob(blob))
        assert unknown == []
        assert estimate == pytest.approx(counted, rel=OFF), f"{core}: run `make bench` where the kernels changed"


@pytest.mark.parametrize("coding", ["entropy", "sparse", "palette"])
def test_estimates_of_coded_weights(coding):
    """Against counts of now, on a core whose unit is instructions."""
    data, core = DIGITS.read_bytes(), "cortex-m33"
    if coding != "entropy":
        data = prune(data, "d", 0.6, blocks=True).tflite if coding == "sparse" else narrow(data, "d", "palette4").tflite
    plain, blob = (build(data, "d", coding=c).blob for c in ("none", coding))
    view = Blob(blob)
    estimate, unknown = boards.estimate(CORES[core], view, of_blob(view, core))
    assert unknown == [] and estimate == pytest.approx(instructions(MACHINES[core], blob).run, rel=OFF)
    if coding != "sparse":
        assert estimate > 1.2 * boards.estimate(CORES[core], Blob(plain))[0]  # decoding takes time
    assert of_blob(view, "a core that nobody has counted on") == of_blob(Blob(plain), core) == {}


def test_kernels_that_were_never_counted_are_named():
    blob = blob_of(DIGITS)
    core = CORES["cortex-m0plus"]
    without = {**core, "kernels": {kind: costs for kind, costs in core["kernels"].items() if kind != "ADD"}}
    less, unknown = boards.estimate(without, Blob(blob))
    assert unknown == ["ADD"] and less < boards.estimate(core, Blob(blob))[0]
