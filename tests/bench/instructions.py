"""Executed x86-64 instructions of one inference on the C core, built with the host's ordinary flags, by callgrind.

`python -m bench.instructions MODEL.tflite …` in tests/ prints a table. Counts repeat exactly for one compiler and
machine type; between compilers they differ a little.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from .machines import BUILD, CORE_DIR, HOST, ROOT, core_objects, make, objects, tool


def runner():
    """The executable of run_core.c and the core."""
    parts = [*objects(HOST, [Path(__file__).parent / "run_core.c"], "-O2"), *core_objects(HOST, "-O2", CORE_DIR)]
    return make(BUILD / HOST.name / "run_core", parts, [*HOST.compiler, *parts])


def executed(program, blob, runs, folder):
    """Instructions of the whole process with `runs` inferences."""
    callgrind = [tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out"]
    done = subprocess.run([*callgrind, program, blob, str(runs)], capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def instructions(blob):
    """Instructions of one inference of a blob (bytes)."""
    program = runner()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tin"
        path.write_bytes(blob)
        one, three = (executed(program, path, n, folder) for n in (1, 3))
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
