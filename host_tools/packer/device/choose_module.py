# In the place of the native module until tinyinfer is first imported: brings the one for this board, and goes.
# `packer mip` fills in where from, and what there is: {sys.implementation._mpy >> 10 & 15: (name, .mpy
# version, bytes, CRC-32)}.
import os
import sys

URL = None
MODULES = None


def crc_of(path):
    import binascii

    buffer = memoryview(bytearray(256))
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


def fetch(name, package, folder):
    """Have mip install a package of the folder `name`. RuntimeError where there is no mip or no network; mip itself only prints what fails."""
    try:
        import mip

        mip.install("%s/%s/%s" % (URL, name, package), target=folder)
    except (ImportError, OSError) as e:
        raise RuntimeError(
            "tinyinfer's native module is fetched at its first import, and cannot be (%s: %s): connect the network, or "
            "install it from a computer, mpremote mip install %s/%s/package.json" % (type(e).__name__, e, URL, name)
        )


def choose():
    folder = __file__.rpartition("/")[0]
    mpy = getattr(sys.implementation, "_mpy", 0)
    arch = mpy >> 10 & 15
    if not arch:
        fetch("pure", "package.json", folder)
        os.remove(__file__)
        raise ImportError("this firmware loads no native code")
    if arch not in MODULES:
        raise RuntimeError("%s has no native module for this firmware (.mpy architecture %d)" % (URL, arch))
    name, version, size, crc = MODULES[arch]
    if mpy & 0x3FF != version:
        raise RuntimeError(
            "%s has a native module of .mpy version %d.%d, and this firmware loads %d.%d"
            % (URL, version & 255, version >> 8, mpy & 255, mpy >> 8 & 3)
        )
    path = folder + "/_tinyinfer.mpy"
    if crc_of(path) != (size, crc):
        fetch(name, "module.json", folder)
        if crc_of(path + ".new") != (size, crc):
            raise RuntimeError("tinyinfer's native module did not arrive whole from %s: import tinyinfer again" % URL)
        try:
            os.rename(path + ".new", path)
        except OSError as e:
            if e.args[0] != 17:  # EEXIST: a file system that does not rename over what is there
                raise
            os.remove(path)
            os.rename(path + ".new", path)
    os.remove(__file__)


choose()
del sys.modules[__name__]
from _tinyinfer import *  # noqa: E402, F403
