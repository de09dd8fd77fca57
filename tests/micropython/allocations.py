# Inference allocates nothing.
import gc

import tinyinfer

m = tinyinfer.load("digits.tin")
x = bytes([i * 22 + 128 & 255 for i in range(64)])
floats = [i / 16 for i in range(64)]


def growth(do, times):
    """Bytes of heap that `times` calls take, with nothing collected in between."""
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(times):
        do()
    after = gc.mem_alloc()
    gc.enable()
    return after - before


def call():
    m(x)


def call_floats():
    m(floats)


def step():
    m.restart()
    for _ in range(100):
        m._engine.step(1)


for do in (m.run, call, step):
    do()
    assert growth(do, 1000) == 0, (do, growth(do, 1000))

# Floats are boxed while they are quantised; nothing of that stays but what a stale word on the stack may keep alive.
call_floats()
gc.collect()
before = gc.mem_alloc()
for _ in range(100):
    call_floats()
gc.collect()
assert gc.mem_alloc() - before < 1024
