# State lives from one run to the next until reset(), and is where the packer says.
import tinyinfer

START = [10, 20, 30, 40]
m = tinyinfer.load("sum.tin")  # a sum that starts at START: each run adds its input, and returns it
assert m.state_bytes == 4
assert tinyinfer.load("two.tin").state_bytes == 0


def runs(model, x, n):
    return [list(model(x)) for _ in range(n)]


def sums(x, n):
    return [[s + (i + 1) * v for s, v in zip(START, x)] for i in range(n)]


x = [1, -2, 3, 0]
assert runs(m, x, 5) == sums(x, 5)
m.reset()
assert runs(m, x, 3) == sums(x, 3)
m.restart()
assert list(m(x)) == sums(x, 4)[3]

# A run in steps is one run; one that is given up may have changed the state, so reset().
m.reset()
m.input.set(x)
for _ in m.steps():
    pass
assert list(m.output) == sums(x, 1)[0]
m.input.set(x)
for _ in m.steps():
    break
m.reset()
assert runs(m, x, 2) == sums(x, 2)

# profile() is a run on what the inputs hold; selftest() leaves the model as it was when loaded.
m.reset()
m.input.set(x)
layers = m.profile()
assert [kernel for _, kernel, _ in layers].count("COPY") >= 1, layers
assert list(m.output) == sums(x, 1)[0]
m.selftest()
assert runs(m, x, 2) == sums(x, 2)
m.selftest()

# Two models have two states; a pool that another model used has none that a new one could see.
pool = bytearray([0x55] * (m.pool_bytes + 16))
a = tinyinfer.load("sum.tin", pool)
b = tinyinfer.load("sum.tin")
assert runs(a, x, 2) == sums(x, 2)
assert runs(b, x, 1) == sums(x, 1)
assert runs(a, x, 1) == sums(x, 3)[2:]
assert runs(tinyinfer.load("sum.tin", pool), x, 2) == sums(x, 2)

# State of kernels of their own, against what TFLite Micro gave.
for name in ("lstm", "svdf"):
    m = tinyinfer.load(name + ".tin")
    with open(name + ".in", "rb") as f:
        given = f.read()
    with open(name + ".out", "rb") as f:
        wanted = f.read()
    size, out = len(m.input.data), len(m.output.data)
    n = len(given) // size
    assert n == len(wanted) // out > 10 and m.state_bytes > 0
    for _ in range(2):
        for i in range(n):
            m(given[i * size : (i + 1) * size])
            assert bytes(m.output.data) == wanted[i * out : (i + 1) * out], (name, i)
        m.reset()
    m.selftest()
