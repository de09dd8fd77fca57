"""The boards of boards/NAME/board.json: does a model fit one, and how long will it take there?

boards/README.md says what the fields are, and where the figures come from.
"""

import functools
import json
from dataclasses import dataclass

from .costs import of_blob
from .errors import PackerError
from .figures import figures, folder
from .inspect import Blob

_CYCLES = 1.4  # an instruction, as inferences on an RP2040 take (docs/benchmarks.md)


@dataclass(frozen=True)
class Board:
    """None where a figure is not known, or there is none."""

    name: str
    title: str
    mcu: str
    core: str  # whose cycles boards/cores.json has
    arch: str  # of a native .mpy
    clock_hz: "int | None"  # as MicroPython sets it
    flash_bytes: "int | None"
    filesystem_bytes: "int | None"  # of the flash, in the stock firmware
    heap_bytes: "int | None"  # free after start-up of the stock firmware
    heap_source: "str | None"
    emulator: "dict | None" = None  # how QEMU runs it: program, arguments, romfs_address, romfs_bytes


@functools.cache
def boards():
    """{name: Board}, by name."""
    files = sorted(folder().glob("*/board.json"))
    return {file.parent.name: Board(file.parent.name, **json.loads(file.read_text("utf-8"))) for file in files}


def find(name):
    """The Board of that name, in upper or lower case. PackerError if there is none."""
    for board in boards().values():
        if board.name.lower() == name.lower():
            return board
    raise PackerError(f"there is no board {name}: `packer boards` lists them")


def core_of(board):
    """The entry of boards/cores.json for a Board's core, None where nothing has been counted on it.

    unit: "cycles", or "instructions" where no emulator counts cycles; each_mac: of those, over all models; kernels: what
    work() is multiplied with.
    """
    return figures("cores.json").get(board.core)


@dataclass(frozen=True)
class Fit:
    """What a model takes of a board, in bytes, and how long an inference takes."""

    board: Board
    pool_bytes: int
    resident_bytes: int  # of a blob whose weights are read from a file, what is in RAM; else 0
    library_bytes: "int | None"  # heap that importing tinyinfer takes, with its native module
    blob_bytes: int
    milliseconds: "float | None"  # estimated
    unit: "str | None"  # what was counted for that: cycles, or just instructions
    unknown: list  # kernels that nothing is known of, and that are left out of it
    is_fast: bool = True  # the native module has the fast forms of the inner loops, for which was counted

    @property
    def ram_bytes(self):
        return self.pool_bytes + self.resident_bytes + (self.library_bytes or 0)

    @property
    def flash_bytes(self):
        """Flash for a blob: the file system's, as far as it is known."""
        return self.board.filesystem_bytes or self.board.flash_bytes

    @property
    def shortage(self):
        """(what there is too little of, bytes needed, bytes there), None where the model fits as far as is known."""
        ram = "RAM", self.ram_bytes, self.board.heap_bytes
        for what, needed, there in (ram, ("flash", self.blob_bytes, self.flash_bytes)):
            if there is not None and needed > there:
                return what, needed, there
        return None

    @property
    def fits_as_file(self):
        """Whether the blob has room in RAM, too, as a file has to that is not mapped into memory; None: not known."""
        heap = self.board.heap_bytes
        return None if heap is None else self.resident_bytes > 0 or self.ram_bytes + self.blob_bytes <= heap

    def summary(self):
        """What `packer build --board --json` adds."""
        return {
            "name": self.board.name,
            "fits": self.shortage is None,
            "fits_as_file": self.fits_as_file,
            "ram_bytes": self.ram_bytes,
            "library_bytes": self.library_bytes,
            "heap_bytes": self.board.heap_bytes,
            "flash_bytes": self.flash_bytes,
            "milliseconds": self.milliseconds,
            "milliseconds_from": self.unit,
            "kernels_left_out": self.unknown,
        }

    def check(self, name, layer):
        """PackerError where model `name` does not fit; `layer`: the one that sets the size of the pool."""
        if self.shortage:
            what, needed, there = self.shortage
            text = f"{name} does not fit {self.board.title}: {needed:,} B of {what} are needed, {there:,} B are there; "
            if what == "flash":
                raise PackerError(text + "split it with `packer split`, or take a smaller model")
            text += f'its pool has {self.pool_bytes:,} B, and layer "{layer}" sets that: make its tensors smaller'
            raise PackerError(text)

    def lines(self):
        """The Fit in words: [(what, text)]."""
        board = self.board
        clock = f", {board.clock_hz // 10**6} MHz" if board.clock_hz else ""
        return [
            ("board", f"{board.title} ({board.mcu}, {board.arch}{clock})"),
            ("RAM", _of(self.ram_bytes, board.heap_bytes) + self._parts()),
            ("flash", _of(self.blob_bytes, self.flash_bytes) + self._as_file()),
            ("time", self._time()),
        ]

    def _parts(self):
        parts = f": pool {self.pool_bytes:,} B"
        if self.resident_bytes:
            parts += f", of the blob {self.resident_bytes:,} B"
        if self.library_bytes is None:
            return f"{parts}, and tinyinfer, of unknown size on {self.board.arch}"
        return f"{parts}, tinyinfer {self.library_bytes:,} B"

    def _as_file(self):
        if self.fits_as_file is not False:
            return ""
        return "; too large to be read into RAM: put it into a ROMFS"

    def _time(self):
        if not self.is_fast:
            return "not known: nothing has been counted without the fast inner loops"
        if self.milliseconds is None:
            return f"not known: nothing has been counted on its core, {self.board.core}"
        how = "about" if self.unit == "cycles" else "at least"
        of = "counted cycles, without waits for flash" if self.unit == "cycles" else "counted instructions, one a cycle"
        left_out = f"; without {', '.join(self.unknown)}, never counted" if self.unknown else ""
        return f"{how} {self.milliseconds:,.{0 if self.milliseconds >= 10 else 2}f} ms, an estimate from {of}{left_out}"


def _of(needed, there):
    return f"{needed:,} B" + (", of how many is not known" if there is None else f" of {there:,} B")


def fit(board, blob, resident_bytes=0, runtime=None):
    """The Fit of a blob (bytes) on a Board. resident_bytes: BuildResult's. runtime: a Runtime, if not the native module for all
    kernels."""
    view = Blob(blob)
    arch = figures("archs.json").get(board.arch)
    library = arch and arch["module_bytes"] + arch["library_bytes"]
    if library and runtime and arch["module_bytes"] > arch["file_bytes"]:  # on the heap, that is
        library += len(runtime.mpy) - arch["file_bytes"]
    core = core_of(board)
    ms, unit, unknown = None, None, []
    is_fast = runtime is None or runtime.is_fast
    if core and board.clock_hz and is_fast:
        count, unknown = estimate(core, view, of_blob(view, board.core))
        ms, unit = count * 1000 / board.clock_hz, core["unit"]
    return Fit(board, view.header["pool_bytes"], resident_bytes, library, len(blob), ms, unit, unknown, is_fast)


def work(view):
    """[(kind, MACs, bytes read, output bytes, rows)] of the ops of a Blob, for as many rows as an inference makes."""
    made = [0] * len(view.ops)
    for step in view.steps[view.header["n_init_steps"] :]:
        if step["op"] < len(made):
            made[step["op"]] += abs(step["rows"])
    items = []
    for op, rows in zip(view.ops, made):
        tensor = view.tensors[op["output"]]
        macs, reads = (amount * rows // tensor["rows"] for amount in (op["macs"], _bytes_read(view, op)))
        items.append((kind(op), macs, reads, tensor["row_bytes"] * rows, rows))
    return items


def _bytes_read(view, op):
    """Bytes of its inputs that an op reads for all its rows, as often as windows overlap, but once for all channels."""
    tensor = view.tensors[op["output"]]
    window = op["params"].get("window")
    if window:
        channels = window["in_c"] if op["kernel"] != "DEPTHWISE_CONV2D" else window["out_c"]
        return tensor["rows"] * window["out_w"] * window["k_h"] * window["k_w"] * channels
    inputs = [view.tensors[i] for i in op["inputs"] if i < len(view.tensors)]
    return sum(tensor["rows"] * tensor["row_bytes"] for tensor in inputs)


def kind(op):
    """What the speed of an op depends on most: its kernel, whether it makes two pixels at a time, windows of 3x3."""
    params = op["params"]
    if op["kernel"] == "DEPTHWISE_CONV2D":
        window = params["window"]
        return op["kernel"] + ("/3x3" if window["k_h"] == window["k_w"] == 3 else "")
    return op["kernel"] + ("/2" if params.get("pairs", {}).get("chunk") else "")


def estimate(core, view, coded=None):
    """(cycles or instructions of an inference of a Blob, kernels that boards/cores.json knows nothing of). coded: costs.of_blob()."""
    count, unknown = 0.0, set()
    for i, (name, *amounts) in enumerate(work(view)):
        each = core["kernels"].get(name)
        if each is None:
            unknown.add(name)
            continue
        dense, more = (coded or {}).get(i, (1, 0))
        amounts[0] *= dense
        count += sum(a * n for a, n in zip(each, amounts)) + more * (_CYCLES if core["unit"] == "cycles" else 1)
    return count, sorted(unknown)
