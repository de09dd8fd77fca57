"""The table of figures in README.md: `python -m bench.figures MODEL.tflite …` in tests/ prints it as Markdown.

RAM: the pool beside the arena that TFLite Micro needs, measured with its Python package on x86-64 (on a 32-bit board its
persistent part is about a tenth smaller). Flash: the blob beside the `.tflite`. Work: x86-64 instructions of one inference.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from .instructions import ROOT, instructions

_MEASURE = """
import sys
from tflite_micro.python.tflite_micro import runtime
data = open(sys.argv[1], "rb").read()
interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 24)
interpreter.invoke()
interpreter.print_allocations()
"""


def tflm_arena_bytes(path):
    """Bytes of arena that TFLite Micro uses for a model, in its own count."""
    done = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True)
    return int(re.search(r"Arena allocation total (\d+) bytes", done.stderr + done.stdout).group(1))


def main(paths):
    sys.path.insert(0, str(ROOT / "host_tools"))
    from packer import build

    print("| model | MACs | RAM: TFLM | RAM: tinyinfer | `.tflite` | `.tin` | x86-64 instructions |")
    print("|---|---|---|---|---|---|---|")
    for path in map(Path, paths):
        data = path.read_bytes()
        result = build(data, path.stem)
        figures = (result.macs, tflm_arena_bytes(path), result.pool_bytes, len(data), len(result.blob), instructions(result.blob))
        print(f"| {path.stem.removesuffix('_int8')} | " + " | ".join(f"{n:,}" for n in figures) + " |", flush=True)


def default_models():
    """The example, and the models of README's table that are in TINYINFER_MODELS, else in ../shared/models."""
    folder = Path(os.environ.get("TINYINFER_MODELS") or ROOT.parent / "shared" / "models")
    names = re.findall(r"^\| (\w+) \| (?:[\d,]+ \| ){5}", (ROOT / "README.md").read_text("utf-8"), re.M)
    found = [folder / f"{name}_int8.tflite" for name in names]
    return [ROOT / "examples" / "digits" / "digits_int8.tflite", *(path for path in found if path.exists())]


if __name__ == "__main__":
    main(sys.argv[1:] or default_models())
