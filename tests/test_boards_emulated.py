"""Every architecture, executed: MicroPython with the native module of each, on QEMU's boards and the unix port.

The library comes from a ROMFS, and so does each model, which stays where it lies.
"""

import dataclasses
import json

import pytest
from packer.boards import boards
from support import boards as emulated
from support.boards_report import KEPT, README, names, with_table

# What bits 10 and up of sys.implementation._mpy say. MicroPython takes a Cortex-M3 for an M4 without FPU, armv7em.
NUMBERS = {"x86": 1, "x64": 2, "armv6m": 4, "armv7m": 6, "armv7emsp": 7, "rv32imc": 11}
FORMS = {"x86": "C", "x64": "SSE2", "armv6m": "assembly", "armv7m": "C", "armv7emsp": "DSP", "rv32imc": "assembly"}
# Bytes of heap that a model with one input and one output may take beside its pool on a board of 32 bits, and what
# each further one of them may.
OBJECTS, EDGE = 512, 224


def test_every_architecture_is_there():
    assert {boards()[name].arch for name in names()} == NUMBERS.keys()


@pytest.mark.parametrize("name", names())
def test_board(name):
    board, (models, _) = boards()[name], emulated.at_hand()
    head, found = emulated.run(name, models)
    assert head["backend"] == f"native {board.arch}, {FORMS[board.arch]}"
    assert head["mpy"] >> 10 == NUMBERS[board.arch]
    for model in models:
        facts = found[model.name]
        assert len(model.wanted) == emulated.RUNS and model.differing_bytes(facts["outputs"]) == 0, model.name
        assert facts["in_place"], model.name
        assert facts["run_bytes"] == 0, f"{model.name}: inference allocates {facts['run_bytes']} B"
        objects = facts["load_bytes"] - facts["pool_bytes"]
        at_most = (OBJECTS + EDGE * (facts["edges"] - 2)) * (2 if board.arch == "x64" else 1)
        assert 0 < objects <= at_most, f"{model.name}: {objects} B beside the pool"
        needs = facts["pool_bytes"] - facts["state_bytes"]
        assert facts["enough"] == "", model.name
        assert f"the pool has {needs - 1} bytes and model {model.name} needs {needs}" in facts["too_small"]
    kept = json.loads(KEPT.read_text())[board.arch]
    if board.emulator:  # compilers differ a little
        ram = head["module_bytes"] + head["library_bytes"]
        assert ram == pytest.approx(kept["module_bytes"] + kept["library_bytes"], rel=0.1), "run `make boards-report`"


def test_readme_has_the_table():
    text = README.read_text("utf-8")
    assert with_table(text) == text, "run `make readme`"


def test_a_wrong_byte_is_found():
    (digits, *_), _ = emulated.at_hand()
    other = dataclasses.replace(digits, inputs=bytes(byte ^ 0x55 for byte in digits.inputs))
    _, found = emulated.run("QEMU_VIRT_RV32", [other])
    assert digits.differing_bytes(found["digits"]["outputs"]) > 0


def test_what_goes_wrong_on_a_board_is_told():
    (digits, *_), _ = emulated.at_hand()
    damaged = dataclasses.replace(digits, blob=digits.blob[:100] + b"?" + digits.blob[101:])
    with pytest.raises(emulated.BoardError, match="digits.tin: it is damaged: its checksum is"):
        emulated.run("QEMU_VIRT_RV32", [damaged])
