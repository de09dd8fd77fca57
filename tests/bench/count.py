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


def _assembly(blob_file, blob, input_file, layers):
    """Assembly that links a blob, its input and its pool in."""
    header = blob.header
    slots = SLOT_LAYERS + header["n_ops"]
    return f"""
    .section .rodata
    .global bench_blob, bench_blob_end, bench_input, bench_layers
    .balign 16
bench_blob: .incbin "{blob_file}"
bench_blob_end:
    .balign 16
bench_input: .incbin "{input_file}"
    .balign 4
bench_layers: .4byte {int(layers)}
    .bss
    .global bench_pool, bench_pool_end, bench_slots
    .balign 16
bench_pool: .space {header["pool_bytes"]}
bench_pool_end:
    .balign 4
    .type bench_slots, %object
    .size bench_slots, {4 * slots}
bench_slots: .space {4 * slots}
"""


def program(machine, data, elf, layers=False, core_dir=CORE_DIR, optimise="-O2"):
    """Link the blob `data`, an input for it and the core to the file `elf`; returns the outputs to expect, in hex."""
    blob = Blob(data)
    arrays = input_of(blob)
    with tempfile.TemporaryDirectory() as folder:
        blob_file, input_file, source = (Path(folder) / name for name in ("model.tin", "input", "model.S"))
        blob_file.write_bytes(data)
        input_file.write_bytes(b"".join(array.tobytes() for array in arrays))
        source.write_text(_assembly(blob_file, blob, input_file, layers))
        main = objects(machine, [TARGET / "model.c"], "-O2", core_dir)
        link(machine, [*main, *core_objects(machine, optimise, core_dir), source], elf)
    return b"".join(output.tobytes() for output in CoreModel(data).run(arrays)).hex()


def counted(counts, data, expected):
    """Counted, from the Counts of a program on the blob `data`. BenchError unless it printed the outputs expected."""
    for line in counts.printed.split():
        if line != expected:
            wrong = sum(line[i : i + 2] != expected[i : i + 2] for i in range(0, len(expected), 2))
            raise BenchError(f"{wrong} of {len(expected) // 2} output bytes differ from the host core's")
    if not counts.printed:
        raise BenchError("the program printed no outputs")
    each = zip(Blob(data).ops, counts.executed[SLOT_LAYERS:])
    layers = [Layer(op["name"], op["kernel"], op["macs"], n) for op, n in each]
    return Counted(counts.executed[SLOT_LOAD], counts.executed[SLOT_RUN], layers)


def instructions(machine, data, layers=False, core_dir=CORE_DIR, optimise="-O2"):
    """Counted, of the blob `data` on a Machine. BenchError where an output byte is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "model.elf"
        expected = program(machine, data, elf, layers, core_dir, optimise)
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
                expected = program(MACHINES[name], data, elf, args.layers, args.core_dir, f"-O{args.optimise}")
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
