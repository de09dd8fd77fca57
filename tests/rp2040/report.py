"""What models cost on an emulated Pico: `python -m rp2040.report [--json]` in tests/ prints it, layer by layer.

Cycles are those of rp2040js at 125 MHz, to 125 of them. Not in them: what misses of the flash's cache cost, and exact
times of the boot ROM's memcpy.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from .models import MODELS, STOCK, USER_MODULE, Subject, measure, set_up
from .pico import HZ, ROOT

COLUMNS = "{:<34} {:<18} {:>13,} {:>8.2f} {:>13,} {:>8.2f}"
FIGURES = {
    "heap of the imports": lambda r: r["module_heap_bytes"] + r["library_heap_bytes"],
    "heap of the loaded model": lambda r: r["load_heap_bytes"],
    "heap that is left": lambda r: r["free_heap_bytes"],
}


def subjects():
    """The models that are at hand: the project's own, and real ones in TINYINFER_MODELS, else in ../shared/models."""
    folder = Path(os.environ.get("TINYINFER_MODELS") or ROOT.parent / "shared" / "models")
    return [Subject(name, folder) for name in MODELS if name == "digits" or (folder / f"{name}_int8.tflite").exists()]


def measurements():
    """{model: {kind: what models.measure() gives}}."""
    models = subjects()
    found = {subject.name: {} for subject in models}
    with tempfile.TemporaryDirectory() as folder:
        for kind in (STOCK, USER_MODULE):
            print(f"== an emulated Pico, {kind}", file=sys.stderr, flush=True)
            flash = Path(folder) / "flash"
            set_up(flash, kind, models)
            for subject in models:
                print(f"   {subject.name}", file=sys.stderr, flush=True)
                found[subject.name][kind] = measure(flash, kind, subject)
    return found


def milliseconds(cycles):
    return cycles / HZ * 1000


def row(name, kernel, stock, module):
    print(COLUMNS.format(name[-34:], kernel, stock, milliseconds(stock), module, milliseconds(module)))


def main():
    found = measurements()
    if "--json" in sys.argv:
        print(json.dumps(found, indent=1))
        return
    for model, kinds in found.items():
        stock, module = kinds[STOCK], kinds[USER_MODULE]
        print()
        print(f"{model:<53} {'native .mpy, cycles':>13} {'ms':>8} {'user module':>13} {'ms':>8}")
        for (name, kernel, cycles), (_, _, beside) in zip(stock["layers"], module["layers"], strict=True):
            row(name, kernel, cycles, beside)
        row("whole inference", "", stock["cycles"], module["cycles"])
        for name, figure in FIGURES.items():
            print(f"{name + ', bytes':<53} {figure(stock):>13,} {'':>8} {figure(module):>13,}")


if __name__ == "__main__":
    main()
