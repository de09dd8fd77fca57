# Parts give the bytes of the whole model, from files and from memory; what is no set of parts is refused.
import gc

import tinyinfer

whole = tinyinfer.load("digits.tin")
NAMES = ["digits.%d.tin" % k for k in range(3)]
INPUTS = [bytes([(i * 22 + 128 + n * i) & 255 for i in range(64)]) for n in range(5)]
WANT = [bytes(whole(x).data) for x in INPUTS]


def read(path):
    with open(path, "rb") as f:
        return bytearray(f.read())


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def refused(kind, words, do, *args):
    try:
        do(*args)
    except kind as e:
        assert words in str(e), e
        return
    assert False, words


size = whole.pool_bytes + 256
memory = [read(name) for name in NAMES]
for sources in (NAMES, memory, [NAMES[0], memory[1], NAMES[2]], tuple(NAMES)):
    for pool in (None, bytearray(size), tinyinfer.Pool(size)):
        m = tinyinfer.load_parts(sources, pool)
        for x, want in zip(INPUTS, WANT):
            assert bytes(m(x).data) == want
        m.selftest()
        assert bytes(m(INPUTS[0]).data) == WANT[0]

# It is a model like any other.
m = tinyinfer.load_parts(NAMES)
assert m.name == whole.name and m.labels == whole.labels and m.state_bytes == 0
assert m.blob_bytes == sum([len(blob) for blob in memory])
assert repr(m).endswith("B in 3 parts>"), m
for mine, its in ((m.input, whole.input), (m.output, whole.output)):
    assert repr(mine) == repr(its) and len(mine) == len(its)
floats = [i / 16 for i in range(64)]
assert bytes(m(floats).data) == bytes(whole(floats).data)
m.input[0] = 5
assert m.input[0] == 5
refused(ValueError, "streamed input", m.feed, bytes(8))
refused(ValueError, "in parts", m.profile)

# In steps, and given up in each of its parts.
for rows in (1, 3, 100):
    m.input.set(INPUTS[1])
    n = 0
    for _ in m.steps(rows):
        n += 1
    assert bytes(m.output.data) == WANT[1]
    assert n >= 2  # no step goes across a cut
    for stop in range(n + 1):
        m.input.set(INPUTS[2])
        steps = m.steps(rows)
        for _ in range(stop):
            next(steps)
        assert bytes(m(INPUTS[3]).data) == WANT[3], (rows, stop)
m.input.set(INPUTS[4])
steps = m.steps()
for _ in range(3):
    next(steps)
m.run()  # goes on
assert bytes(m.output.data) == WANT[4]

# In a Pool another model waits for it to end.
pool = tinyinfer.Pool(size)
m = tinyinfer.load_parts(NAMES, pool)
other = tinyinfer.load("two.tin", pool)
m.input.set(INPUTS[0])
steps = m.steps()
for _ in range(20):
    next(steps)
refused(RuntimeError, "in the middle of an inference", other.run)
for _ in steps:
    pass
assert bytes(m.output.data) == WANT[0]
other.run()
assert bytes(m(INPUTS[1]).data) == WANT[1]
m.close()
refused(RuntimeError, "closed", m.run)

# Not the parts of one model in order.
refused(ValueError, "given none", tinyinfer.load_parts, [])
turned = NAMES[1:] + NAMES[:1]
refused(ValueError, "digits.1.tin is part 1 of 3 of some model, not part 0 of 3", tinyinfer.load_parts, turned)
refused(ValueError, "is part 0 of 3 of some model, not part 0 of 2", tinyinfer.load_parts, NAMES[:2])
refused(ValueError, "is part 1 of 2", tinyinfer.load_parts, [NAMES[0], "halves.1.tin", NAMES[2]])
refused(ValueError, "digits.tin is no part of a model", tinyinfer.load_parts, ["digits.tin"])
refused(ValueError, "start with TINF", tinyinfer.load_parts, [bytes(200)])
refused(OSError, "cannot open missing.tin", tinyinfer.load_parts, ["missing.tin"])
refused(TypeError, "not int", tinyinfer.load_parts, [5])
refused(ValueError, "give it tinyinfer.Pool", tinyinfer.load_parts, NAMES, bytearray(100))
refused(TypeError, "as pool", tinyinfer.load_parts, NAMES, b"read-only" * 1000)

# A file that changes is found when its turn comes, and the model works again once it is back.
m = tinyinfer.load_parts(NAMES)
good = memory[1]
for damaged in (bytes(len(good)), good[:200], good[:-1], memory[2], good[:500] + b"?" + good[501:]):
    write(NAMES[1], damaged)
    for do in (m.run, m.selftest, lambda: m(INPUTS[0])):
        refused(ValueError, "digits.1.tin", do)
    write(NAMES[1], good)
    assert bytes(m(INPUTS[0]).data) == WANT[0]

# A variable that is read in one part and assigned in another.
NAMES = ["memory.%d.tin" % k for k in range(3)]
given, wanted = read("memory.in"), read("memory.out")
for sources in (NAMES, [read(name) for name in NAMES]):
    for pool in (None, tinyinfer.Pool(1000)):
        m = tinyinfer.load_parts(sources, pool)
        assert m.state_bytes == 4
        for _ in range(2):
            for i in range(0, len(given), 4):
                assert bytes(m(given[i : i + 4]).data) == bytes(wanted[i : i + 4]), i
            m.reset()
        m(given[:4])
        m.selftest()  # resets
        assert bytes(m(given[:4]).data) == bytes(wanted[:4])

if hasattr(gc, "mem_alloc") and "Python" not in tinyinfer.backend:
    m = tinyinfer.load_parts(["digits.%d.tin" % k for k in range(3)])

    def growth(n):
        gc.collect()
        before = gc.mem_alloc()
        for _ in range(n):
            m(INPUTS[0])
            m.run()
        return gc.mem_alloc() - before

    growth(1)
    assert growth(100) == 0, growth(100)
print("ok")
