"""Cycles of a program on an RP2040, counted by the emulator rp2040js: a load takes 2 cycles there, a taken branch 2, as
on its Cortex-M0+. Memory has no wait states: what misses of the flash's cache cost is not in the figures.
"""

import base64
import json
import subprocess
from pathlib import Path

from elftools.elf.elffile import ELFFile

from .machines import BUILD, SECONDS, BenchError, Counts, symbols, tool

RUN = Path(__file__).parent / "rp2040" / "run.mjs"
HZ = 125_000_000  # a Pico's clock


def _installed():
    """The folder that rp2040js is installed in."""
    folder = BUILD / "rp2040js"
    if not (folder / "installed").exists():
        raise BenchError("rp2040js is missing: run `make rp2040js`")
    return folder


def _program(elf):
    names = symbols(elf)
    slots, slots_bytes = names["bench_slots"]
    with open(elf, "rb") as file:
        executable = ELFFile(file)
        loaded = [s for s in executable.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
        return {
            "segments": [[s["p_vaddr"], base64.b64encode(s.data()).decode()] for s in loaded],
            "entry": executable["e_entry"],
            "stack": names["bench_stack_top"][0],
            "slots": slots,
            "n_slots": slots_bytes // 4,
        }


def cycles(machine, elf):
    """Counts, in cycles, of a program linked for `machine`, which is machines.RP2040."""
    command = [tool("node"), str(RUN), str(_installed())]
    text = json.dumps(_program(elf))
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{machine.emulator[1]}: the program did not end within {SECONDS} s") from None
    result = json.loads(done.stdout) if not done.returncode else {"status": 1, "printed": ""}
    if result["status"]:
        raise BenchError(f"{machine.emulator[1]}: the program failed: {result['printed']}{done.stderr}".strip())
    return Counts.of(result["printed"], [f"{visits} {n}" for visits, n in result["slots"]])
