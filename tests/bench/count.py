"""Executed instructions of one inference on a microcontroller core, counted under QEMU, each output byte checked:

    cd tests && ../.venv/bin/python -m bench.count CORE MODEL [--layers]

CORE: cortex-m0plus, cortex-m33 (with the DSP extension), rv32imc, or `all`. MODEL: a name (mlperf_kws, digits, …), or
the path of a `.tflite` or of a blob. --layers counts each op. --core-dir DIR takes the C core from another folder, -O X
compiles it with -OX instead of -O2, --elf FILE keeps the program for a disassembler, --json prints for machines. The
outputs are compared with the host core's on the same blob and input (TINYINFER_CORE names another build of it).

"load" is ti_check() with ti_open(); "run" a whole ti_run(). What --layers prints comes from a second inference, by
ti_step_row(): its sum differs a little from "run".
"""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .machines import CORE_DIR, MACHINES, ROOT, SLOT_LAYERS, SLOT_LOAD, SLOT_RUN, TARGET, BenchError
from .machines import core_objects, count, link, objects

sys.path.insert(0, str(ROOT / "host_tools"))

from packer import build  # noqa: E402
from packer.core import CoreModel  # noqa: E402
from packer.errors import PackerError  # noqa: E402
from packer.inspect import Blob  # noqa: E402

MODELS = Path(os.environ.get("TINYINFER_MODELS") or ROOT.parent / "shared" / "models").resolve()
SEED = 20  # of the input bytes


@dataclass(frozen=True)
class Layer:
    name: str
    kernel: str
    macs: int
    instructions: int


@dataclass(frozen=True)
class Counted:
    """Executed instructions of loading a blob and of one inference."""

    load: int
    run: int
    layers: list  # of Layer, where they were asked for


def find(model):
    """The path of a model by its name or path. BenchError if there is none."""
    examples = ROOT.glob(f"examples/*/{model}_int8.tflite")
    for path in (Path(model), *examples, MODELS / f"{model}_int8.tflite", MODELS / f"{model}.tflite"):
        if path.is_file():
            return path
    raise BenchError(f"no model {model}: neither a file, nor in examples/, nor in {MODELS}")


def blob_of(path):
    """The blob of a `.tflite`, or what a `.tin` holds."""
    data = path.read_bytes()
    return data if path.suffix == ".tin" else build(data, path.stem.removesuffix("_int8")).blob


def input_of(blob):
    """One array for each input of a Blob, int8 [bytes], the same for every core."""
    if any(io["stream"] for io in blob.inputs):
        raise BenchError("the blob's input is streamed: build it without --stream-input")
    random = np.random.default_rng(SEED)
    tensors = [blob.tensors[io["tensor"]] for io in blob.inputs]
    return [random.integers(-128, 128, t["rows"] * t["row_bytes"], np.int8) for t in tensors]


def _assembly(files, blobs, layers):
    """Assembly that links blobs and inputs, [(file, file)], and a pool for all of them in."""
    slots = SLOT_LAYERS + max(blob.header["n_ops"] for blob in blobs)
    included = "".join(f"""
    .balign 16
blob{i}: .incbin "{blob_file}"
blob{i}_end:
    .balign 16
input{i}: .incbin "{input_file}"
""" for i, (blob_file, input_file) in enumerate(files))  # fmt: skip
    entries = "".join(f"    .4byte blob{i}, blob{i}_end, input{i}\n" for i in range(len(files)))
    return f"""
    .section .rodata
    .global bench_models, bench_models_end, bench_layers
    {included}
    .balign 4
bench_models:
{entries}
bench_models_end:
bench_layers: .4byte {int(layers)}
    .bss
    .global bench_pool, bench_pool_end, bench_slots
    .balign 16
bench_pool: .space {max(blob.header["pool_bytes"] for blob in blobs)}
bench_pool_end:
    .balign 4
    .type bench_slots, %object
    .size bench_slots, {4 * slots}
bench_slots: .space {4 * slots}
"""


def program(machine, blobs, elf, layers=False, core_dir=CORE_DIR, optimise="-O2"):
    """Link blobs (bytes), an input for each and the core to the file `elf`; returns the outputs to expect, [hex]."""
    views = [Blob(data) for data in blobs]
    inputs = [input_of(view) for view in views]
    with tempfile.TemporaryDirectory() as folder:
        files = [(Path(folder) / f"{i}.tin", Path(folder) / f"{i}.input") for i in range(len(blobs))]
        for (blob_file, input_file), data, arrays in zip(files, blobs, inputs):
            blob_file.write_bytes(data)
            input_file.write_bytes(b"".join(array.tobytes() for array in arrays))
        source = Path(folder) / "model.S"
        source.write_text(_assembly(files, views, layers))
        main = objects(machine, [TARGET / "model.c"], "-O2", core_dir)
        link(machine, [*main, *core_objects(machine, optimise, core_dir), source], elf)
    return [b"".join(output.tobytes() for output in CoreModel(data).run(arrays)).hex()
            for data, arrays in zip(blobs, inputs)]  # fmt: skip


def compare(counts, expected):
    """BenchError unless the Counts' program printed the outputs expected, [hex], each once or more often in turn."""
    lines = counts.printed.splitlines()
    if not lines or len(lines) % len(expected):
        raise BenchError(f"the program printed no outputs, or not all: {len(lines)} lines for {len(expected)} models")
    each = len(lines) // len(expected)
    for number, line in enumerate(lines):
        right = expected[number // each]
        if line != right:
            wrong = sum(line[i : i + 2] != right[i : i + 2] for i in range(0, len(right), 2))
            model = f"model {number // each}: " if len(expected) > 1 else ""
            raise BenchError(f"{model}{wrong} of {len(right) // 2} output bytes differ from the host core's")


def check(machine, blobs, optimise="-O2"):
    """BenchError where an output byte of one of the blobs is wrong on a Machine. They run in one program."""
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "models.elf"
        expected = program(machine, blobs, elf, optimise=optimise)
        compare(count(machine, elf), expected)


def counted(counts, data, expected):
    """Counted, from the Counts of a program on the blob `data`. BenchError unless it printed the outputs expected."""
    compare(counts, expected)
    each = zip(Blob(data).ops, counts.executed[SLOT_LAYERS:])
    layers = [Layer(op["name"], op["kernel"], op["macs"], n) for op, n in each]
    return Counted(counts.executed[SLOT_LOAD], counts.executed[SLOT_RUN], layers)


def instructions(machine, data, layers=False, core_dir=CORE_DIR, optimise="-O2"):
    """Counted, of the blob `data` on a Machine. BenchError where an output byte is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "model.elf"
        expected = program(machine, [data], elf, layers, core_dir, optimise)
        return counted(count(machine, elf), data, expected)


def each_mac(instructions, macs):
    return f"{instructions / macs:.2f}" if macs else "-"


def print_layers(layers, whole):
    """A table of at most 100 columns; `whole`: the instructions of a whole run."""
    print(f"{'op':40} {'kernel':18} {'MACs':>11} {'counted':>12} {'a MAC':>6} {'share':>6}")
    for layer in layers:
        print(f"{layer.name[-40:]:40} {layer.kernel[:18]:18} {layer.macs:11,} {layer.instructions:12,} "
              f"{each_mac(layer.instructions, layer.macs):>6} {layer.instructions / whole:6.1%}")  # fmt: skip


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench.count", description="Count instructions of one inference.")
    parser.add_argument("core", choices=[*MACHINES, "all"])
    parser.add_argument("model", nargs="+", help="a name, or the path of a .tflite or .tin")
    parser.add_argument("--layers", action="store_true", help="each op, too")
    parser.add_argument("--core-dir", type=Path, default=CORE_DIR, help="the folder of the C core")
    parser.add_argument("-O", dest="optimise", default="2", help="the compiler's -O flag for the core (2)")
    parser.add_argument("--elf", type=Path, help="keep the program here")
    parser.add_argument("--json", action="store_true", help="print one JSON object a count, for machines")
    args = parser.parse_args(arguments)

    for path in map(find, args.model):
        model = path.stem.removesuffix("_int8")
        data = blob_of(path)
        macs = sum(op["macs"] for op in Blob(data).ops)
        for name in MACHINES if args.core == "all" else [args.core]:
            with tempfile.TemporaryDirectory() as folder:
                elf = args.elf or Path(folder) / "model.elf"
                expected = program(MACHINES[name], [data], elf, args.layers, args.core_dir, f"-O{args.optimise}")
                result = counted(count(MACHINES[name], elf), data, expected)
            if args.json:
                layers = [vars(layer) for layer in result.layers] if args.layers else []
                print(json.dumps({"core": name, "model": model, "macs": macs, "instructions": result.run,
                                  "load": result.load, "layers": layers}), flush=True)  # fmt: skip
                continue
            if args.layers:
                print_layers(result.layers, result.run)
            print(f"{model} on {name}: run {result.run:,} ({each_mac(result.run, macs)} a MAC), load {result.load:,}; "
                  "outputs right", flush=True)  # fmt: skip


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BenchError, PackerError) as error:
        sys.exit(f"bench.count: {error}")
