# Runs on the Pico, before the requests of models.py.
import gc
import json
import sys
import time

CYCLES_A_MICROSECOND = 125


def heap():
    gc.collect()
    return gc.mem_alloc()


def imports(slot):
    """Print what importing the native module takes of the heap, and what the library takes beside it."""
    before = heap()
    import _tinyinfer

    module = heap()
    import tinyinfer

    if slot:
        from tinyinfer import _slot
    print([module - before, heap() - module])


def measure(load, inputs):
    """Load a model, run it on so many inputs from the serial port, and print what came of it as JSON.

    load: a function of a pool, or None, that returns the model.
    """
    import tinyinfer
    import uctypes

    before = heap()
    m = load(None)
    ram = heap() - before
    needed = m.pool_bytes
    m.close()
    del m
    load(bytearray(needed)).selftest()
    try:
        load(bytearray(needed - 1))
    except ValueError as e:
        too_small = str(e)
    m = load(None)
    m.selftest()
    size = len(m.input.data)
    outputs = []
    allocated = []
    for _ in range(inputs):
        given = sys.stdin.buffer.read(size)
        m.input.set(given)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        start = time.ticks_us()
        m.run()
        took = time.ticks_diff(time.ticks_us(), start)
        allocated.append(gc.mem_alloc() - before)
        gc.enable()
        outputs.append(bytes(m.output.data).hex())
    gc.collect()
    free = gc.mem_free()
    m.input.set(given)
    layers = [(layer, kernel, CYCLES_A_MICROSECOND * us) for layer, kernel, us in m.profile()]
    assert bytes(m.output.data).hex() == outputs[-1]
    result = {
        "backend": tinyinfer.backend, "pool_bytes": len(m._engine.pool()), "load_heap_bytes": ram,
        "free_heap_bytes": free, "blob_address": uctypes.addressof(m._blob), "too_small": too_small,
        "outputs": outputs, "allocated": allocated, "cycles": CYCLES_A_MICROSECOND * took, "layers": layers,
    }  # fmt: skip
    print(json.dumps(result))
