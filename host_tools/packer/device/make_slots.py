# Runs on an RP2 board, without the library: makes room for two slots at the end of its flash, and a new, empty file
# system before them. See tinyinfer/_slot.py.
#
# MicroPython formats the flash when it starts unless a file system covers all of it. So one does, of two sectors in
# truth: it holds nothing but a boot.py, which mounts the file system proper. Nothing is ever written to it again:
# files.py knows it by the first line of boot.py.
import binascii
import os
import struct
import vfs

import rp2

SECTOR = 4096
RESERVED = 2 * SECTOR
BOOT = """# The file system lies after this one, and tinyinfer's slots after it: leave this file alone.
import os, rp2, vfs
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(rp2.Flash(start=%d, len=%d), progsize=256), "/")
if "boot.py" in os.listdir("/"):
    execfile("boot.py")
"""


def make_slots(slot_bytes):
    """Give up all files, and make two empty slots of slot_bytes, a multiple of 4096."""
    device = rp2.Flash()
    total = device.ioctl(4, 0) * SECTOR
    size = total - 2 * slot_bytes - RESERVED
    if slot_bytes % SECTOR or size < 16 * SECTOR:
        raise ValueError("two slots of %d bytes do not fit a flash of %d beside a file system" % (slot_bytes, total))
    os.chdir("/")
    vfs.umount("/")
    for sector in range((total - 2 * slot_bytes) // SECTOR, total // SECTOR):
        device.ioctl(6, sector)
    for number in (0, 1):
        fields = struct.pack("<4sIII", b"TISL", number, slot_bytes, 0)
        page = bytearray(b"\xff" * 256)
        page[:20] = fields + struct.pack("<I", binascii.crc32(fields))
        device.writeblocks((total - (2 - number) * slot_bytes) // SECTOR, page, 0)
    inner = rp2.Flash(start=RESERVED, len=size)
    vfs.VfsLfs2.mkfs(inner, progsize=256)
    vfs.VfsLfs2.mkfs(device, progsize=256)
    vfs.mount(vfs.VfsLfs2(device, progsize=256), "/")
    with open("/boot.py", "w") as f:
        f.write(BOOT % (RESERVED, size))
    vfs.umount("/")
    vfs.mount(vfs.VfsLfs2(inner, progsize=256), "/")
