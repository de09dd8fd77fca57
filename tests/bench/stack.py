"""The deepest stack of the core, for each compiler that is there: `python -m bench.stack` in tests/ prints it and its path.

gcc gives each function's frame and its calls (-fcallgraph-info=su). Calls through pointers are few, and added here: the
loader and the run loop call whatever ti_kernels[] names, ti_broadcast_row() the functions that its callers hand it.
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from elftools.elf.elffile import ELFFile

from .size import COMPILERS, CORE, FLAGS, archs, sources

BOUND_BYTES = 1024
OUTSIDE_BYTES = 64  # of libgcc's divisions and shifts and libc's memory functions, which call nothing further
# Of functions whose frames gcc does not see. What assembly pushes inside of others, 32 bytes at most, is not counted.
ASSEMBLY_BYTES = {"dsp_channels": 84, "dsp_pixels": 36, "dsp_rows": 96, "run_quads": 64, "run_channels": 64,
                  "run_strips": 208, "ti_scale_armv6m": 4}

_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]+)"')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
_FRAME = re.compile(r"\\n(\d+) bytes \((\w+(?:,\w+)?)\)")
_INDIRECT = "__indirect_call"
_RUNS_KERNELS = ("step_row", "ti_step_row")  # whichever the compiler makes the call part of
_CHECKS_KERNELS = ("check_params", "check_op", "ti_prove_data")
_LOADS = "have_segment"  # calls a function of whoever uses the core


class StackError(Exception):
    """The depth cannot be told: recursion, a frame of no fixed size, a call through a pointer not known here."""


@dataclass
class Graph:
    """frames: {function: bytes}; calls: {function: functions it calls}; files: {function: source}. A static function is
    called FILE:NAME."""

    frames: dict = field(default_factory=dict)
    calls: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)

    def read(self, source, text):
        """Add the `.ci` of one source."""
        for title, label in _NODE.findall(text):
            frame = _FRAME.search(label)
            if frame:
                if frame[2] not in ("static", "dynamic,bounded"):  # either way the number is the most
                    raise StackError(f"the frame of {plain(title)} has no fixed size ({frame[2]})")
                self.frames[title] = ASSEMBLY_BYTES.get(plain(title), int(frame[1]))
                self.files[title] = source
        for caller, callee in _EDGE.findall(text):
            self.calls.setdefault(caller, set()).add(callee)

    def resolve(self, kernels):
        """Put what may be meant in place of calls through pointers; `kernels`: what ti_kernels[] names."""
        called = set().union(*self.calls.values())
        for caller in sorted(c for c in self.calls if _INDIRECT in self.calls[c]):
            name = plain(caller)
            if name == _LOADS:
                self.calls[caller].discard(_INDIRECT)
                continue
            if name in _RUNS_KERNELS:
                targets = {k for k in kernels if k.endswith("_row")}
            elif name in _CHECKS_KERNELS:
                targets = {k for k in kernels if k.endswith("_check")}
            elif name == "ti_broadcast_row":
                # A static function that nobody calls by name is there to be handed on.
                files = {self.files[f] for f in self.calls if name in self.calls[f]}
                targets = {f for f in self.frames if ":" in f and f not in called and self.files[f] in files}
            else:
                targets = set()
            if not targets:
                raise StackError(f"{name} calls through a pointer, and what it may call is not known")
            self.calls[caller] = self.calls[caller] - {_INDIRECT} | targets

    def reached(self, *functions):
        """These functions, and all that they may call."""
        found, left = set(), list(functions)
        while left:
            function = left.pop()
            if function not in found:
                found.add(function)
                left += self.calls.get(function, ())
        return found

    def deepest(self):
        """[(function, its bytes)] of the deepest path from any function."""
        best = {}

        def visit(function, above):
            if function in above:
                cycle = [*above[above.index(function) :], function]
                raise StackError("recursion: " + " > ".join(map(plain, cycle)))
            if function not in best:
                callees = [visit(f, [*above, function]) for f in sorted(self.calls.get(function, ()))]
                deeper = max(callees, key=total, default=[])
                best[function] = [(function, self.frames.get(function, OUTSIDE_BYTES)), *deeper]
            return best[function]

        return max((visit(f, []) for f in sorted(self.frames)), key=total)


def plain(function):
    """The name of a function, of a static one without its file."""
    return function.split(":")[-1]


def total(path):
    return sum(size for _, size in path)


def kernel_functions(object_file):
    """The functions whose addresses ti_kernels[] holds."""
    with object_file.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".symtab")
        starts = (".rel.data", ".rela.data", ".rel.ro", ".rela.ro")
        tables = [s for s in elf.iter_sections() if s.name.startswith(starts)]
        return {symbols.get_symbol(r["r_info_sym"]).name for s in tables for r in s.iter_relocations()}


def graph(arch):
    """The core's Graph, compiled for `arch` as for a native module."""
    compiler, *flags = COMPILERS[arch]
    found, kernels = Graph(), set()
    with tempfile.TemporaryDirectory() as folder:
        for source in sources():
            target = Path(folder) / f"{source.stem}.o"
            command = [compiler, *flags, *FLAGS, "-fcallgraph-info=su", f"-I{CORE}", "-c", source, "-o", target]
            subprocess.run(command, check=True)
            found.read(source, target.with_suffix(".ci").read_text())
            if source.name == "ti_kernels.c":
                kernels = kernel_functions(target)
    found.resolve(kernels)
    return found


def main():
    over = []
    for arch in archs():
        path = graph(arch).deepest()
        print(f"deepest stack of the core on {arch}: {total(path)} of at most {BOUND_BYTES} bytes", flush=True)
        for function, size in path:
            print(f"{size:8} {plain(function)}")
        if total(path) > BOUND_BYTES:
            over.append(arch)
    return f"more than {BOUND_BYTES} bytes of stack on {', '.join(over)}" if over else 0


if __name__ == "__main__":
    sys.exit(main())
