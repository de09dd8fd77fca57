"""A board's Python prompt over its serial port, by mpremote or ampy."""

import ast
import contextlib
import io
import struct

from .errors import PackerError

VIA = ("mpremote", "ampy")
_SECONDS = 60  # without a sign of the board; it answers at once, but erasing and checking flash takes a while
_BAUD = 115200


class LinkError(PackerError):
    """The board cannot be reached, or not any more."""


class DeviceError(PackerError):
    """What ran on the board raised something; `traceback` is the board's text."""

    def __init__(self, traceback):
        self.traceback = traceback.strip()
        super().__init__(f"the board: {self.traceback.splitlines()[-1] if self.traceback else 'an error without words'}")


class Link:
    """The prompt of the board at a serial port, interrupted and reset, so that its heap is free.

    LinkError where the port cannot be opened, or nothing that speaks Python answers.
    """

    def __init__(self, port, via):
        self.port = port
        self._board = {"mpremote": _mpremote, "ampy": _ampy}[via](port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self._board.exit_raw_repl()
        with contextlib.suppress(Exception):
            self._board.close()

    def run(self, code):
        """What `code` prints on the board. DeviceError where it raises; LinkError where the board does not answer."""
        with _link_errors(self.port):
            printed, traceback = self._board.exec_raw(code, timeout=_SECONDS)
        if traceback:
            raise DeviceError(traceback.decode(errors="replace"))
        return printed.decode(errors="replace").replace("\r\n", "\n")

    def value(self, code):
        """The literal that `code` prints on the board."""
        printed = self.run(code)
        try:
            return ast.literal_eval(printed)
        except (ValueError, SyntaxError):
            raise LinkError(f"{self.port}: the board said {printed[-80:]!r}; stop what else prints there, and deploy again") from None


def _mpremote(port):
    try:
        from mpremote.transport_serial import SerialTransport
    except ImportError:
        raise missing("mpremote") from None
    with _link_errors(port):
        return _start(SerialTransport(port, _BAUD))


def _ampy(port):
    try:
        from ampy.pyboard import Pyboard
    except ImportError:
        raise missing("ampy") from None
    with _link_errors(port):
        return _start(Pyboard(port, _BAUD))


def missing(what):
    """The PackerError where a tool of the extra `deploy` is not installed."""
    return PackerError(f"{what} is not installed: pip install 'tinyinfer[deploy]'")


def _start(board):
    board.serial.timeout = board.serial.write_timeout = _SECONDS
    board.enter_raw_repl()
    return board


@contextlib.contextmanager
def _link_errors(port):
    """A LinkError of whatever mpremote, ampy and pyserial raise; what they print is dropped."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except (KeyboardInterrupt, SystemExit, PackerError):
        raise
    except (OSError, struct.error) as e:
        raise LinkError(f"{port}: the board does not answer any more ({e}); plug it in and deploy again") from None
    except BaseException as e:  # ampy's PyboardError is no Exception
        if type(e).__name__ not in ("PyboardError", "TransportError"):
            raise
        raise LinkError(_sentence(port, str(e))) from None


def _sentence(port, words):
    if "failed to access" in words:
        return f"{port} cannot be opened: see that the board is plugged in, and that nothing else has the port"
    if "could not enter raw repl" in words:
        return f"{port}: no Python prompt answers; see that the board runs MicroPython or CircuitPython, and reset it"
    return f"{port}: the board does not answer any more ({words}); plug it in and deploy again"
