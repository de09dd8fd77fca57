# A run in steps lets other tasks live.
import tinyinfer

m = tinyinfer.load("digits.tin")
x = bytes([i * 22 + 128 & 255 for i in range(64)])
want = m(x)[:]
assert m(bytes(64))[:] != want


def ticker():
    """A task that counts its turns."""
    global ticks
    while True:
        ticks += 1
        yield


def infer():
    """A task that makes one row a turn."""
    m.input.set(x)
    yield from m.steps()


ticks = 0
turns = 0
tasks = [ticker(), infer()]
while len(tasks) == 2:
    for task in tasks:
        try:
            next(task)
        except StopIteration:
            tasks.remove(task)
    turns += 1
rows = turns
assert m.output[:] == want
assert rows > 20 and ticks == turns, (rows, ticks)

# A yield after each `rows` rows but the last ones.
for n in (2, 7, rows - 1, rows, rows + 1, 10**6):
    m.input.set(x)
    assert sum(1 for _ in m.steps(n)) == (rows - 1) // n
    assert m.output[:] == want

# run() and steps() go on from where steps() was left, and setting an input starts over.
for left in (1, 5, rows - 1):
    m.input.set(x)
    for i, _ in enumerate(m.steps()):
        if i + 1 == left:
            break
    m.run()
    assert m.output[:] == want
    m.input.set(x)
    for i, _ in enumerate(m.steps()):
        if i + 1 == left:
            break
    assert sum(1 for _ in m.steps()) == rows - left - 1
    assert m.output[:] == want
    m.input.set(bytes(64))
    next(m.steps())
    assert m(x)[:] == want
    next(m.steps())
    m.restart()
    m.input.data[:] = x
    m.run()
    assert m.output[:] == want

try:
    next(m.steps(0))
    raise AssertionError
except ValueError as e:
    assert "at least 1 row" in str(e), e

# profile() is a run with a stopwatch.
m.input.set(x)
layers = m.profile()
assert m.output[:] == want
assert [kernel for _, kernel, _ in layers][:2] == ["CONV2D", "DEPTHWISE_CONV2D"], layers
assert all(us >= 0 for _, _, us in layers)
