"""`make bench`: counts every model on every core; prints that, writes docs/benchmarks.json and docs/benchmarks.md.

--layers prints every op, too. The files are written where all MODELS are at hand; otherwise they stay as they are.
tests/test_benchmarks.py fails where a count is more than 1% above docs/benchmarks.json.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from . import peers
from .count import MODELS as FOLDER
from .count import build, counted, find, instructions, print_layers, program
from .instructions import instructions as x86_64_instructions
from .machines import HOST, MACHINES, ROOT, RP2040, BenchError, version
from .page import number, page, ratio
from .rp2040 import cycles

KEPT = ROOT / "docs" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
MODELS = ("digits", "hello_world", "emlearn_mnist_cnn", "micro_speech", "magic_wand", "mlperf_ad", "mlperf_sww",
          "mlperf_kws", "person_detect", "mlperf_vww", "mlperf_ic_resnet8", "fomo_balloon")  # fmt: skip
ROW = "{:17} {:13} {:>10} {:>12} {:>5} {:>12} {:>11} {:>8}"


def built(name):
    """BuildResult of a model. BenchError if it is not at hand."""
    return build(find(name).read_bytes(), name)


def rp2040_cycles(blob):
    """Cycles of one inference of a blob on an RP2040."""
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "model.elf"
        expected = program(RP2040, [blob], elf)
        return counted(cycles(RP2040, elf), blob, expected).run


def measure(name, layers=False):
    """{core: entry} of a model; entries as in docs/benchmarks.json."""
    result = built(name)
    common = {"macs": result.macs, "pool_bytes": result.pool_bytes}
    entries = {}
    for core, machine in MACHINES.items():
        found = instructions(machine, result.blob, layers)
        entries[core] = {"instructions": found.run, **common, "load": found.load, "compiler": version(machine)}
        if layers:
            print(f"\n{name} on {core}")
            print_layers(found.layers, found.run)
    entries["cortex-m0plus"]["cycles"] = rp2040_cycles(result.blob)
    entries["x86_64"] = {"instructions": x86_64_instructions(result.blob), **common, "compiler": version(HOST)}
    return entries


def print_row(name, core, macs, counted, others=None, at_most=None, load=None):
    figures = (number(macs), number(counted), ratio(counted, macs), number(others), number(at_most), number(load))
    print(ROW.format(name, core, *figures), flush=True)


def print_rows(name, entries):
    for core, e in entries.items():
        others = peers.CMSIS.get(core, {}).get(name) or peers.REFERENCE.get(core, {}).get(name)
        print_row(name, core, e["macs"], e["instructions"], others, peers.AT_MOST[core].get(name), e.get("load"))
    e = entries["cortex-m0plus"]
    print_row(name, "RP2040 cycles", e["macs"], e["cycles"])


def over(kept):
    """What is above what peers.py promises, in words."""
    promises = [(name, core, kept[core][name]["instructions"], at_most)
                for core, models in peers.AT_MOST.items() for name, at_most in models.items() if name in kept[core]]
    promises += [(name, "loading on cortex-m0plus", e["load"], peers.load_at_most(e["instructions"]))
                 for name, e in kept["cortex-m0plus"].items()]  # fmt: skip
    return [f"{name}, {where}: {n / at_most - 1:+.0%}" for name, where, n, at_most in promises if n > at_most]


def main(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench.report", description="Count every model on every core.")
    parser.add_argument("--layers", action="store_true", help="print every op, too")
    args = parser.parse_args(arguments)

    print(ROW.format("model", "core", "MACs", "counted", "a MAC", "TFLM's best", "at most", "load"))
    kept, missing = {}, []
    for name in MODELS:
        try:
            find(name)
        except BenchError:
            missing.append(name)
            continue
        entries = measure(name, args.layers)
        print_rows(name, entries)
        for core, entry in entries.items():
            kept.setdefault(core, {})[name] = entry
    for line in over(kept):
        print(f"above what is promised: {line}")
    if missing:
        print(f"\n{len(missing)} of {len(MODELS)} models are not in {FOLDER}: docs/benchmarks.* stay as they are")
        return
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept))
    print(f"\nwrote {KEPT.relative_to(ROOT)} and {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        sys.exit(f"make bench: {error}")
