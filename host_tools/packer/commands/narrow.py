"""`packer narrow`."""

from pathlib import Path

from rich.table import Table

from ..narrow import SCHEMES, narrow
from .common import add_samples, command, err, out, print_json, samples, write_aside


def add_to(commands):
    p = command(commands, "narrow", _narrow, "Round weights to values that 4 or 2 bits tell apart; the result is an ordinary .tflite.")
    p.add_argument("model", type=Path, help="the .tflite file, int8")
    p.add_argument("--scheme", choices=SCHEMES, required=True, help="int4: -8 … 7 times a step; palette: the 4 or 16 values that fit best")
    add_samples(p, "shows what it costs in accuracy")
    p.add_argument("-o", "--output", type=Path, help="the .tflite to write (default: NAME_SCHEME.tflite)")


def _narrow(args):
    with err.status("narrowing", spinner="line") as status:
        result = narrow(
            args.model.read_bytes(), args.model.stem, args.scheme, samples(args),
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    target = args.output or args.model.with_name(f"{args.model.stem}_{args.scheme}.tflite")
    write_aside(target, result.tflite)
    if args.json:
        print_json(result.summary())
        return
    table = Table(box=None, header_style="bold")
    for name in ("layer", "weights", "values before", "after", "bytes in the blob"):
        table.add_column(name, justify="left" if name == "layer" else "right", overflow="fold")
    for name, *figures in result.layers:
        table.add_row(name, *(f"{v:,}" for v in figures))
    out.print(f"{target}")
    out.print(table, markup=False)
    out.print(f"  `packer build {target} --compress auto` stores them so", markup=False)
    if result.samples:
        shares = [f"{right:,} ({right / result.samples:.1%})" for right in (result.right_before, result.right_after)]
        out.print(f"  right  {shares[0]} of {result.samples:,} samples before, {shares[1]} after")
