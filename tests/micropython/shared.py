# One Pool for many models: each keeps its state, and none runs while another is in the middle of an inference.
import gc

import tinyinfer

x = bytes([i * 22 + 128 & 255 for i in range(64)])
START = [10, 20, 30, 40]


def refused(error, words, do, *args):
    try:
        do(*args)
    except error as e:
        assert str(e) == words, e
    else:
        raise AssertionError("no %s: %s" % (error, words))


def read(name):
    with open(name, "rb") as f:
        return f.read()


# A pool holds what its models need without their state; one byte less is an error that names both numbers.
alone = {name: tinyinfer.load(name + ".tin") for name in ("digits", "sum", "lstm", "svdf", "digits_stream")}
needs = {name: m.pool_bytes - m.state_bytes for name, m in alone.items()}
assert alone["sum"].state_bytes == 4 and alone["lstm"].state_bytes > 0 and alone["digits"].state_bytes == 0
for name, n in needs.items():
    text = "the pool has %d bytes and model %s needs %d: give it tinyinfer.Pool(%d)" % (n - 1, alone[name].name, n, n)
    refused(ValueError, text, tinyinfer.load, name + ".tin", tinyinfer.Pool(n - 1))
    tinyinfer.load(name + ".tin", tinyinfer.Pool(n)).selftest()
pool = tinyinfer.Pool(max(needs.values()))
assert len(pool) == max(needs.values())

# The pool is allocated once; each model adds its state, and about 1 KB of objects, on 64 bits.
if hasattr(gc, "mem_alloc") and "Python" not in tinyinfer.backend:
    blob = read("lstm.tin")
    tinyinfer.load(blob, pool)
    gc.collect()
    before = gc.mem_alloc()
    m = tinyinfer.load(blob, pool)
    gc.collect()
    assert m.state_bytes <= gc.mem_alloc() - before < m.state_bytes + 1152, gc.mem_alloc() - before
    m = None

# In turn, with state of their own, two of them models of one blob.
want = alone["digits"](x)[:]
models = [tinyinfer.load("sum.tin", pool), tinyinfer.load("sum.tin", pool)]
digits = tinyinfer.load("digits.tin", pool)
stream = tinyinfer.load("digits_stream.tin", pool)
sums = [list(START), list(START)]
recurrent = []
for name in ("lstm", "svdf"):
    m = tinyinfer.load(name + ".tin", pool)
    recurrent.append((m, read(name + ".in"), read(name + ".out"), len(m.input.data), len(m.output.data)))
for run in range(12):
    for which in (0, 1):
        step = [which + 1, -run, run, 2]
        sums[which] = [s + v for s, v in zip(sums[which], step)]
        assert list(models[which](step)) == sums[which], run
    assert digits(x)[:] == want
    for m, given, wanted, n, out in recurrent:
        m(given[run * n : (run + 1) * n])
        assert bytes(m.output.data) == wanted[run * out : (run + 1) * out], (m, run)
    assert stream(x)[:] == want
    if run == 5:
        digits.selftest()  # others' state stays
        models[1].reset()
        sums[1] = list(START)
    if run == 8:
        models[0].selftest()
        sums[0] = list(START)
assert models[0].profile()[-1][2] >= 0
sums[0] = list(models[0].output)
assert alone["digits"](x)[:] == want

# A model in the middle of an inference holds the pool.
a, b = digits, models[0]
busy = "%s cannot use the pool while model digits is in the middle of an inference: finish that, or call its restart()"
a.input.set(x)
steps = a.steps(3)
next(steps)
held = bytes(pool.memory)
for do in (
    b.run, b.reset, b.restart, b.selftest, b.profile, lambda: b([1, 2, 3, 4]), lambda: b.input.set([1, 2, 3, 4]),
    lambda: b.input.__setitem__(0, 1), lambda: next(b.steps()),
):  # fmt: skip
    refused(RuntimeError, busy % "model sum", do)
refused(RuntimeError, busy % "model digits", stream.feed, x[:8])
refused(RuntimeError, busy % "load()", tinyinfer.load, "sum.tin", pool)
assert bytes(pool.memory) == held
for _ in steps:
    pass
assert a.output[:] == want
assert list(b([0, 0, 0, 0])) == sums[0]  # and so it does no longer

# run() finishes, restart() and setting an input give up what steps() began; feed() holds the pool, too.
for release in (a.run, a.restart, lambda: a.input.set(x), lambda: a(x), a.selftest, a.reset):
    next(a.steps())
    refused(RuntimeError, busy % "model sum", b.run)
    release()
    b([0, 0, 0, 0])
stream.feed(x[:8])
refused(RuntimeError, busy % "model sum", b.run)
refused(ValueError, "feed() takes whole rows of a streamed input", stream.feed, x[:7])
refused(RuntimeError, busy % "model sum", b.run)
assert stream.feed(x[8:])[:] == want
refused(ValueError, "feed() takes whole rows of a streamed input", stream.feed, x[:7])
assert list(b([0, 0, 0, 0])) == sums[0]

# A model that is closed lets go of the pool, and is of no use any more.
next(a.steps())
t = a.input
a.close()
a.close()
assert list(b([0, 0, 0, 0])) == sums[0]
assert repr(a) == "<Model, closed>"
closed = "model digits was closed: load it again"
for do in (a.run, a.restart, lambda: a(x), lambda: a.input, lambda: a.name, lambda: t.set(x), lambda: next(a.steps()),
           a.selftest, a.reset, a.profile, lambda: a.feed(x)):  # fmt: skip
    refused(RuntimeError, closed, do)
alone["sum"].close()  # one with a pool of its own
refused(RuntimeError, "model sum was closed: load it again", alone["sum"].run)

# A pool that is closed is of no use either; what its models hold of it stays, so nothing is lost that is still looked at.
shown = models[1].output[:]
stream.feed(x[:8])
pool.close()
pool.close()
assert len(pool) == 0
for m, who in ((b, "model sum"), (recurrent[0][0], "model lstm")):
    for do in (m.run, m.reset, m.restart, m.selftest, m.profile, lambda: m.input.set(bytes(len(m.input.data)))):
        refused(RuntimeError, "%s cannot use a pool that was closed: load the model with another" % who, do)
refused(RuntimeError, "model digits cannot use a pool that was closed: load the model with another", stream.feed, x[8:])
refused(RuntimeError, "load() cannot use a pool that was closed: load the model with another", tinyinfer.load, "sum.tin", pool)
b.close()
stream.close()
gc.collect()
assert len(models[1].output) == 4 and len(shown) == 4

# Nothing is allocated by an inference on a pool.
if hasattr(gc, "mem_alloc") and "Python" not in tinyinfer.backend:
    m = tinyinfer.load("digits.tin", tinyinfer.Pool(needs["digits"]))
    m(x)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(100):
        m(x)
        m.restart()
    assert gc.mem_alloc() == before
    gc.enable()
