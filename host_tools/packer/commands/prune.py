"""`packer prune`."""

from pathlib import Path

from rich.table import Table

from ..prune import prune
from .common import add_samples, command, err, out, print_json, samples, write_aside


def add_to(commands):
    p = command(commands, "prune", _prune, "Set the smallest int8 weights of a model to zero; the result is an ordinary .tflite.")
    p.add_argument("model", type=Path, help="the .tflite file, int8")
    p.add_argument("--sparsity", type=float, required=True, help="the share of weights that become zero, e.g. 0.6")
    p.add_argument("--blocks", action="store_true", help="zeros of 4 neighbouring channels at a time: `packer build --compress sparse` "
                   "makes more of them")  # fmt: skip
    add_samples(p, "layers are then pruned as far as their measured effect on accuracy allows (default: all alike)")
    p.add_argument("-o", "--output", type=Path, required=True, help="the .tflite to write")


def _prune(args):
    with err.status("pruning", spinner="line") as status:
        result = prune(
            args.model.read_bytes(), args.model.stem, args.sparsity, samples(args), args.blocks,
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    write_aside(args.output, result.tflite)
    if args.json:
        print_json(result.summary())
        return
    table = Table(box=None, header_style="bold")
    for name in ("layer", "weights", "zeros before", "after", "share"):
        table.add_column(name, justify="left" if name == "layer" else "right", overflow="fold")
    for name, count, before, after in result.layers:
        table.add_row(name, *(f"{v:,}" for v in (count, before, after)), f"{after / count:.1%}")
    out.print(f"{args.output}")
    out.print(table, markup=False)
    out.print(f"  zeros  {result.sparsity:.1%} of the weights")
    if result.samples:
        shares = [f"{right:,} ({right / result.samples:.1%})" for right in (result.right_before, result.right_after)]
        out.print(f"  right  {shares[0]} of {result.samples:,} samples before, {shares[1]} after")
