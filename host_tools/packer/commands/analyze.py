"""`packer analyze`."""

from pathlib import Path

from rich.table import Table

from ..analyze import NEAR, PRUNED, analyze
from ..coding import SCHEMES
from .common import add_samples, command, err, in_bytes, out, print_json, samples

_CORES = ("cortex-m0plus", "cortex-m33")


def add_to(commands):
    p = command(commands, "analyze", _analyze, "Show what int8 weights are made of, and what compressing them would save.")
    p.add_argument("model", type=Path, help="the .tflite file, int8")
    add_samples(p, "adds what pruning each layer alone costs in accuracy")


def _analyze(args):
    with err.status("analyzing", spinner="line") as status:
        result = analyze(
            args.model.read_bytes(), args.model.stem, samples(args),
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    if args.json:
        print_json(result.summary())
        return
    names = ["params", "MACs", "bytes", "zeros", "near", "values", "bits"]
    table = _layers_table(*names, *(["pruned"] if result.samples else []))
    for layer in result.layers:
        texts = [f"{v:,}" for v in (layer.parameters, layer.macs, layer.bytes)]
        texts += [f"{v / layer.weights:.1%}" for v in (layer.zeros, layer.near_zeros)]
        texts += [f"{layer.distinct}", f"{layer.entropy_bits:.2f}"]
        texts += [f"{-layer.lost / result.samples:+.1%}"] if result.samples else []
        table.add_row(str(layer.index), layer.name, *texts)
    right = f", {result.right:,} of {result.samples:,} samples right" if result.samples else ""
    out.print(f"{result.name}: {in_bytes(result.tflite_bytes)}, {result.macs:,} MACs{right}")
    out.print(table, markup=False)
    near = f"at most 1/{1 / NEAR:.0f} of its channel's largest weight"
    out.print(f"near: {near}; values: distinct ones; bits: entropy of a weight")
    if result.samples:
        out.print(f"pruned: change in accuracy where the smallest {PRUNED:.0%} of that layer's weights become zero")
    out.print()
    coded = [layer for layer in result.layers if layer.schemes]
    if not coded:
        out.print("no layer's weights could be compressed: those of CONV_2D and FULLY_CONNECTED can")
        return
    table = _layers_table("weights B", *SCHEMES)
    for layer in coded:
        table.add_row(str(layer.index), layer.name, f"{layer.weights:,}", *(_bytes([layer.schemes[s]]) for s in SCHEMES))
    total = [_bytes([layer.schemes[s] for layer in coded]) for s in SCHEMES]
    table.add_row("", "all", f"{sum(layer.weights for layer in coded):,}", *total)
    out.print(table, markup=False)
    out.print("bytes of flash that the weights would take; ~: some would change, as by `packer narrow`", markup=False)
    for core in _CORES:
        out.print()
        table = _layers_table(f"{core}, k", *SCHEMES)
        for layer in [*coded, None]:
            dense, schemes = _instructions(coded if layer is None else [layer], core)
            texts = f"{dense / 1000:,.0f}", *(f"{n / dense - 1:+.0%}" for n in schemes)
            table.add_row(*(["", "all"] if layer is None else [str(layer.index), layer.name]), *texts)
        out.print(table, markup=False)
    out.print("thousands of instructions for the products of an inference, and what they change by, from counts of like layers")


def _instructions(layers, core):
    """(of dense weights, [of each scheme])."""
    return sum(layer.instructions[core] for layer in layers), [
        sum(layer.schemes[s].instructions[core] for layer in layers) for s in SCHEMES
    ]


def _layers_table(*names):
    table = Table(box=None, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("layer", overflow="fold")
    for name in names:
        table.add_column(name, justify="right")
    return table


def _bytes(schemes):
    return f"{'' if all(s.lossless for s in schemes) else '~'}{sum(s.bytes for s in schemes):,}"
