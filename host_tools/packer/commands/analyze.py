"""`packer analyze`."""

from pathlib import Path

from rich.table import Table

from ..analyze import NEAR, PRUNED, analyze
from .common import add_samples, command, err, in_bytes, out, print_json, samples


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
    schemes = list(result.layers[0].schemes)
    table = _layers_table("weights B", *schemes)
    for layer in result.layers:
        found = [layer.schemes[s] for s in schemes]
        texts = [_scheme(s.bytes, s.lossless) for s in found]
        table.add_row(str(layer.index), layer.name, f"{layer.weights:,}", *texts)
    totals = [[layer.schemes[s] for layer in result.layers] for s in schemes]
    total = [_scheme(sum(s.bytes for s in column), all(s.lossless for s in column)) for column in totals]
    table.add_row("", "all", f"{sum(layer.weights for layer in result.layers):,}", *total)
    out.print(table, markup=False)
    out.print("bytes of flash that the weights would take; ~: some weights would change")


def _layers_table(*names):
    table = Table(box=None, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("layer", overflow="fold")
    for name in names:
        table.add_column(name, justify="right")
    return table


def _scheme(count, lossless):
    return f"{'' if lossless else '~'}{count:,}"
