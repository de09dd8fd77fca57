# Runs on an RP2 board, without the library: what is in its slots. See tinyinfer/_slot.py.
import binascii

import rp2

SECTOR = 4096


def labels():
    """Print the bytes of the flash, and (offset, first bytes) of every sector that may begin a slot, as a literal."""
    flash = memoryview(rp2.Flash())
    found = []
    for start in range(0, len(flash), SECTOR):
        if flash[start : start + 4] == b"TISL":
            found.append((start, bytes(flash[start : start + 20])))
    print(repr((len(flash), found)))


def crc_of_flash(start, size):
    print(binascii.crc32(memoryview(rp2.Flash())[start : start + size]))
