# A blob or a pool at an address that is not a multiple of 4 is refused, with what to do.
import tinyinfer

with open("digits.tin", "rb") as f:
    good = f.read()
x = bytes([i * 22 + 128 & 255 for i in range(64)])
want = tinyinfer.load(good)(x)[:]

for shift in range(8):
    moved = memoryview(bytes(shift) + good)[shift:]
    try:
        assert tinyinfer.load(moved)(x)[:] == want
        assert shift % 4 == 0
    except ValueError as e:
        assert shift % 4 and str(e) == (
            "the buffer: its address is %d more than a multiple of 4: load a copy, tinyinfer.load(bytearray(buffer)), "
            "or store it at a multiple of 4" % (shift % 4)
        ), e
        assert tinyinfer.load(bytearray(moved))(x)[:] == want
    pool = memoryview(bytearray(10000))[shift:]
    try:
        assert tinyinfer.load(good, pool)(x)[:] == want
        assert shift % 4 == 0
    except ValueError as e:
        assert shift % 4 and str(e).startswith("the pool's address is %d more than" % (shift % 4)), e
