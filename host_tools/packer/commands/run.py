"""`packer run`."""

from pathlib import Path

import numpy as np

from ..build import build
from ..core import CoreModel, split_outputs
from ..edges import from_pool, to_pool
from ..errors import PackerError
from ..inspect import Blob, shape_text
from ..unix import find_unix_port, run_cases
from ..verify import make_cases
from .common import command, in_bytes, load_arrays, out, print_json


def add_to(commands):
    p = command(commands, "run", _run, "Run a model once on MicroPython's unix port.")
    p.add_argument("model", type=Path, help="a .tflite or .tin file")
    p.add_argument("--input", type=Path, action="append", help=".npy file, one for each input (default: seeded random)")


def _run(args):
    data = args.model.read_bytes()
    blob = build(data, args.model.stem).blob if data[4:8] == b"TFL3" else data
    view = Blob(blob)
    model = CoreModel(blob)
    arrays = load_arrays(args.input) if args.input else make_cases(model.inputs, 1)[0]
    if len(arrays) != len(model.inputs):
        raise PackerError(f"{args.model}: the model has {len(model.inputs)} inputs, {len(arrays)} were given")
    pool_inputs = [to_pool(io, a) for io, a in zip(model.inputs, arrays)]
    raws, facts = run_cases(find_unix_port(), blob, [pool_inputs])
    outputs = split_outputs(model.outputs, raws[0])
    if args.json:
        print_json({
            "name": view.name, "backend": facts["backend"], "pool_bytes": view.header["pool_bytes"],
            "microseconds": facts["microseconds"], "heap_bytes_loaded": facts["heap_bytes_loaded"],
            "outputs": [from_pool(io, raw).ravel().tolist() for io, raw in zip(model.outputs, outputs)],
        })  # fmt: skip
        return
    out.print(f"{view.name} on MicroPython's unix port, {facts['backend']}")
    given = ", ".join(str(p) for p in args.input) if args.input else "seeded random bytes"
    out.print(f"  input  {', '.join(shape_text(io) for io in model.inputs)}: {given}", markup=False)
    out.print(f"  pool   {in_bytes(view.header['pool_bytes'])}, {facts['microseconds']:,} us")
    labels = view.metadata.get("labels", [])
    for number, (io, raw) in enumerate(zip(view.outputs, outputs)):
        out.print(f"  output {shape_text(io)} \"{io['name']}\"", markup=False)
        raw = raw.ravel()
        real = (raw.astype(np.int32) - io["zero_point"]) * io["scale_value"]
        order = np.argsort(-real, kind="stable")[:10]
        for i in order:
            label = labels[i] if number == 0 and isinstance(labels, list) and i < len(labels) else ""
            out.print(f"    [{i}] {real[i]:10.4f}  ({raw[i]:4d})  {label}", markup=False)
        if raw.size > len(order):
            out.print(f"    … the largest 10 of {raw.size:,}", markup=False)
