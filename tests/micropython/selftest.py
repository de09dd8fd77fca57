# selftest() finds a flipped weight even where the blob's checksum was made good again, and names the layer.
from tinyinfer._pure_proof import checksum
import struct

import tinyinfer

m = tinyinfer.load("digits.tin")
m.selftest()
x = bytes([i * 22 + 128 & 255 for i in range(64)])
want = m(x)[:]
next(m.steps())
m.selftest()
assert m(x)[:] == want

with open("digits.tin", "rb") as f:
    good = f.read()
ops = struct.unpack_from("<I", good, 32)[0]
names = [name for name, _, _ in m.profile()]
for op, weights in ((0, 28 + 4), (2, 12)):  # a CONV2D and a FULLY_CONNECTED: where their parameters name the weights
    params = struct.unpack_from("<I", good, ops + 28 * op + 12)[0]
    at = struct.unpack_from("<I", good, params + weights)[0]
    bad = bytearray(good)
    bad[at] ^= 0x40
    try:
        tinyinfer.load(bad)
        raise AssertionError
    except ValueError as e:
        assert "it is damaged: its checksum is" in str(e), e
    struct.pack_into("<I", bad, len(bad) - 4, checksum(0, bad[:-4]))
    try:
        tinyinfer.load(bad).selftest()
        raise AssertionError
    except RuntimeError as e:
        assert ('op %d "%s"' % (op, names[op])) in str(e), e
