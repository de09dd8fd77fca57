"""ROMFS images of the packer, mounted on MicroPython's unix port."""

import json
import os
import subprocess

import pytest
from packer.romfs import romfs_image
from test_unix_port import executable

# Prints what MicroPython sees: [[path, offset of the data in the image, its bytes as hex], …].
SCRIPT = """
import binascii, json, os, uctypes, vfs
with open("image", "rb") as f:
    image = f.read()
vfs.mount(vfs.VfsRom(image), "/rom")
found = []
def walk(path):
    for entry in os.ilistdir(path):
        name = path + "/" + entry[0]
        if entry[1] == 0x4000:
            walk(name)
        else:
            view = memoryview(open(name, "rb"))
            at = uctypes.addressof(view) - uctypes.addressof(image) if len(view) else 0
            found.append([name[5:], at, binascii.hexlify(view).decode()])
            assert entry[3] == len(view)
walk("/rom")
print(json.dumps(found))
"""


def mounted(image, folder):
    """{path: (offset, bytes)} of the files that MicroPython finds in `image`."""
    (folder / "image").write_bytes(image)
    program = executable("TINYINFER_UNIX", "unix/micropython")
    done = subprocess.run(
        [program, "-X", "heapsize=8M", "-c", SCRIPT], cwd=folder, env={**os.environ}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {path: (at, bytes.fromhex(data)) for path, at, data in json.loads(done.stdout)}


@pytest.mark.parametrize("align", [1, 2, 3, 4, 8, 16, 256, 4096])
def test_files_are_found_whole_and_aligned(align, tmp_path):
    files = {
        "a": b"x",
        "empty": b"",
        "lib/tinyinfer/__init__.py": b"import this\n" * 99,
        "lib/tinyinfer/n.mpy": bytes(range(256)) * 3,
        "lib/n": b"\xff" * 127,
        "models/ein längerer Name.tin": b"TINF" * 5000,
        "models/deep/er/still/b.bin": b"\0\1\2",
        "z" * 200: b"!" * 130,
    }
    image = romfs_image(files, align)
    assert len(image) % 2 == 0
    found = mounted(image, tmp_path)
    assert {path: data for path, (_, data) in found.items()} == files
    assert all(at % align == 0 for at, _ in found.values()), found


def test_every_gap(tmp_path):
    """Whatever length a name has, and so whatever padding is needed, the data after it is aligned."""
    files = {f"{i:02d}" + "n" * i: bytes([i]) * (i + 1) for i in range(40)}
    found = mounted(romfs_image(files, 16), tmp_path)
    assert {path: data for path, (_, data) in found.items()} == files
    assert all(at % 16 == 0 for at, _ in found.values()), found


def test_empty_image(tmp_path):
    assert mounted(romfs_image({}), tmp_path) == {}


@pytest.mark.parametrize(
    "files, words",
    [
        ({"": b""}, "is not a path"),
        ({"/a": b""}, "is not a path"),
        ({"a/": b""}, "is not a path"),
        ({"a//b": b""}, "is not a path"),
        ({"a": b"", "a/b": b""}, "is a file already"),
        ({"a/b": b"", "a": b""}, "is a directory already"),
    ],
)
def test_bad_paths(files, words):
    with pytest.raises(ValueError, match=words):
        romfs_image(files)
