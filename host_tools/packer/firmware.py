"""What a firmware file is for, and bringing it there: a Pico's BOOTSEL drive, or an ESP's flash by esptool."""

import importlib.util
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import PackerError
from .link import missing

INFO = "INFO_UF2.TXT"  # every UF2 boot loader's drive has it

# ---- UF2: blocks of 512 bytes ----

_BLOCK = 512
_UF2 = struct.Struct("<8I")  # two magics, flags, address, bytes, number, count, family
_START, _SECOND, _END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_HAS_FAMILY = 0x2000
_ABSOLUTE = 0xE48BFF57  # a block that the RP2350's boot loader needs, and that is counted apart
_FAMILIES = {
    0xE48BFF56: "RP2040",
    0xE48BFF59: "RP2350",  # Arm, secure
    0xE48BFF5A: "RP2350",  # RISC-V
    0xE48BFF5B: "RP2350",  # Arm, non-secure
}
_BOARD_IDS = {"RPI-RP2": "RP2040", "RP2350": "RP2350"}  # in INFO_UF2.TXT

# ---- ESP ----

_ESP_MAGIC = 0xE9
_PARTITIONS_AT = 0x8000  # in flash, where MicroPython's images have the table
# (esptool's name, where in flash an image with the boot loader begins), by the chip id in the image's header.
_CHIPS = {
    0: ("esp32", 0x1000), 2: ("esp32s2", 0x1000), 5: ("esp32c3", 0), 9: ("esp32s3", 0), 12: ("esp32c2", 0),
    13: ("esp32c6", 0), 16: ("esp32h2", 0), 18: ("esp32p4", 0x2000), 23: ("esp32c5", 0x2000),
}  # fmt: skip


@dataclass(frozen=True)
class Firmware:
    """kind: "uf2" or "esp"; chip: RP2040, RP2350, or esptool's name; offset: in flash, of an ESP's."""

    path: Path
    data: bytes
    kind: str
    chip: str
    offset: int = 0


def read_firmware(path):
    """The Firmware in a file. PackerError where it is none that can be flashed, or is damaged."""
    data = path.read_bytes()
    if data[:4] == struct.pack("<I", _START):
        return Firmware(path, data, "uf2", _uf2_chip(path, data))
    if data[:1] == bytes([_ESP_MAGIC]) and len(data) > 64:
        return Firmware(path, data, "esp", *_esp_chip(path, data))
    raise PackerError(f"{path} is neither a .uf2 file for a Pico nor an image for an ESP: it begins with {data[:4].hex(' ') or 'nothing'}")


def _uf2_chip(path, data):
    if len(data) % _BLOCK:
        raise PackerError(f"{path}: {len(data):,} B are no whole blocks of {_BLOCK}: copy the file again")
    counts, chips = {}, set()
    for at in range(0, len(data), _BLOCK):
        start, second, flags, _, size, number, count, family = _UF2.unpack_from(data, at)
        (end,) = struct.unpack_from("<I", data, at + _BLOCK - 4)
        if (start, second, end) != (_START, _SECOND, _END) or size > 476:
            raise PackerError(f"{path}: the block at byte {at:,} is damaged: copy the file again")
        family = family if flags & _HAS_FAMILY else None
        if family == _ABSOLUTE:
            continue
        if family not in _FAMILIES:
            said = f"family {family:#x}" if family is not None else "no family"
            raise PackerError(f"{path}: the block at byte {at:,} has {said}: it is not for a Pico, whose are RP2040 and RP2350")
        if number != counts.setdefault(family, 0):
            raise PackerError(f"{path}: block {counts[family]:,} is missing before byte {at:,}: copy the file again")
        counts[family] += 1
        chips.add(_FAMILIES[family])
        whole = count
    if not counts or counts[family] != whole or len(chips) != 1:
        raise PackerError(f"{path}: it has {sum(counts.values()):,} blocks of {whole if counts else 0:,}: copy the file again")
    return chips.pop()


def _esp_chip(path, data):
    (entry,), (chip,) = struct.unpack_from("<I", data, 4), struct.unpack_from("<H", data, 12)
    if entry >> 16 == 0x4010:  # the ESP8266's RAM for code; its header ends before the chip id
        return "esp8266", 0
    if chip not in _CHIPS:
        raise PackerError(f"{path} is an image for an ESP with the unknown chip id {chip}: flash it with esptool itself")
    name, offset = _CHIPS[chip]
    if data[_PARTITIONS_AT - offset : _PARTITIONS_AT - offset + 2] != b"\xaa\x50":
        raise PackerError(
            f"{path} is for the {name} but has no boot loader and partition table: take the whole firmware, .bin, not the "
            "application alone, .app-bin or micropython.bin"
        )
    return name, offset


# ---- to a Pico ----


def _mount_points():
    if sys.platform == "win32":
        return [Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ"]
    if sys.platform == "darwin":
        return list(Path("/Volumes").iterdir())
    lines = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    return [Path(line.split()[1].replace("\\040", " ")) for line in lines]


def find_drive():
    """The mounted drive of a board that waits for a UF2 file. PackerError where there is none, or several."""
    found = []
    for point in _mount_points():
        try:
            if (point / INFO).is_file():
                found.append(point)
        except OSError:
            pass
    if not found:
        raise PackerError("no drive has an INFO_UF2.TXT: hold BOOTSEL while you plug the Pico in, and mount its drive")
    if len(found) > 1:
        raise PackerError(f"several boards wait for firmware, {', '.join(map(str, found))}: name one with --drive")
    return found[0]


def copy_uf2(firmware, drive, on_progress=lambda sent: None):
    """Copy a UF2 Firmware to a board's drive; on_progress(bytes more) as it gets on. The board then starts it."""
    board = _board_id(drive)
    if _BOARD_IDS.get(board) != firmware.chip:
        known = f"a board with the {_BOARD_IDS[board]}" if board in _BOARD_IDS else f"the board {board!r}, no Pico"
        raise PackerError(f"{firmware.path} is for the {firmware.chip}, and {drive} is {known}; nothing was copied")
    with open(drive / "firmware.uf2", "wb", buffering=0) as target:
        for at in range(0, len(firmware.data), 64 * _BLOCK):
            piece = firmware.data[at : at + 64 * _BLOCK]
            target.write(piece)
            on_progress(len(piece))
        try:
            os.fsync(target.fileno())
        except OSError:  # the board restarts with the last block, and its drive goes
            if (drive / INFO).exists():
                raise


def _board_id(drive):
    try:
        lines = (drive / INFO).read_text("ascii", "replace").splitlines()
    except FileNotFoundError:
        raise PackerError(f"{drive} has no {INFO}, so it is not the drive of a Pico that waits for firmware") from None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("Board-ID:")), "")


# ---- to an ESP ----


def run_esptool(firmware, port):
    """Write an ESP's Firmware over its serial port; files in its file system stay. esptool's words go to stderr."""
    if importlib.util.find_spec("esptool") is None:
        raise missing("esptool")
    command = [sys.executable, "-m", "esptool", "--chip", firmware.chip, "--port", port, "--baud", "460800"]
    command += ["write-flash", hex(firmware.offset), str(firmware.path)]
    status = subprocess.run(command, stdout=2).returncode
    if status:
        raise PackerError(
            f"{port}: esptool ended with status {status}, see above; hold BOOT while you press RESET, and flash again: the board "
            "may not start until then"
        )
