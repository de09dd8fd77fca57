"""`packer split`."""

from pathlib import Path

from rich.table import Table

from ..split import split
from .common import add_compress, command, err, in_bytes, metadata, out, print_json, print_state, size, write_aside


def add_to(commands):
    p = command(commands, "split", _split, "Split a model into parts that run one after the other in one pool.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="NAME.tin for NAME.0.tin, NAME.1.tin, … (default: the model's name)")
    p.add_argument("--labels", type=Path, help="text file with the label of each output element, one a line")
    p.add_argument("--metadata", type=Path, help="JSON file with an object to carry in the last part")
    add_compress(p)
    aim = p.add_mutually_exclusive_group(required=True)
    aim.add_argument("--parts", type=int, help="how many parts, those with the least RAM")
    aim.add_argument("--ram", type=size, help="bytes for the pool and the largest part; as few parts as do with that")


def _split(args):
    with err.status("splitting", spinner="line"):
        result = split(args.model.read_bytes(), args.model.stem, metadata(args), args.parts, args.ram, args.compress)
    targets = [(args.output or args.model).with_suffix(f".{k}.tin") for k in range(len(result.parts))]
    for target, part in zip(targets, result.parts):
        write_aside(target, part.blob)
    if args.json:
        print_json(result.summary())
        return
    table = Table(box=None, header_style="bold")
    for name in ("part", "layers", "blob B", "left in the pool B"):
        table.add_column(name, justify="left" if name == "part" else "right", overflow="fold")
    for target, part in zip(targets, result.parts):
        table.add_row(str(target), *(f"{v:,}" for v in (part.layers, len(part.blob), part.crossing_bytes)))
    out.print(table, markup=False)
    out.print(f"  pool   {in_bytes(result.pool_bytes)}  (lower bound {in_bytes(result.lower_bound_bytes)})")
    print_state(result.state_bytes)
    largest = in_bytes(result.largest_bytes)
    out.print(f"  RAM    {in_bytes(result.ram_bytes)}: the pool and, where parts are read from files, {largest} for the largest")
