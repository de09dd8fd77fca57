"""The counters of `make bench` count what they say: loops of known length, by hand."""

import json

import pytest
from bench.count import blob_of, check, counted, find, instructions, main, program
from bench.machines import LX106, MACHINES, RP2040, SLOT_LAYERS, TARGET, BenchError, Counts, count, link, objects
from bench.rp2040 import cycles
from packer.core import CoreModel

ROUNDS = 1000  # of target/loops.c
INSTRUCTIONS = {  # of a round, by loop, in the order of target/loops.c
    "cortex-m0plus": {"countdown": 2, "loads": 6, "stores": 5, "branches": 4, "pages": 1003, "skipped": 2},
    "cortex-m33": {"countdown": 2, "loads": 6, "stores": 5, "branches": 4, "pages": 1003, "skipped": 5},
    "rv32imc": {"countdown": 2, "loads": 5, "stores": 6, "branches": 4, "pages": 1003, "skipped": 2},
    "lx106": {"countdown": 2, "loads": 5, "stores": 6, "branches": 4, "pages": 1003, "skipped": 2},
}
COUNTED = [*MACHINES.values(), LX106]  # by QEMU
# Of a Cortex-M0+ with single-cycle multiplier: a load or store 2, a push or pop 1 and 1 a register, a taken branch 2.
CYCLES = {"countdown": 1 + 2, "loads": 2 + 1 + 2 + 1 + 1 + 2, "stores": 4 + 2 + 4 + 1 + 2, "branches": 2 + 1 + 1 + 2,
          "pages": 1000 + 1 + 1 + 2, "skipped": 1 + 2}  # fmt: skip


def executable(machine, name, folder):
    """The executable of target/NAME.c."""
    elf = folder / f"{name}.elf"
    link(machine, objects(machine, [TARGET / f"{name}.c"], "-O2"), elf)
    return elf


def rounds(counts):
    """[what one round of each loop counts]; each loop's whole count is held to that, but for the call."""
    assert counts.printed == "done\n"
    short, long = counts.executed[SLOT_LAYERS::2], counts.executed[SLOT_LAYERS + 1 :: 2]
    assert all((b - a) % (2 * ROUNDS) == 0 for a, b in zip(short, long))
    each = [(b - a) // (2 * ROUNDS) for a, b in zip(short, long)]
    calls = [n - ROUNDS * one for n, one in zip(short, each)]
    assert min(calls) > 0 and max(calls) < 12
    return each


@pytest.mark.parametrize("machine", COUNTED, ids=lambda machine: machine.name)
def test_instructions_of_loops(machine, tmp_path):
    assert rounds(count(machine, executable(machine, "loops", tmp_path))) == list(INSTRUCTIONS[machine.name].values())


def test_cycles_of_loops(tmp_path):
    assert rounds(cycles(RP2040, executable(RP2040, "loops", tmp_path))) == list(CYCLES.values())


@pytest.mark.parametrize("machine", COUNTED, ids=lambda machine: machine.name)
def test_counts_repeat(machine):
    blob = blob_of(find("digits"))
    once, again = (instructions(machine, blob, layers=True) for _ in range(2))
    assert once == again
    ops = sum(layer.instructions for layer in once.layers)
    assert abs(ops - once.run) < 0.01 * once.run


def test_wrong_byte_is_an_error(tmp_path):
    machine, blob = MACHINES["cortex-m33"], blob_of(find("digits"))
    expected = program(machine, [blob], tmp_path / "digits.elf")
    counts = count(machine, tmp_path / "digits.elf")
    assert counted(counts, blob, expected).run > 0
    wrong = ("1" if expected[0][0] == "0" else "0") + expected[0][1:]
    with pytest.raises(BenchError, match="^1 of 10 output bytes differ"):
        counted(counts, blob, [wrong])
    with pytest.raises(BenchError, match="not all: 1 lines for 2 models"):
        counted(counts, blob, expected * 2)
    with pytest.raises(BenchError, match="no outputs"):
        counted(Counts("", counts.visits, counts.executed), blob, expected)


def test_several_models_in_a_program(monkeypatch):
    digits = blob_of(find("digits"))
    check(LX106, [digits, digits, digits])
    runs = []

    class SecondWrong(CoreModel):
        def run(self, inputs):
            runs.append(inputs)
            return [output ^ (len(runs) == 2) for output in super().run(inputs)]

    monkeypatch.setattr("bench.count.CoreModel", SecondWrong)
    with pytest.raises(BenchError, match="^model 1: 10 of 10 output bytes differ"):
        check(LX106, [digits, digits, digits])


@pytest.mark.parametrize("machine, run", [(MACHINES["cortex-m0plus"], count), (RP2040, cycles), (LX106, count)],
                         ids=["cortex-m0plus", "rp2040", "lx106"])  # fmt: skip
def test_misaligned_word_is_an_error(machine, run, tmp_path):
    with pytest.raises(BenchError, match="stopped by an exception|not 32 bit aligned|Bus error"):
        run(machine, executable(machine, "misaligned", tmp_path))


def test_command_line(tmp_path, capsys):
    (tmp_path / "digits.tin").write_bytes(blob_of(find("digits")))
    main(["all", str(tmp_path / "digits.tin"), "--layers", "--json", "-O", "s"])
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [r["core"] for r in results] == list(MACHINES)
    assert all(sum(layer["macs"] for layer in r["layers"]) == r["macs"] > 0 for r in results)
    main(["rv32imc", "digits", "--layers"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(results[0]["layers"]) and max(map(len, lines)) <= 100
    with pytest.raises(BenchError, match="^no model nosuch"):
        main(["rv32imc", "nosuch"])
