"""`packer boards`."""

from rich.table import Table

from .. import boards
from .common import command, out, print_json


def add_to(commands):
    command(commands, "boards", _boards, "List the boards that `packer build --board` knows.")


def _boards(args):
    found = [(board, boards.core_of(board)) for board in boards.boards().values()]
    if args.json:
        costs = [{"unit": core and core["unit"], "each_mac": core and core["each_mac"]} for _, core in found]
        print_json({"boards": [{**vars(board), **cost} for (board, _), cost in zip(found, costs)]})
        return
    table = Table(box=None, header_style="bold")
    for name in ("board", "", ".mpy for"):
        table.add_column(name, no_wrap=True)
    for name in ("MHz", "flash kB", "files kB", "heap B", "a MAC"):
        table.add_column(name, justify="right")
    for board, core in found:
        sizes = [n and n >> 10 for n in (board.flash_bytes, board.filesystem_bytes)]
        figures = (board.clock_hz and board.clock_hz // 10**6, *sizes, board.heap_bytes)
        each = f"{core['each_mac']:.1f} {core['unit'][0]}" if core else "-"
        table.add_row(board.name, board.title, board.arch, *("-" if n is None else f"{n:,}" for n in figures), each)
    out.print(table)
    out.print("files: the file system's part of the flash; heap: free after start-up; both of the stock firmware")
    out.print("a MAC: cycles (c) or instructions (i), counted over many models; -: not known, or there is none")
