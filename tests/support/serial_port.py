"""Serial ports of emulated boards, with a cable between that can be pulled."""

import contextlib
import os
import pty
import select
import subprocess
import threading
import tty

from packer import boards

from .boards import BUILD, BoardError

_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
_REBOOT = b"soft reboot\r\n"
_SECONDS = 60

# Where there is memory for files: between the firmware's and the stack, where the ROMFS has its place in flash.
_MEMORY = {"QEMU_MICROBIT": (0x20024000, 96 * 1024)}

# The port for QEMU has no boot.py, and makes no file system. This one lies in memory that a reset leaves alone.
_FILES = """
import sys, uctypes, vfs
class Disk:
    def __init__(self, memory):
        self.memory = memory
    def readblocks(self, n, buffer):
        buffer[:] = self.memory[512 * n : 512 * n + len(buffer)]
    def writeblocks(self, n, buffer):
        self.memory[512 * n : 512 * n + len(buffer)] = buffer
    def ioctl(self, op, _):
        return {{4: len(self.memory) // 512, 5: 512}}.get(op)
disk = Disk(memoryview(uctypes.bytearray_at({address}, {size})))
try:
    vfs.mount(vfs.VfsFat(disk), "/")
except OSError:
    vfs.VfsFat.mkfs(disk)
    vfs.mount(vfs.VfsFat(disk), "/")
sys.path.append("/lib")
"""


class Cable:
    """A serial port, `port`, that leads to the open file `board`, until it is pulled.

    pulled_after: when so many bytes have gone to the board. on_reset: code that the board runs after each soft reset,
    before anything that comes through the cable.
    """

    def __init__(self, board, pulled_after=None, on_reset=""):
        self._board = board
        self._left = pulled_after
        self._on_reset = on_reset
        self._said = b""  # the end of what the board said
        self._end, self._plug = pty.openpty()
        tty.setraw(self._plug)
        self.port = os.ttyname(self._plug)
        self.sent = 0
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._stopped)
        self._thread.join()
        os.close(self._plug)
        os.close(self._stop)

    def _carry(self):
        """Copy bytes both ways."""
        try:
            while True:
                ready = select.select([self._end, self._board, self._stop], [], [])[0]
                if self._stop in ready:
                    return
                if self._board in ready:
                    self._to_host(os.read(self._board, 4096))
                if self._end in ready and not self._to_board(os.read(self._end, 256)):
                    return
        finally:
            os.close(self._end)

    def _to_board(self, data):
        """Whether the cable is still plugged in."""
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        _write(self._board, data)
        self.sent += len(data)
        return self._left != 0

    def _to_host(self, data):
        self._said = (self._said + data)[-len(data) - len(_REBOOT) :]
        if self._on_reset and _REBOOT in self._said:
            self._said = b""
            data = _until(self._board, _PROMPT, data)
            run(self._board, self._on_reset)
        _write(self._end, data)


def run(board, code):
    """What `code` prints at the raw prompt of the board behind an open file. BoardError where it raises."""
    _write(board, code.encode() + b"\x04")
    answer = _until(board, b"\x04>")
    printed, _, traceback = answer[answer.index(b"OK") + 2 : -2].partition(b"\x04")
    if traceback:
        raise BoardError(traceback.decode())
    return printed.decode().replace("\r\n", "\n")


def interrupt(board):
    """Bring the board behind an open file to its raw prompt, whatever it was in the middle of."""
    while select.select([board], [], [], 0.2)[0]:
        os.read(board, 4096)
    _write(board, b"\r\x03\x01")
    _until(board, _PROMPT)


def _write(file, data):
    while data:
        data = data[os.write(file, data) :]


def _until(file, end, data=b""):
    while not data.endswith(end):
        if not select.select([file], [], [], _SECONDS)[0]:
            raise BoardError(f"no answer; it said {data[-200:]!r}")
        data += os.read(file, 4096)
    return data


@contextlib.contextmanager
def qemu(name):
    """(open file of its serial port, code that mounts its file system) of a board that QEMU emulates, switched on."""
    emulator = boards.find(name).emulator
    firmware = BUILD / "firmware" / name / "firmware.elf"
    if not firmware.exists():
        raise BoardError(f"{firmware} is missing: run `make firmware`")
    end, serial = pty.openpty()
    tty.setraw(serial)
    command = [emulator["program"], *emulator["arguments"], "-display", "none", "-monitor", "none"]
    command += ["-serial", "stdio", "-semihosting-config", "enable=on,target=native", "-kernel", str(firmware)]
    process = subprocess.Popen(command, stdin=end, stdout=end)
    os.close(end)
    try:
        address, size = _MEMORY.get(name, (emulator["romfs_address"], emulator["romfs_bytes"]))
        yield serial, _FILES.format(address=address, size=size)
    finally:
        process.kill()
        process.wait()
        os.close(serial)
