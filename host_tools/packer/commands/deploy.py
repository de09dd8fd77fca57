"""`packer deploy`."""

from dataclasses import asdict
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .. import deploy
from ..build import build
from ..errors import PackerError
from ..inspect import Blob
from ..link import VIA, Link
from .common import command, err, in_bytes, out, print_json, size


def add_to(commands):
    p = command(commands, "deploy", _deploy, "Install the library, the right native module and a model on a board.")
    p.add_argument("model", type=Path, help="a .tin file, or a .tflite file to build first")
    p.add_argument("--port", required=True, help="the board's serial port, e.g. /dev/ttyACM0 or COM3")
    p.add_argument("--via", choices=VIA, default=VIA[0], help=f"what speaks with the board (default: {VIA[0]})")
    p.add_argument("--natmods", type=Path, help="folder with ARCH/_tinyinfer.mpy, or one such file (default: those that came with the packer)")
    p.add_argument("--slot", action="store_true", help="RP2: put the model into raw flash, for tinyinfer.load_slot()")
    p.add_argument("--make-slots", type=size, nargs="?", const=0, metavar="SIZE",
                   help="with --slot: make two slots of SIZE first (default: what the model needs); ERASES the board's files")  # fmt: skip


def _deploy(args):
    if args.make_slots is not None and not args.slot:
        raise PackerError("--make-slots belongs to --slot; nothing was changed")
    blob = _blob(args.model)
    bars = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
                    console=err, transient=True, disable=not err.is_terminal)  # fmt: skip
    with bars, Link(args.port, args.via) as link:
        board = deploy.ask(link)
        backend, module = deploy.backend(board, args.natmods)
        found = _slots(link, args, blob) if args.slot else None
        files = deploy.library_files(board, backend, module)
        if not args.slot:
            files[f"{board.root}/{args.model.stem}.tin"] = blob
        bar = bars.add_task("", total=sum(map(len, files.values())) + (len(blob) if args.slot else 0))

        def on_progress(path, count):
            bars.update(bar, description=path, advance=count)

        done = deploy.put_files(link, board, files, on_progress)
        if args.slot:
            done.append(deploy.put_slot(link, found, blob, on_progress))
    _report(args, board, backend, done)


def _blob(path):
    data = path.read_bytes()
    blob = build(data, path.stem).blob if data[4:8] == b"TFL3" else data
    try:
        Blob(blob)
    except PackerError as e:
        raise PackerError(f"{path}: {e}; build it again with `packer build`") from None
    return blob


def _slots(link, args, blob):
    found = deploy.slots(link)
    if args.make_slots is not None:
        deploy.make_slots(link, args.make_slots or deploy.slot_bytes(len(blob)))
        found = deploy.slots(link)
    if not found:
        raise PackerError(
            f"{link.port}: the board's flash has no slots for models; --make-slots makes two of {deploy.slot_bytes(len(blob)):,} B, "
            "and ERASES the board's files: save them first"
        )
    return found


def _report(args, board, backend, done):
    if args.json:
        print_json({
            "port": args.port, "machine": board.machine, "firmware": board.firmware, "backend": backend,
            "files": [asdict(item) for item in done],
        })  # fmt: skip
        return
    out.print(f"{board.machine}, {board.firmware}, {backend}", markup=False)
    table = Table(box=None, show_header=False)
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify, overflow="fold")
    for item in done:
        table.add_row(f"  {item.path}", in_bytes(item.bytes), "sent, checked" if item.sent else "was there")
    out.print(table, markup=False)
    load = "tinyinfer.load_slot()" if args.slot else f'tinyinfer.load("{done[-1].path}")'
    out.print(f"on the board: import tinyinfer; m = {load}", markup=False)
