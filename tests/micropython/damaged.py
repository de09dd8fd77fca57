# Whatever bytes are loaded: a ValueError with a sentence, or a model that runs.
from tinyinfer._pure_proof import checksum
import random
import struct

import tinyinfer

with open("digits.tin", "rb") as f:
    good = f.read()


def attempt(blob):
    """True where `blob` loads and runs, False where it is refused with a sentence."""
    try:
        m = tinyinfer.load(blob)
        m.run()
        repr(m)
        return True
    except ValueError as e:
        assert len(e.args) == 1 and str(e).startswith("the buffer: ") and str(e).count(": ") >= 2, e
        return False
    except MemoryError as e:
        assert "needs a pool of" in str(e), e
        return False


def refused(blob, words):
    try:
        tinyinfer.load(blob)
        raise AssertionError(words)
    except ValueError as e:
        assert words in str(e), e


def mended(blob):
    """With its checksum made right."""
    struct.pack_into("<I", blob, len(blob) - 4, checksum(0, memoryview(blob)[:-4]))
    return blob


def field(at, value):
    """The good blob with the 32-bit field at `at` changed, its CRC made right."""
    blob = bytearray(good)
    struct.pack_into("<I", blob, at, value)
    return mended(blob)


assert attempt(good) and attempt(good + b"more")
for n in range(0, len(good), 3):
    assert not attempt(good[:n]), n
for i in range(0, len(good), 5):
    bad = bytearray(good)
    bad[i] ^= 1 << i % 8
    assert not attempt(bad), i
    attempt(mended(bad))
random.seed(1)
for _ in range(300):
    assert not attempt(bytes([random.getrandbits(8) for _ in range(random.getrandbits(9))]))
    attempt(mended(bytearray(good[:64]) + bytes([random.getrandbits(8) for _ in range(len(good) - 64)])))

refused(b"", "0 bytes are too few for a .tin blob: copy it again")
refused(good[:-4], "%d bytes are there, and its header says %d: copy it again" % (len(good) - 4, len(good)))
refused(b"\x1c\0\0\0TFL3" + bytes(200), "is a TensorFlow Lite model: make a .tin blob of it with `packer build`")
refused(b"GIF89a" + bytes(200), "it does not start with TINF")
refused(field(4, 64 << 16 | 9), "of version 9, and this tinyinfer reads version 4: build it again")
refused(field(28, 3), "bytes at offset 3 are misaligned or outside the blob: build it again")
tensors, ops = struct.unpack_from("<II", good, 28)
refused(field(tensors + 12, 1 << 16 | 1), "tensor 0: a reserved field holds 1 instead of 0")
refused(field(tensors, 0x7FFFFFF0), "tensor 0: its memory ends at byte ")
refused(field(ops + 28 * 2, 99), 'op 2 "add_1": the field at byte 0 holds 99, which is out of range')

# A metadata string and names that are no UTF-8 and no JSON do not hinder inference.
strings, _, name, metadata = struct.unpack_from("<IIII", good, 44)
blob = bytearray(good)
blob[name] = 0xFF
blob[metadata] = 0xFF
m = tinyinfer.load(mended(blob))
m.run()
assert m.name == "\\xffigits", m.name
try:
    m.labels
    raise AssertionError
except ValueError:
    pass
