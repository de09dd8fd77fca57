"""`packer inspect`."""

from pathlib import Path

from rich.table import Table

from ..inspect import Blob, coding_text, shape_text
from .common import command, in_bytes, out, print_json, print_state


def add_to(commands):
    p = command(commands, "inspect", _inspect, "Show what a .tin blob holds.")
    p.add_argument("blob", type=Path, help="the .tin file")


def _inspect(args):
    blob = Blob(args.blob.read_bytes())
    if args.json:
        print_json(blob.summary())
        return
    h = blob.header
    weights = blob.weight_bytes
    out.print(f"{blob.name}  format {h['version']}")
    out.print(f"  flash  {in_bytes(h['blob_bytes'])}, {in_bytes(weights)} of it weights and tables")
    out.print(f"  pool   {in_bytes(h['pool_bytes'])}  (lower bound {in_bytes(blob.metadata.get('lower_bound_bytes'))})")
    print_state(h["state_bytes"])
    for what, ios in (("input", blob.inputs), ("output", blob.outputs)):
        for io in ios:
            scale = f"scale {io['scale_value']:.6g}, zero point {io['zero_point']}"
            out.print(f"  {what:6s} {shape_text(io)} \"{io['name']}\"  {scale}", markup=False)
    table = Table(box=None, header_style="bold")
    for name, justify in (("", "right"), ("layer", "left"), ("kernel", "left"), ("rows", "right"), ("row B", "right")):
        table.add_column(name, justify=justify, overflow="fold" if name == "layer" else "ellipsis")
    is_coded = any(op["coded"] for op in blob.ops)
    for name in ("at", "MACs", "weights B", *(["coding"] if is_coded else [])):
        table.add_column(name, justify="left" if name == "coding" else "right")
    for i, op in enumerate(blob.ops):
        t = blob.tensors[op["output"]]
        sizes = (t["rows"], t["row_bytes"], t["offset"], op["macs"], op["weight_bytes"])
        coding = [coding_text(op["coded"])] if is_coded else []
        table.add_row(str(i), op["name"], op["kernel"].lower(), *(f"{v:,}" for v in sizes), *coding)
    out.print(table, markup=False)
    for key, value in blob.metadata.items():
        if key not in ("tflite_bytes", "lower_bound_bytes"):
            out.print(f"  {key}: {value}", markup=False)
