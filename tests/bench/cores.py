"""boards/cores.json: what MACs, bytes read, output bytes and rows cost on a core, for `packer build --board`.

`python -m bench.cores` in tests/, which `make bench` ends with, fits it to the layers of all models at hand: four
numbers for each kind of layer (packer/boards.py: kind()), none negative, with the least sum of squared relative errors.
They are cycles where an emulator counts those, else instructions. tests/test_boards.py says how far off sums may be.
"""

import itertools
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from . import report
from .count import build, counted, find, instructions, program
from .machines import LX106, MACHINES, ROOT, RP2040, XTENSAWIN, BenchError, version
from .rp2040 import cycles

sys.path.insert(0, str(ROOT / "host_tools"))

from packer.boards import work  # noqa: E402
from packer.inspect import Blob  # noqa: E402

KEPT = ROOT / "boards" / "cores.json"
CORES = {**MACHINES, LX106.name: LX106, XTENSAWIN.name: XTENSAWIN}
# Those of the benchmarks, and what has further kernels.
MODELS = (*report.MODELS, "wakeword_okay_nabu", "wakeword_vad", "mnist_lstm", "keyword_svdf", "rnnoise",
          "people_flow_int8_floatio")  # fmt: skip


def layer_costs(core, blob):
    """Cycles or instructions of each op of a blob."""
    if core == "cortex-m0plus":
        with tempfile.TemporaryDirectory() as folder:
            elf = Path(folder) / "model.elf"
            expected = program(RP2040, [blob], elf, layers=True)
            found = counted(cycles(RP2040, elf), blob, expected)
    else:
        found = instructions(CORES[core], blob, layers=True)
    return [layer.instructions for layer in found.layers]


def fit(amounts, costs):
    """The x, none negative, with the least sum of (amounts @ x / costs - 1)^2: of all choices of columns the best that
    least squares make positive. amounts: [layers][columns], costs: [layers]."""
    relative = np.array(amounts, float) / np.array(costs, float)[:, None]
    columns, best = relative.shape[1], (np.inf, None)
    for count in range(1, columns + 1):
        for chosen in map(list, itertools.combinations(range(columns), count)):
            x = np.zeros(columns)
            x[chosen] = np.linalg.lstsq(relative[:, chosen], np.ones(len(costs)), rcond=None)[0]
            error = np.sum((relative @ x - 1) ** 2)
            if (x >= 0).all() and error < best[0] * 0.999:  # no column for nothing
                best = error, x
    return best[1]


def table(core, blobs):
    """({kind: [a MAC, a byte read, an output byte, a row]}, the mean of all models' MACs) on a core."""
    layers, macs, total = {}, 0, 0
    for blob in blobs:
        for (kind, *amounts), cost in zip(work(Blob(blob)), layer_costs(core, blob), strict=True):
            macs, total = macs + amounts[0], total + cost
            if any(amounts) and cost:  # not those of the initial steps
                layers.setdefault(kind, []).append((amounts, cost))
    kernels = {kind: [float(f"{x:.4g}") for x in fit(*zip(*found))] for kind, found in sorted(layers.items())}
    return kernels, round(total / macs, 2)


def main():
    missing = []
    for name in MODELS:
        try:
            find(name)
        except BenchError:
            missing.append(name)
    if missing:
        print(f"{len(missing)} of {len(MODELS)} models are missing: {KEPT.relative_to(ROOT)} stays as it is")
        return
    blobs = [build(find(name).read_bytes(), name).blob for name in MODELS]
    kept = {}
    for core, machine in CORES.items():
        unit = "cycles" if core == "cortex-m0plus" else "instructions"
        print(f"{unit} of each layer of {len(blobs)} models on {core}", flush=True)
        kernels, each_mac = table(core, blobs)
        kept[core] = {"unit": unit, "compiler": version(machine), "each_mac": each_mac, "kernels": kernels}
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"wrote {KEPT.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"make bench: {error}")
