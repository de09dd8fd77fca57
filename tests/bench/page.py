"""docs/benchmarks.md, made of what docs/benchmarks.json holds and of the peers' figures."""

from . import peers
from .rp2040 import HZ

CORES = {"cortex-m0plus": "Cortex-M0+", "cortex-m33": "Cortex-M33 (DSP)", "rv32imc": "RV32IMC"}


def number(value):
    return "-" if value is None else f"{value:,}"


def ratio(value, by, digits=2):
    return "-" if not value or not by else f"{value / by:.{digits}f}"


def table(head, rows):
    """A Markdown table, its first column left, the others right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def instruction_table(core, models):
    with_cmsis = core in peers.CMSIS
    head = ["model", "MACs", "instructions", "a MAC"]
    head += [*(["TFLM, CMSIS-NN", "times"] if with_cmsis else []), "TFLM, reference", "times"]
    rows = []
    for name, e in models.items():
        others = [peers.CMSIS[core].get(name)] if with_cmsis else []
        others.append(peers.REFERENCE[core].get(name))
        row = [name, number(e["macs"]), number(e["instructions"]), ratio(e["instructions"], e["macs"])]
        for other in others:
            row += [number(other), ratio(other, e["instructions"])]
        rows.append(row)
    return table(head, rows)


def cycle_table(models):
    rows = []
    for name, e in models.items():
        hale = peers.HALE_MS.get(name)
        ours = (number(e["cycles"]), ratio(e["cycles"], e["macs"]), f"{e['cycles'] * 1000 / HZ:,.1f}")
        rows.append([name, *ours, ratio((hale or 0) * peers.HALE_HZ / 1000, e["macs"])])
    return table(["model", "cycles", "a MAC", f"ms at {HZ // 10**6} MHz", "Bosch HALE, cycles a MAC"], rows)


def load_table(models):
    rows = [[name, number(e["load"]), number(peers.load_at_most(e["instructions"])), number(peers.ALLOCATE.get(name))]
            for name, e in models.items()]  # fmt: skip
    return table(["model", "instructions", "at most", "TFLM's `AllocateTensors()`"], rows)


def x86_64_table(models):
    rows = []
    for name, e in models.items():
        ours = (number(e["instructions"]), ratio(e["instructions"], e["macs"]))
        rows.append([name, *ours, number(peers.TINYMAIX_X86_64.get(name))])
    return table(["model", "instructions", "a MAC", "TinyMaix"], rows)


def page(kept):
    """The text of docs/benchmarks.md, from {core: {model: entry}} of docs/benchmarks.json."""
    m0 = kept["cortex-m0plus"]
    arm, riscv, host = (kept[core]["digits"]["compiler"] for core in ("cortex-m0plus", "rv32imc", "x86_64"))
    text = f"""# Benchmarks

`make bench` writes this page and `benchmarks.json`; nothing in it is written by hand. `make test` counts again, and
fails where a count is more than 1% above what is here.

Counted are the instructions that a core executes in one inference, the whole of `ti_run()`, on an input of random bytes
that is the same for all cores; every output byte is compared with the host's. The program is bare metal, the C core
compiled with `-O2` by gcc {arm} (Arm), {riscv} (RISC-V) and {host} (x86-64). QEMU runs it, and a plugin
(`tests/bench/target/plugin.c`) counts what is executed between two marks; loops of known length check the counter.
Counts repeat to the last digit.

TFLM is TensorFlow Lite Micro 90b983c (August 2026), bare metal, release build, kernels at `-O2`, with CMSIS-NN 4ab83cc
or its own reference kernels, by gcc 12.2, one `Invoke()` counted in the same way. "times": how many times as many
instructions that is.

"""
    for core, title in CORES.items():
        text += f"## {title}\n\n{instruction_table(core, kept[core])}\n"
    text += f"""## RP2040: cycles

The Cortex-M0+ program on the emulator rp2040js, which charges 2 cycles for a load and for a taken branch and 1 for a
multiply, as the Pico's core does. Memory has no wait states there: what misses of the flash's cache cost comes on top.
HALE is Bosch's runtime on a Cortex-M0+ at {peers.HALE_HZ // 10**6} MHz, measured on silicon (MLPerf Tiny 1.2).

{cycle_table(m0)}
## Loading, on Cortex-M0+

`ti_check()` and `ti_open()`, once a model: the checksum, and the proof that nothing in the blob can make the core read
or write out of bounds. "at most": 1% of an inference, or 200,000.

{load_table(m0)}
## x86-64

The core built with the host's ordinary flags, counted by callgrind. TinyMaix is that of emlearn-micropython.

{x86_64_table(kept["x86_64"])}
## Again

    make bench                               # all of it; LAYERS=1 prints every op
    cd tests && ../.venv/bin/python -m bench.count cortex-m33 mlperf_kws --layers

All but `digits` are public models that are not part of this repository: `TINYINFER_MODELS=folder make bench` looks for
`NAME_int8.tflite` there.
"""
    return text
