"""`packer flash`: what a file is for is read from it, and nothing goes where it does not belong."""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import built
from packer import firmware
from packer.cli import main
from packer.errors import PackerError
from support.esp_rom import Esp32C3

RP2040, ABSOLUTE, RP2350 = 0xE48BFF56, 0xE48BFF57, 0xE48BFF59
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"


def block(data, at, number, count, family, flags=0x2000):
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, flags, at, len(data), number, count, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def uf2(data, family=RP2040):
    pieces = [data[at : at + 256] for at in range(0, len(data), 256)]
    return b"".join(block(p, 0x10000000 + 256 * i, i, len(pieces), family) for i, p in enumerate(pieces))


def esp(chip, entry=0x40380000, offset=0):
    """The head of an image with a boot loader, and a partition table where it has to be."""
    image = struct.pack("<BBBBIIHB9x", 0xE9, 3, 2, 0x20, entry, 0, chip, 0).ljust(0x8000 - offset, b"\xff")
    return image + b"\xaa\x50" + bytes(100)


@pytest.fixture
def image(tmp_path):
    """The Pico's firmware as a UF2 file."""
    path = tmp_path / "image.uf2"
    path.write_bytes(uf2(built("firmware/RPI_PICO-stock", "pico-firmware").joinpath("firmware.bin").read_bytes()))
    return path


@pytest.fixture
def drive(tmp_path):
    """A folder as the drive of a Pico that waits for firmware."""
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    (folder / firmware.INFO).write_text(INFO.format("RPI-RP2"))
    return folder


def error(capsys, *args):
    assert main(["flash", *map(str, args)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("packer: ") and said.count("\n") == 1
    return said


def test_pico(image, drive, capsys):
    assert main(["flash", str(image), "--drive", str(drive), "--json"]) == 0
    size = image.stat().st_size
    assert json.loads(capsys.readouterr().out) == {"firmware": str(image), "chip": "RP2040", "to": str(drive), "bytes": size}
    assert (drive / "firmware.uf2").read_bytes() == image.read_bytes()


def test_the_drive_is_found(image, drive, capsys, monkeypatch, tmp_path):
    points = [Path("/"), tmp_path / "none"]
    monkeypatch.setattr(firmware, "_mount_points", lambda: points)
    assert "hold BOOTSEL while you plug the Pico in" in error(capsys, image)
    points.append(drive)
    assert main(["flash", str(image)]) == 0
    assert f"{drive}: {image.stat().st_size:,} B for the RP2040" in capsys.readouterr().out
    points.append(drive)
    assert "several boards wait for firmware" in error(capsys, image)


def test_mount_points():
    assert Path("/proc") in firmware._mount_points() or sys.platform != "linux"


def test_another_board(image, drive, capsys):
    (drive / firmware.INFO).write_text(INFO.format("RP2350"))
    assert f"{image} is for the RP2040, and {drive} is a board with the RP2350; nothing was copied" in error(capsys, image, "--drive", drive)
    (drive / firmware.INFO).write_text(INFO.format("SAMD21G18A-Feather-v0"))
    assert "is the board 'SAMD21G18A-Feather-v0', no Pico" in error(capsys, image, "--drive", drive)
    (drive / firmware.INFO).unlink()
    assert "is not the drive of a Pico that waits for firmware" in error(capsys, image, "--drive", drive)
    assert not (drive / "firmware.uf2").exists()


def test_damaged_uf2(tmp_path):
    good = uf2(bytes(range(256)) * 4)
    path = tmp_path / "x.uf2"

    def chip(data):
        path.write_bytes(data)
        return firmware.read_firmware(path).chip

    assert chip(good) == "RP2040"
    for data, words in {
        good[:-1]: "2,047 B are no whole blocks",
        good[:-512]: "it has 3 blocks of 4",
        good[:512] + good[1024:]: "block 1 is missing before byte 512",
        good[:512] + b"?" + good[513:]: "the block at byte 512 is damaged",
        good[:-4] + b"\0\0\0\0": "the block at byte 1,536 is damaged",
        uf2(b"x", 0x68ED2B88): "family 0x68ed2b88: it is not for a Pico",
        block(b"x", 0, 0, 1, 0, flags=0): "has no family",
        good + uf2(b"x", RP2350): "it has 5 blocks of 1",
        block(b"x", 0, 0, 2, ABSOLUTE): "it has 0 blocks of 0",
        b"": "begins with nothing",
        b"\x7fELF": "neither a .uf2 file for a Pico nor an image for an ESP",
    }.items():
        with pytest.raises(PackerError, match=words):
            chip(data)
    assert chip(block(b"x", 0, 0, 2, ABSOLUTE) + uf2(bytes(1000), RP2350)) == "RP2350"


def test_esp_images(tmp_path):
    path = tmp_path / "x.bin"

    def found(data):
        path.write_bytes(data)
        image = firmware.read_firmware(path)
        return image.kind, image.chip, image.offset

    assert found(esp(0, 0x40080000, 0x1000)) == ("esp", "esp32", 0x1000)
    assert found(esp(9, 0x403C0000)) == ("esp", "esp32s3", 0)
    assert found(esp(5)) == ("esp", "esp32c3", 0)
    assert found(esp(0x1234, 0x40100004)) == ("esp", "esp8266", 0)
    with pytest.raises(PackerError, match="unknown chip id 99"):
        found(esp(99))
    with pytest.raises(PackerError, match="for the esp32c3 but has no boot loader and partition table"):
        found(esp(5)[:0x8000])
    with pytest.raises(PackerError, match="for the esp32 but has no boot loader"):
        found(esp(0, 0x40080000, 0))


def test_the_table_is_esptools():
    """Names, chip ids and where the boot loader lies."""
    from esptool.targets import CHIP_DEFS

    for number, (name, offset) in firmware._CHIPS.items():
        chip = CHIP_DEFS[name]
        assert (chip.IMAGE_CHIP_ID, chip.BOOTLOADER_FLASH_OFFSET) == (number, offset)


def test_esp32(tmp_path, capfd):
    """By esptool, at the right place of the flash, checked; and not onto a chip of another kind."""
    image = esp(5) + np.random.default_rng(1).bytes(50_000)
    path = tmp_path / "c3.bin"
    path.write_bytes(image)
    with Esp32C3() as chip:
        assert main(["flash", str(path), "--port", chip.port, "--json"]) == 0
    printed = json.loads(capfd.readouterr().out)
    assert printed == {"firmware": str(path), "chip": "esp32c3", "to": chip.port, "bytes": len(image)}
    assert chip.flash[: len(image)] == image and set(chip.flash[len(image) + 3 :]) == {0xFF}
    with Esp32C3(lies=True) as chip:
        assert main(["flash", str(path), "--port", chip.port]) == 1
    said = capfd.readouterr().err
    assert "MD5 of file does not match data in flash" in said and "esptool ended with status" in said
    path.write_bytes(esp(9, 0x403C0000))
    with Esp32C3() as chip:
        assert main(["flash", str(path), "--port", chip.port]) == 1
    assert "ESP32-S3" in capfd.readouterr().err and set(chip.flash) == {0xFF}


def test_ports(image, tmp_path, capfd, monkeypatch):
    (tmp_path / "c3.bin").write_bytes(esp(5))
    assert "name its serial port" in error(capfd, tmp_path / "c3.bin")
    assert "goes to a Pico's drive, not over a port" in error(capfd, image, "--port", "none")
    assert main(["flash", str(tmp_path / "c3.bin"), "--port", str(tmp_path / "none")]) == 1
    assert "none: esptool ended with status" in capfd.readouterr().err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "esptool is not installed: pip install 'tinyinfer[deploy]'" in error(capfd, tmp_path / "c3.bin", "--port", "none")
