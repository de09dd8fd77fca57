"""Executed x86-64 instructions of one inference on the C core, counted by callgrind.

`python -m bench.instructions MODEL.tflite …` in tests/ prints a table. Counts repeat exactly for one compiler and machine
type; between compilers they differ a little.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "native_modules" / "core"


def build_runner(folder):
    """Compile the core and run_core.c with the host's ordinary flags; returns the executable."""
    runner = Path(folder) / "run_core"
    sources = [Path(__file__).parent / "run_core.c", *sorted(CORE.glob("*.c")), *sorted(CORE.glob("kernels/*.c"))]
    subprocess.run(["gcc", "-std=c99", "-O2", f"-I{CORE}", *map(str, sources), "-o", str(runner)], check=True)
    return runner


def executed(runner, blob, runs, folder):
    """Instructions of the whole process with `runs` inferences."""
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", str(runner), str(blob), str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def instructions(blob):
    """Instructions of one inference of a blob (bytes)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tin"
        path.write_bytes(blob)
        runner = build_runner(folder)
        one, three = (executed(runner, path, n, folder) for n in (1, 3))
    return (three - one) // 2


def main(paths):
    sys.path.insert(0, str(ROOT / "host_tools"))
    from packer import build

    print(f"{'model':32s} {'MACs':>12s} {'instructions':>14s} {'a MAC':>7s}")
    for path in map(Path, paths):
        result = build(path.read_bytes(), path.stem)
        count = instructions(result.blob)
        print(f"{path.stem:32s} {result.macs:12,d} {count:14,d} {count / max(1, result.macs):7.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
