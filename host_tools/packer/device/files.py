# Runs on a board, whatever is on it: what `packer deploy` asks it, and how files get there.
#
# A file is written beside its place, checked, and then renamed: what was there before stays whole until then.
import binascii
import os
import sys

ASIDE = ".deploy"  # ends the names of what is being written
a2b = binascii.a2b_base64


def settle():
    """Finish what Ctrl-C stopped at start-up, where slots are: the boot.py of make_slots.py, which mounts the files."""
    try:
        with open("/boot.py") as f:
            boot = f.read()
    except OSError:
        return
    if boot.startswith("# The file system lies after this one"):
        exec(boot)


def facts():
    """Print what there is to know about the board, as a Python literal."""
    path = sys.path[:]
    sys.path[:] = [p for p in path if p == ".frozen"]
    try:
        import _tinyinfer

        built_in = _tinyinfer.BACKEND
    except ImportError:
        built_in = None
    sys.path[:] = path
    folders = [p for p in path if p.endswith("/lib") and not p.startswith("/rom")]
    this = sys.implementation
    machine = getattr(this, "_machine", sys.platform)
    print(repr((this[0], tuple(this[1])[:3], getattr(this, "_mpy", 0), machine, built_in, folders[:1])))


def crc_of(path):
    """(bytes, CRC-32) of a file, None where there is none that can be read."""
    buffer = memoryview(bytearray(512))
    size = crc = 0
    try:
        with open(path, "rb") as f:
            while True:
                n = f.readinto(buffer)
                if not n:
                    return size, crc
                size += n
                crc = binascii.crc32(buffer[:n], crc)
    except OSError:
        return None


def tidy(folder):
    """Remove what a deploy that was cut off left."""
    try:
        names = os.listdir(folder or "/")
    except OSError:
        return
    for name in names:
        if name.endswith(ASIDE):
            os.remove(folder + "/" + name)


def begin(path):
    """A file to write to, which becomes `path` with end()."""
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError as e:
            if e.args[0] != 17:  # EEXIST
                raise
        at = path.find("/", at + 1)
    return open(path + ASIDE, "wb")


def end(path, size, crc):
    """Let what was written be `path` if it is right; whether it is."""
    if crc_of(path + ASIDE) != (size, crc):
        return False
    try:
        os.rename(path + ASIDE, path)
    except OSError as e:
        if e.args[0] != 17:  # EEXIST: a file system that does not rename over what is there
            raise
        os.remove(path)
        os.rename(path + ASIDE, path)
    if hasattr(os, "sync"):
        os.sync()
    return True


def remove(path):
    """Remove a file if it is there."""
    try:
        os.remove(path)
    except OSError as e:
        if e.args[0] != 2:  # ENOENT
            raise
