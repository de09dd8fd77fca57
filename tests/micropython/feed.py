# A streamed input: rows in any portions give the answer of the whole image, and misuse is a ValueError.
import gc

import tinyinfer

whole = tinyinfer.load("digits.tin")
m = tinyinfer.load("digits_stream.tin")
assert m.input.stream and not whole.input.stream
m.selftest()

x = bytes([i * 22 + 128 & 255 for i in range(64)])
want = bytes(whole(x).data)
for portion in (8, 16, 32, 64):
    for _ in range(2):
        for at in range(0, 64, portion):
            got = m.feed(memoryview(x)[at : at + portion])
            assert (got is None) == (at + portion < 64)
        assert bytes(got.data) == want
assert bytes(m(x).data) == want

floats = [i / 16 for i in range(64)]
want = bytes(whole(floats).data)
for y in range(8):
    got = m.feed(floats[8 * y : 8 * y + 8])
assert bytes(got.data) == want


def refused(do, words):
    try:
        do()
    except ValueError as e:
        assert words in str(e), e
        return
    assert False, words


refused(lambda: m.feed(bytes(7)), "whole rows")
refused(lambda: m.feed(bytes(72)), "too many rows")
refused(lambda: whole.feed(bytes(8)), "streamed input")
refused(m.run, "feed()")
refused(lambda: m.input.set(x), "feed()")
refused(lambda: list(m.steps()), "feed()")
refused(lambda: m(bytes(8)), "all rows")

# A run that was given up halfway leaves nothing behind.
m.feed(bytes(24))
m.restart()
assert bytes(m(x).data) == bytes(whole(x).data)

if hasattr(gc, "mem_alloc") and "Python" not in tinyinfer.backend:
    rows = [memoryview(x)[8 * y : 8 * y + 8] for y in range(8)]
    for _ in range(2):
        gc.collect()
        before = gc.mem_alloc()
        for row in rows:
            m.feed(row)
        growth = gc.mem_alloc() - before
    assert growth == 0, growth
print("ok")
