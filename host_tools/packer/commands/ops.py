"""`packer ops`."""

from rich.table import Table

from .. import format as f
from ..lower import supported
from .common import command, out, print_json


def add_to(commands):
    command(commands, "ops", _ops, "List the TFLite ops that can be built.")


def _ops(args):
    rows = supported()
    if args.json:
        names = ("name", "kernel", "dtypes", "oracle", "note")
        print_json({"ops": [dict(zip(names, row)) for row in rows]})
        return
    table = Table(box=None, header_style="bold")
    for name in ("op", "device kernel", "dtypes", "oracle", "note"):
        table.add_column(name, no_wrap=name == "op")
    for kind, kernel, *texts in rows:
        table.add_row(kind, kernel.lower(), *texts)
    out.print(table)
    out.print(f"{len(rows)} ops become {len(f.KERNELS)} device kernels, whose bytes are those of the oracle: TFLite Micro, or LiteRT")
