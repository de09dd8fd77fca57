# Runs on MicroPython: `run_cases.py MODEL INPUTS OUTPUTS`. INPUTS holds the bytes of any number of inferences, inputs one
# after the other as they lie in the pool; OUTPUTS receives theirs. Prints one line of JSON about the runs.
import gc
import json
import sys
import time

import tinyinfer

model_path, inputs_path, outputs_path = sys.argv[1:4]
gc.collect()
before = gc.mem_alloc()
model = tinyinfer.load(model_path)
gc.collect()
loaded = gc.mem_alloc() - before
streamed = len(model.input) if model.input.stream else 0
cases = 0
microseconds = 0
growth = 0
with open(inputs_path, "rb") as inputs, open(outputs_path, "wb") as outputs:
    while True:
        if streamed:
            rows = inputs.read(streamed)
            if not rows:
                break
        elif sum(inputs.readinto(tensor.data) or 0 for tensor in model.inputs) == 0:
            break
        heap = gc.mem_alloc()
        start = time.ticks_us()
        if streamed:
            model.feed(rows)
        else:
            model.run()
        microseconds += time.ticks_diff(time.ticks_us(), start)
        growth = max(growth, gc.mem_alloc() - heap)
        for tensor in model.outputs:
            outputs.write(tensor.data)
        cases += 1
print(
    json.dumps(
        {
            "backend": tinyinfer.backend,
            "cases": cases,
            "microseconds": microseconds,
            "heap_bytes_loaded": loaded,
            "heap_bytes_run": growth,
        }
    )
)
