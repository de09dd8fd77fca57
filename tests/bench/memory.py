"""RAM of every model at hand: `python -m bench.memory` in tests/ prints a table, with --update keeps it in memory.json.

TFLM: the arena that TFLite Micro needs, measured now on x86-64. Liveness: whole tensors that share memory, nothing
else. Pool: what `packer build` needs, beside what no schedule can do without; streamed: with --stream-input. At most:
what the project promises. tests/test_memory.py checks that no pool is more than memory.json says.
"""

import json
import sys
from pathlib import Path

from conftest import MODELS, ROOT
from packer import build
from packer.errors import PackerError
from packer.plan import liveness_bytes

from .figures import tflm_arena_bytes

KEPT = Path(__file__).with_suffix(".json")
AT_MOST = {
    "person_detect": 15_360, "mlperf_vww": 28_672, "mlperf_ic_resnet8": 16_896, "mlperf_kws": 8_704,
    "mlperf_sww": 4_096, "mlperf_ad": 1_024, "magic_wand": 4_352, "fomo_balloon": 49_152, "emlearn_mnist_cnn": 1_280,
}  # fmt: skip
ROW = "{:24} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9} {:>9}"


def paths():
    """{name: path} of the quantised models at hand: the examples' and, where their folder is there, the real ones."""
    found = [*sorted(ROOT.glob("examples/*/*_int8.tflite")), *sorted(MODELS.glob("*.tflite"))]
    return {path.stem.removesuffix("_int8"): path for path in found if not path.stem.endswith(("_float", "_hybrid"))}


def pools(tflite):
    """(BuildResult, bytes of pool with the input streamed, or None where it cannot be)."""
    result = build(tflite)
    if len(result.program.inputs) != 1:
        return result, None
    return result, build(tflite, stream_input=True).pool_bytes


def main(arguments):
    print(ROW.format("RAM, bytes", "TFLM", "liveness", "pool", "bound", "over", "streamed", "at most"), flush=True)
    kept = {}
    for name, path in paths().items():
        try:
            result, streamed = pools(path.read_bytes())
        except PackerError as error:
            print(f"{name:24} cannot be built: {str(error).splitlines()[0]}"[:100], flush=True)
            continue
        pool, bound = result.pool_bytes, result.lower_bound_bytes
        kept[name] = {"pool": pool, "streamed": streamed}
        figures = [tflm_arena_bytes(path), liveness_bytes(result.program), pool, bound, f"{pool / bound - 1:+.1%}",
                   streamed, AT_MOST.get(name)]  # fmt: skip
        print(ROW.format(name, *(f"{n:,}" if isinstance(n, int) else n or "-" for n in figures)), flush=True)
    if arguments == ["--update"]:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
