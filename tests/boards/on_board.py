# Runs on MicroPython on an emulated board, from a ROMFS at /rom; a line of JSON for the import, and one for each model.
#
# /rom/NAME.tin is a model, /rom/NAME.in the bytes of any number of inferences, inputs one after the other as they lie
# in the pool. The library is in /rom/lib. tests/support/boards.py makes the ROMFS.
import binascii
import gc
import json
import os
import sys

import uctypes


def used():
    gc.collect()
    return gc.mem_alloc()


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


def taken(source):
    """A model, and the bytes of heap it takes."""
    most = 0
    for _ in range(3):  # what a stale word on the stack kept alive, and no longer does, makes it less
        model = None
        before = used()
        model = tinyinfer.load(source)
        most = max(most, used() - before)
    return model, most


def loaded(source, pool_bytes):
    """What load() says to a pool of that many bytes; "" where that is enough for an inference."""
    try:
        model = tinyinfer.load(source, bytearray(pool_bytes))
        tested(model)
        model.run()
        return ""
    except ValueError as e:
        return str(e)


def tested(model):
    if hasattr(model._engine, "selftest"):  # which a native module for few models may lack
        model.selftest()


def check(name, rom):
    source = "/rom/" + name + ".tin"
    model, load_bytes = taken(source)
    facts = {"model": name, "load_bytes": load_bytes, "pool_bytes": model.pool_bytes, "state_bytes": model.state_bytes}
    facts["edges"] = len(model.inputs) + len(model.outputs)
    facts["in_place"] = rom(uctypes.addressof(model._blob))
    tested(model)
    outputs = []
    with open("/rom/" + name + ".in", "rb") as f:
        cases = memoryview(f)
    at = 0
    while at < len(cases):
        for tensor in model.inputs:
            tensor.data[:] = cases[at : at + len(tensor.data)]
            at += len(tensor.data)
        model.run()
        outputs.append("".join([binascii.hexlify(tensor.data).decode() for tensor in model.outputs]))
    facts["outputs"] = outputs
    facts["run_bytes"] = growth(model.run, 2)
    del model, tensor
    needed = facts["pool_bytes"] - facts["state_bytes"]  # the state lies beside a pool that is given
    facts["enough"] = loaded(source, needed)
    facts["too_small"] = loaded(source, needed - 1)
    print(json.dumps(facts))


gc.collect()
free = gc.mem_free()
before = used()
import _tinyinfer

module = used() - before
import tinyinfer

library = used() - before - module
print(
    json.dumps(
        {
            "mpy": sys.implementation._mpy,
            "backend": tinyinfer.backend,
            "heap_bytes": free,
            "module_bytes": module,
            "library_bytes": library,
        }
    )
)
image = uctypes.addressof(memoryview(open("/rom/first", "rb")))
last = uctypes.addressof(memoryview(open("/rom/last", "rb")))
for entry in sorted(os.listdir("/rom")):
    if entry.endswith(".tin"):
        check(entry[:-4], lambda address: image <= address < last)
