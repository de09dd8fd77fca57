"""Put the library, the native module and a model onto a board: checked on it, and never half of a file."""

import base64
import contextlib
import zlib
from dataclasses import dataclass
from pathlib import Path

from tinyinfer import _slot

from .errors import PackerError
from .library import arch_of, fitting_module, library, native_modules
from .link import DeviceError

_DEVICE = Path(__file__).parent / "device"
_CHUNK = 512  # bytes a line that is sent; the board holds it three times
_PAGE, _SECTOR = 256, 4096  # of RP2's flash
_SLOT_STEP = 64 * 1024

# By errno, what to do about what boards say of their file systems.
_REMEDIES = {
    1: "its firmware has no file system that can be written",
    19: "its firmware has no file system that can be written",
    28: "its file system is full: remove what is not needed, or see `packer deploy --slot`",
    30: "its file system is read-only: for CircuitPython put storage.remount('/', False) into boot.py, and reset the board",
}


@dataclass(frozen=True)
class Board:
    """What a board says about itself. mpy: its sys.implementation._mpy, 0 where it is not MicroPython."""

    implementation: str
    version: tuple
    mpy: int
    machine: str
    built_in: "str | None"  # BACKEND of the _tinyinfer that is in the firmware
    lib: str  # the folder that imports look into

    @property
    def root(self):
        return self.lib.rpartition("/")[0]

    @property
    def firmware(self):
        return f"{self.implementation} {'.'.join(map(str, self.version))}"


@dataclass(frozen=True)
class Sent:
    """A file, or a slot, and whether it had to be sent or was there already."""

    path: str
    bytes: int
    crc32: int
    sent: bool


def ask(link):
    """The Board at the other end of a Link; its functions of device/files.py are then there."""
    link.run((_DEVICE / "files.py").read_text("utf-8") + "settle()")
    implementation, version, mpy, machine, built_in, folders = link.value("facts()")
    if not folders:
        raise PackerError(f"{link.port}: the board's sys.path has no folder /lib, so there is no place to install to")
    mpy = mpy if implementation == "micropython" else 0
    return Board(implementation, version, mpy, machine, built_in, folders[0])


def backend(board, natmods=None):
    """(what will run the models, bytes of the native .mpy or None) for a Board.

    natmods: the folder that holds ARCH/_tinyinfer.mpy, or None, see library.native_modules().
    """
    if board.built_in:
        return board.built_in, None
    if not arch_of(board.mpy):
        return "pure Python", None
    arch, module = fitting_module(board.mpy, native_modules(natmods))
    return f"native {arch}", module


def library_files(board, backend, module):
    """{path on the board: bytes} of the library and, unless it is None, the native module."""
    files = {f"{board.lib}/tinyinfer/{name}": data for name, data in library(board.mpy, backend == "pure Python").items()}
    if module:
        files[f"{board.lib}/_tinyinfer.mpy"] = module
    return files


def put_files(link, board, files, on_progress=lambda path, sent: None):
    """Bring {path: bytes} onto a board; the list of Sent. on_progress(path, bytes more) as it gets on."""
    for folder in sorted({path.rpartition("/")[0] for path in files} | {board.root, board.lib}):
        link.run(f"tidy({folder!r})")
    done = []
    for path, data in files.items():
        sent = _put(link, path, data, on_progress)
        stem, _, kind = path.rpartition(".")
        if kind in ("py", "mpy"):  # the other one would be imported in its place, or be in the way
            link.run(f"remove({stem + ('.mpy' if kind == 'py' else '.py')!r})")
        done.append(Sent(path, len(data), zlib.crc32(data), sent))
    return done


def _put(link, path, data, on_progress):
    crc = zlib.crc32(data)
    if link.value(f"print(crc_of({path!r}))") == (len(data), crc):
        on_progress(path, len(data))
        return False
    try:
        link.run(f"f = begin({path!r})\nw = f.write")
        _send(link, path, data, on_progress)
        link.run("f.close()")
        if not link.value(f"print(end({path!r}, {len(data)}, {crc}))"):
            link.run(f"remove({path!r} + ASIDE)")
            raise PackerError(f"{link.port}: {path} did not arrive as it was sent; what was there is kept: deploy again")
    except DeviceError as e:
        with contextlib.suppress(DeviceError):
            link.run(f"try: f.close()\nexcept Exception: pass\nremove({path!r} + ASIDE)")
        raise _file_error(link, path, data, e) from None
    return True


def _send(link, path, data, on_progress):
    """Hand `data` to the board's function w() in pieces."""
    for at in range(0, len(data), _CHUNK):
        piece = data[at : at + _CHUNK]
        link.run(f"w(a2b({base64.b64encode(piece)!r}))")
        on_progress(path, len(piece))


def _file_error(link, path, data, error):
    last = error.traceback.splitlines()[-1]
    for number, remedy in _REMEDIES.items():
        if last.startswith("OSError") and (f"[Errno {number}]" in last or last.endswith(f": {number}")):
            return PackerError(f"{link.port}: {path}, {len(data):,} B, cannot be written: {remedy}; what was there is kept")
    return PackerError(f"{link.port}: {path} cannot be written: {last}")


# ---- slots ----


def slots(link):
    """The labels of an RP2's slots, as _slot.labels() has them, empty where it has none."""
    try:
        link.run((_DEVICE / "slots.py").read_text("utf-8"))
        total, found = link.value("labels()")
    except DeviceError:
        raise PackerError(f"{link.port}: slots are for RP2 boards with MicroPython 1.25 or later; deploy without --slot") from None
    flash = bytearray(total)
    for start, head in found:
        flash[start : start + len(head)] = head
    return _slot.labels(flash)


def slot_bytes(blob_bytes):
    """The size of a slot for a blob: with a quarter more, for the next one."""
    return -(-(blob_bytes * 5 // 4 + _PAGE) // _SLOT_STEP) * _SLOT_STEP


def make_slots(link, size):
    """Make two slots of `size` bytes, a multiple of 4096; all files of the board are lost."""
    if size % _SECTOR:
        raise PackerError(f"a slot of {size:,} B is no multiple of {_SECTOR}; take {-(-size // _SECTOR) * _SECTOR}")
    try:
        link.run((_DEVICE / "make_slots.py").read_text("utf-8") + f"\nmake_slots({size})")
    except DeviceError as e:
        raise PackerError(f"{link.port}: {e.traceback.splitlines()[-1]}") from None


def put_slot(link, found, blob, on_progress=lambda path, sent: None):
    """Bring a blob into the slot whose turn it is, with the library on the board; Sent. found: slots()."""
    crc = zlib.crc32(blob)
    path = "slot"
    _, start, size, there = found[0]
    start += _PAGE
    if len(blob) > size - _PAGE:
        raise PackerError(
            f"{link.port}: the model has {len(blob):,} B, and the board's slots take {size - _PAGE:,}; --make-slots makes larger "
            "ones, and ERASES the board's files: save them first"
        )
    if there == len(blob) and link.value(f"crc_of_flash({start}, {len(blob)})") == crc:
        on_progress(path, len(blob))
        return Sent(path, len(blob), crc, False)
    try:
        link.run(f"import tinyinfer\nslot = tinyinfer.SlotWriter({len(blob)})\nw = slot.write")
        _send(link, path, blob, on_progress)
        link.run(f"slot.commit({crc})")
    except DeviceError as e:
        raise PackerError(f"{link.port}: {e.traceback.splitlines()[-1]}; the model that was there is kept") from None
    return Sent(path, len(blob), crc, True)
