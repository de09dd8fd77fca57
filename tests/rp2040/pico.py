"""An emulated Pico: MicroPython's rp2 firmware on rp2040js, spoken to over the serial port of its USB."""

import os
import pty
import select
import shutil
import subprocess
import time
import tty
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "build" / "firmware"
EMULATOR = ROOT / "build" / "bench" / "rp2040js"
PROGRAM = Path(__file__).parent / "pico.mjs"

HZ = 125_000_000
XIP = 0x10000000  # where flash is mapped
FLASH_BYTES = 2 * 1024 * 1024
ROMFS_AT = 640 * 1024  # of boards/RPI_PICO
ROMFS_BYTES = 512 * 1024
SECONDS = 120  # that an answer may take

POWER_FAILED = 3  # the emulator's exit status

_PROMPT = b"\r\n>>> "

# Before and after what reads bytes from the port, of which 3 would interrupt it otherwise.
_READY = b"ready\r\n"
_RAW = "import micropython, sys\nmicropython.kbd_intr(-1)\nprint('ready')\n"
_COOKED = "\nmicropython.kbd_intr(3)\n"

_RECEIVE = """
def receive(n, write):
    buffer = memoryview(bytearray(1024))
    while n:
        got = sys.stdin.buffer.readinto(buffer[:min(n, len(buffer))])
        write(buffer[:got])
        n -= got
"""

_MKDIRS = """
import os
def mkdir(path):
    folder, _, name = path.rpartition("/")
    if name not in os.listdir(folder):
        os.mkdir(path)
"""


class PicoError(Exception):
    """A traceback of the Pico's, or what became of the emulator."""


class NoAnswer(PicoError):
    """None came in time."""


class PowerFailed(PicoError):
    """The power failed, as it was to."""


def firmware(name):
    """The image that `make firmware-NAME` built. PicoError where it is missing."""
    path = FIRMWARE / name / "firmware.bin"
    if not path.exists():
        raise PicoError(f"{path} is missing: run `make firmware-{name}`")
    return path.read_bytes()


def write_flash(path, program, romfs=b""):
    """Make `path` the flash of a Pico that has a firmware image, a ROMFS and nothing else."""
    assert len(program) <= ROMFS_AT and len(romfs) <= ROMFS_BYTES
    flash = bytearray(b"\xff" * FLASH_BYTES)
    flash[: len(program)] = program
    flash[ROMFS_AT : ROMFS_AT + len(romfs)] = romfs
    path.write_bytes(flash)
    return path


class Pico:
    """A Pico with the flash in a file, which is written to; on as long as the `with` lasts.

    port, serial: its serial port, the path of it and the open file. fails_at: the power fails in the middle of the write
    of this number, counted from 1 in sectors erased and pages programmed; whatever waits for an answer then gets a
    PowerFailed.
    """

    def __init__(self, flash, fails_at=None):
        if not (EMULATOR / "installed").exists():
            raise PicoError("rp2040js is missing: run `make rp2040js`")
        command = [shutil.which("node") or "node", PROGRAM, EMULATOR, flash, *([str(fails_at)] if fails_at else [])]
        usb, self.serial = pty.openpty()
        tty.setraw(self.serial)
        self.port = os.ttyname(self.serial)
        self._emulator = subprocess.Popen(command, stdin=usb, stdout=usb, stderr=subprocess.PIPE, text=True)
        os.close(usb)
        self._unread = b""

    def __enter__(self):
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._emulator.kill()
        self._emulator.communicate()
        os.close(self.serial)

    def exec(self, code, data=b"", seconds=SECONDS):
        """What `code` prints; it reads `data` from sys.stdin. PicoError with the traceback where it raises.

        Where there is data, so is a function receive(n, write), which passes n bytes of it on to write().
        """
        self._send((_RAW + _RECEIVE + code + _COOKED if data else code).encode() + b"\x04")
        self._until(b"OK", seconds)
        if data:
            self._until(_READY, seconds)
            self._send(data)
        printed = self._until(b"\x04", seconds)
        traceback = self._until(b"\x04>", seconds)
        if traceback:
            raise PicoError(printed.decode() + traceback.decode())
        return printed.decode().replace("\r\n", "\n")

    def put(self, files):
        """Write files, a dict of contents (bytes) by absolute path, to its file system."""
        folders = {str(folder) for path in files for folder in PurePosixPath(path).parents[:-1]}
        self.exec(_MKDIRS + f"for path in {sorted(folders)}: mkdir(path)")
        for path, data in files.items():
            self.exec(f"with open({path!r}, 'wb') as f: receive({len(data)}, f.write)", data)

    def reset(self):
        """What its reset button does, or rather machine.reset()."""
        self._send(b"import machine\nmachine.reset()\x04")
        deadline = time.monotonic() + SECONDS
        while True:
            self._send(b"\r")
            try:
                self._until(_PROMPT, 0.2)
                break
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise
        self.connect()

    def connect(self):
        """Stop what runs, and begin the raw REPL."""
        self._send(b"\r\x03\x01")
        self._until(b"raw REPL; CTRL-B to exit\r\n>", SECONDS)

    def _send(self, data):
        while data:
            self._ready(1, SECONDS)
            data = data[os.write(self.serial, data[:1024]) :]

    def _until(self, end, seconds):
        deadline = time.monotonic() + seconds
        while end not in self._unread:
            self._ready(0, deadline - time.monotonic())
            self._unread += os.read(self.serial, 65536)
        found, _, self._unread = self._unread.partition(end)
        return found

    def _ready(self, which, seconds):
        """Wait until the port can be read (0) or written to (1)."""
        deadline = time.monotonic() + seconds
        serial = select.poll()
        serial.register(self.serial, (select.POLLIN, select.POLLOUT)[which])
        while True:
            events = dict(serial.poll(200)).get(self.serial, 0)
            if events & select.POLLHUP:  # the emulator has no port any more
                status = self._emulator.wait()
                if status == POWER_FAILED:
                    raise PowerFailed("the power failed")
                raise PicoError(f"the emulator ended with status {status}: {self._emulator.stderr.read().strip()}")
            if events:
                return
            if time.monotonic() > deadline:
                raise NoAnswer(f"no answer; it said {self._unread[-200:]!r}")
