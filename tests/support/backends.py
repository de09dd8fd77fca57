"""The ways to run a model that must all give the oracle's bytes: each takes (model, cases) and returns the outputs.

Inferences of one call run one after the other on one loaded model, so state lives from each to the next.
"""

import atexit
import functools
import os
import struct
import subprocess
import threading
from pathlib import Path

from packer import build
from packer.core import CoreModel, split_outputs
from packer.edges import from_pool, to_pool
from tinyinfer import _pure

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "tests" / "micropython" / "serve.py"
TIMEOUT_SECONDS = 60


@functools.lru_cache(maxsize=1)
def opened(model, coding="none"):
    """A `.tflite` model, built and opened on the C core."""
    return CoreModel(build(model, coding=coding).blob)


def with_pool_bytes(run):
    """A backend of `run`, which knows pool bytes only: (core model, [[array an input] a case]) -> [[array an output] a case]."""

    @functools.wraps(run)
    def backend(model, cases, coding="none"):
        core = opened(model, coding)
        inputs = [[to_pool(io, array) for io, array in zip(core.inputs, case, strict=True)] for case in cases]
        answers = run(core, inputs)
        return [[from_pool(io, array) for io, array in zip(core.outputs, answer, strict=True)] for answer in answers]

    return backend


def places(core, edges):
    """(offset, bytes) in the pool of a core model's inputs or outputs."""
    tensors = [core.tensors[io["tensor"]] for io in edges]
    return [(t["offset"], t["rows"] * t["row_bytes"]) for t in tensors]


@with_pool_bytes
def core(core, cases):
    """The packer's blob on the C core, through ctypes."""
    core.reset()
    return [core.run(case) for case in cases]


@with_pool_bytes
def pure(core, cases):
    """The device library's pure-Python engine, on CPython."""
    engine = _pure.Engine(core.blob.tobytes(), None)
    differs = engine.selftest()
    assert differs < 0, f"selftest: the bytes of op {differs} differ"
    engine.reset()
    pool, answers = engine.pool(), []
    for case in cases:
        for (offset, size), array in zip(places(core, core.inputs), case):
            pool[offset : offset + size] = array.tobytes()
        engine.run()
        raw = b"".join(pool[offset : offset + size] for offset, size in places(core, core.outputs))
        answers.append(split_outputs(core.outputs, raw))
    return answers


class MicroPython:
    """A process that runs tests/micropython/serve.py, kept from one call to the next, started again when it died."""

    def __init__(self, program, *path):
        self.program, self.path = program, path
        self.process = None
        atexit.register(self.stop)

    def start(self):
        """FileNotFoundError where a part of it is missing."""
        self.stop()
        for needed in (self.program, *self.path):
            if not needed.exists():
                raise FileNotFoundError(f"{needed} is missing: run `make natmods unix xtensa-port`")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={**os.environ, "MICROPYPATH": ":".join(map(str, self.path))})

    def command(self):
        return [self.program, "-X", "heapsize=64M", SERVER]

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def ask(self, *messages):
        """The answer to a request; AssertionError with the server's words where it is an error, or none comes."""
        if self.process is None:
            self.start()
        watchdog = threading.Timer(TIMEOUT_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for message in messages:
                self.process.stdin.write(struct.pack("<I", len(message)) + message)
            self.process.stdin.flush()
            head = self.process.stdout.read(5)
            status, size = head[4], struct.unpack("<I", head[:4])[0] - 1
            answer = self.process.stdout.read(size)
            if len(answer) != size or status > 1:
                raise EOFError(answer)
        except (OSError, EOFError, IndexError, struct.error):
            words, _ = self.process.communicate()
            ended, self.process = self.process.returncode, None
            raise AssertionError(f"MicroPython ended with status {ended}: {words.decode(errors='replace')}") from None
        finally:
            watchdog.cancel()
        assert status == 0, f"MicroPython: {answer.decode(errors='replace')}"
        return answer


class OnXtensa(MicroPython):
    """The same by qemu-xtensa, of the port in tests/xtensa, whose memory is never collected: stop() it now and then."""

    def __init__(self, cpu, program, *path):
        super().__init__(program, *path)
        self.cpu = cpu

    def command(self):
        return ["qemu-xtensa", "-cpu", self.cpu, self.program, SERVER, *self.path]


def on_micropython(name, server):
    """The backend, called `name`, that a server runs."""

    def run(core, cases):
        inputs, outputs = places(core, core.inputs), places(core, core.outputs)
        head = struct.pack("<HH", len(inputs), len(outputs))
        head += b"".join(struct.pack("<II", *place) for place in inputs + outputs)
        raw = server.ask(core.blob.tobytes(), head + b"".join(array.tobytes() for case in cases for array in case))
        size = sum(size for _, size in outputs)
        return [split_outputs(core.outputs, raw[at : at + size]) for at in range(0, len(raw), size)]

    run.__name__ = name
    return with_pool_bytes(run)


def product(variable, path):
    """What `make natmod unix` built, or the one named by an environment variable."""
    return Path(os.environ.get(variable) or ROOT / "build" / path)


NATIVE = MicroPython(product("TINYINFER_UNIX", "unix/micropython"),
                     product("TINYINFER_NATMOD", "natmod/x64/_tinyinfer.mpy").parent)
USER_MODULE = MicroPython(product("TINYINFER_UNIX_USERMOD", "unix-usermod/micropython"))

ALL = {run.__name__: run for run in (core, on_micropython("mpy", NATIVE), on_micropython("usermod", USER_MODULE), pure)}
