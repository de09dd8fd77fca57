"""Bare-metal programs for the microcontroller cores that are measured: compiled, linked, run under QEMU, counted.

A program is target/board.c, which starts it, and a main() that sets marks (target/bench.h); target/plugin.c counts
what QEMU executes between them, exactly. Objects are kept in build/bench, and made again when a source is newer.
"""

import functools
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
CORE_DIR = ROOT / "native_modules" / "core"
ARITHMETIC = ROOT / "native_modules" / "natmod" / "arithmetic_xtensa.c"
TARGET = Path(__file__).parent / "target"
BUILD = ROOT / "build" / "bench"
SLOT_EMPTY, SLOT_LOAD, SLOT_RUN, SLOT_LAYERS = 1, 2, 3, 4  # of target/bench.h
SECONDS = 300  # that a run may take


class BenchError(Exception):
    """A tool is missing, or a program did not build or run."""


@dataclass(frozen=True)
class Machine:
    """A core, how to compile for it, and what runs its code."""

    name: str
    compiler: tuple  # and its flags
    emulator: tuple  # program and board
    code: int  # address of the program
    data: int  # and of its RAM
    runtime: tuple = ()  # sources of what its compiler's libgcc lacks


_ARM = ("arm-none-eabi-gcc", "-mthumb", "-mfloat-abi=soft")
_RISCV = ("riscv64-unknown-elf-gcc", "-specs=picolibc.specs", "-mabi=ilp32", "-mcmodel=medany")

MACHINES = {
    machine.name: machine
    for machine in (
        # The Cortex-M3 of mps2-an385 executes the code of a Cortex-M0+, instruction by instruction.
        Machine("cortex-m0plus", (*_ARM, "-mcpu=cortex-m0plus"), ("qemu-system-arm", "mps2-an385"), 0, 0x20000000),
        Machine("cortex-m33", (*_ARM, "-mcpu=cortex-m33"), ("qemu-system-arm", "mps2-an505"), 0x10000000, 0x10200000),
        Machine("rv32imc", (*_RISCV, "-march=rv32imc"), ("qemu-system-riscv32", "virt"), 0x80000000, 0x80200000),
    )
}
# Linux processes. What an ESP8266 executes; and what an ESP32 and an ESP32-S3 do as well, with their windowed calls.
LX106 = Machine("lx106", ("xtensa-lx106-elf-gcc",), ("qemu-xtensa", "lx106"), 0x10000000, 0x10400000, (ARITHMETIC,))
# lx106's libc has other calls: what it has of setjmp() and memcpy() would not do.
XTENSA = ROOT / "tests" / "xtensa"
XTENSAWIN = replace(LX106, name="xtensawin", compiler=(str(ROOT / "build" / "xtensa" / "xtensawin-gcc"), f"-I{XTENSA}"),
                    emulator=("qemu-xtensa", "de233_fpu"),
                    runtime=(ARITHMETIC, TARGET / "string.c", XTENSA / "setjmp.S", XTENSA / "spill.c"))  # fmt: skip
RP2040 = replace(MACHINES["cortex-m0plus"], emulator=("rp2040js", "RP2040"), code=0x10000000)  # rp2040.py runs it
HOST = Machine("x86_64", ("gcc",), ("valgrind",), 0, 0)  # instructions.py runs it


def tool(name):
    """The path of a program. BenchError if it is missing."""
    found = shutil.which(name)
    if not found:
        remedy = "`make xtensa-compiler`" if name.endswith("xtensawin-gcc") else "scripts/apt-packages.sh bench as root"
        raise BenchError(f"{name} is missing: run {remedy}")
    return found


def _run(command):
    tool(command[0])
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise BenchError(f"{command[0]} failed:\n{done.stderr}")


def make(target, sources, command):
    """`target`, made by `command` -o TARGET where it is missing or older than one of its sources."""
    newest = max(source.stat().st_mtime_ns for source in sources)
    if not target.exists() or target.stat().st_mtime_ns < newest:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            made = Path(folder) / target.name
            _run([*command, "-o", made])
            os.utime(made, ns=(newest, newest))  # a source may have changed meanwhile
            os.replace(made, target)  # another process may be making the same
    return target


@functools.cache
def version(machine):
    """The version of a machine's compiler."""
    command = [tool(machine.compiler[0]), "-dumpfullversion"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def objects(machine, sources, optimise, core_dir=CORE_DIR):
    """Object files of C sources; `optimise`: -O2, -Os, …"""
    needed = [Path(__file__), *core_dir.glob("*.h"), *TARGET.glob("*.h")]
    command = [*machine.compiler, "-std=c99", optimise, f"-I{core_dir}", f"-I{TARGET}"]
    folder = BUILD / f"{machine.name}{optimise}-{version(machine)}"
    names = [str(source.resolve().with_suffix(".o")).strip("/").replace("/", "-") for source in sources]
    return [make(folder / name, [source, *needed], [*command, "-c", source]) for name, source in zip(names, sources)]


def core_objects(machine, optimise, core_dir=CORE_DIR):
    """Object files of the C core in a folder."""
    sources = [*sorted(core_dir.glob("*.c")), *sorted(core_dir.glob("kernels/*.c"))]
    return objects(machine, sources, optimise, core_dir)


def link(machine, parts, elf):
    """Link object files and assembly sources with board.c to an executable."""
    board = objects(machine, [TARGET / "board.c", *machine.runtime], "-O2")
    addresses = (f"-Wl,--defsym=CODE={machine.code:#x}", f"-Wl,--defsym=DATA={machine.data:#x}")
    _run([*machine.compiler, "-nostartfiles", *addresses, "-T", TARGET / "target.ld", *board, *parts, "-o", elf])


def symbols(elf):
    """{name: (address, bytes)} of an executable."""
    with open(elf, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return {s.name: (s["st_value"] & ~1 if s["st_info"]["type"] == "STT_FUNC" else s["st_value"], s["st_size"])
                for s in table.iter_symbols()}  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """What a program printed, and what was executed for each slot, without the marks' own share."""

    printed: str
    visits: list
    executed: list

    @classmethod
    def of(cls, printed, lines):
        """From lines "visits executed", one a slot."""
        pairs = [tuple(map(int, line.split())) for line in lines]
        if len(pairs) <= SLOT_EMPTY or not pairs[SLOT_EMPTY][0]:
            raise BenchError("the counter saw no mark")
        own = pairs[SLOT_EMPTY][1] // pairs[SLOT_EMPTY][0]
        return cls(printed, [visits for visits, _ in pairs], [executed - visits * own for visits, executed in pairs])


def count(machine, elf):
    """Run an executable under QEMU: its Counts."""
    program, board = machine.emulator
    source = TARGET / "plugin.c"
    plugin = make(BUILD / "counter.so", [source], ["gcc", "-std=gnu99", "-O2", "-shared", "-fPIC", source])
    names = symbols(elf)
    (mark, mark_bytes), (slots, slots_bytes) = names["bench_mark"], names["bench_slots"]
    with tempfile.TemporaryDirectory() as folder:
        counted, printed = Path(folder) / "counted", Path(folder) / "printed"
        arguments = f"mark={mark},mark_bytes={mark_bytes},slots={slots},n_slots={slots_bytes // 4},out={counted}"
        command = [tool(program), "-plugin", f"{plugin},{arguments}"]
        if program == "qemu-xtensa":
            command += ["-cpu", board, elf]
        else:
            command += ["-machine", board, "-bios", "none", "-kernel", elf]
            command += ["-display", "none", "-monitor", "none", "-serial", "none"]
            command += ["-chardev", f"file,id=text,path={printed}"]
            command += ["-semihosting-config", "enable=on,target=native,chardev=text"]
        try:
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise BenchError(f"{board}: the program did not end within {SECONDS} s") from None
        text = printed.read_text() if printed.exists() else done.stdout
        if done.returncode or not counted.exists():
            raise BenchError(f"{board}: the program failed: {text}{done.stderr}".strip())
        return Counts.of(text, counted.read_text().splitlines())
