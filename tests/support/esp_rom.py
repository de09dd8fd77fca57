"""What esptool speaks with: an ESP32-C3's boot loader and esptool's stub in it, as far as writing flash needs them.

Packets are SLIP frames: 0, command, u16 bytes, u32 checksum, data; answers 1, command, u16 bytes, u32 value, data, status.
The protocol is Espressif's serial protocol, in esptool's documentation. Nothing of the chip runs here.
"""

import hashlib
import os
import pty
import select
import struct
import threading
import tty
import zlib

_END = 0xC0
MEM_END, SYNC, READ_REG, BEGIN, DATA, MD5, SECURITY_INFO = 0x06, 0x08, 0x0A, 0x10, 0x11, 0x13, 0x14
_SPI_W0 = 0x60002058  # where the flash chip's answers are read
_FLASH_ID = 0x1640EF  # 4 MB
CHIP_ID = 5


class Esp32C3:
    """A chip whose flash is `flash`, at the serial port `port`, that waits for esptool. lies: it reports a wrong MD5."""

    def __init__(self, lies=False):
        self.flash = bytearray(b"\xff" * (4 << 20))
        self._lies = lies
        self._in_stub = False
        self._end, self._plug = pty.openpty()
        tty.setraw(self._plug)
        self.port = os.ttyname(self._plug)
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        os.close(self._stopped)
        self._thread.join()
        for file in (self._end, self._plug, self._stop):
            os.close(file)

    def _serve(self):
        frame = None
        while True:
            ready = select.select([self._end, self._stop], [], [])[0]
            if self._stop in ready:
                return
            for byte in os.read(self._end, 4096):
                if byte != _END:
                    frame = frame + bytes([byte]) if frame is not None else None
                elif frame:
                    self._command(frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))
                    frame = None
                else:
                    frame = b""

    def _command(self, frame):
        command, data = frame[1], frame[8:]
        value, answer = 0, b""
        if command == READ_REG:
            value = _FLASH_ID if struct.unpack("<I", data)[0] == _SPI_W0 else 0
        elif command == SYNC:
            value = 0 if self._in_stub else 0x20120707
        elif command == SECURITY_INFO:
            answer = struct.pack("<IB7xII", 0, 0, CHIP_ID, 0)
        elif command == BEGIN:
            self._at = struct.unpack_from("<I", data, 12)[0]
            self._inflate = zlib.decompressobj()
        elif command == DATA:
            raw = self._inflate.decompress(data[16:])
            self.flash[self._at : self._at + len(raw)] = raw
            self._at += len(raw)
        elif command == MD5:
            at, size = struct.unpack_from("<II", data)
            answer = hashlib.md5(self.flash[at : at + size] + b"?" * self._lies).digest()
        status = b"\0\0" if self._in_stub else b"\0\0\0\0"
        for _ in range(8 if command == SYNC else 1):
            self._send(struct.pack("<BBHI", 1, command, len(answer + status), value) + answer + status)
        if command == MEM_END:
            self._in_stub = True
            self._send(b"OHAI")

    def _send(self, data):
        data = data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        data = b"\xc0" + data + b"\xc0"
        while data:
            data = data[os.write(self._end, data) :]
