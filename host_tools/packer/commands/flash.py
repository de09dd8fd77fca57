"""`packer flash`."""

from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ..errors import PackerError
from ..firmware import copy_uf2, find_drive, read_firmware, run_esptool
from .common import command, err, in_bytes, out, print_json


def add_to(commands):
    p = command(commands, "flash", _flash, "Bring firmware onto a board: .uf2 to a Pico's BOOTSEL drive, .bin to an ESP by esptool.")
    p.add_argument("firmware", type=Path, help="the .uf2 or .bin file")
    p.add_argument("--port", help="ESP: the serial port, e.g. /dev/ttyUSB0 or COM3")
    p.add_argument("--drive", type=Path, help="Pico: where its drive is mounted (default: the one that is there)")


def _flash(args):
    firmware = read_firmware(args.firmware)
    if firmware.kind == "uf2":
        if args.port:
            raise PackerError(f"{args.firmware} goes to a Pico's drive, not over a port: hold BOOTSEL while you plug it in")
        to = args.drive or find_drive()
        bars = Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
                        console=err, transient=True, disable=not err.is_terminal)  # fmt: skip
        with bars:
            bar = bars.add_task(args.firmware.name, total=len(firmware.data))
            copy_uf2(firmware, to, lambda sent: bars.advance(bar, sent))
    else:
        if not args.port:
            raise PackerError(f"{args.firmware} is for the {firmware.chip}: name its serial port, --port /dev/ttyUSB0")
        to = args.port
        run_esptool(firmware, to)
    if args.json:
        print_json({"firmware": str(args.firmware), "chip": firmware.chip, "to": str(to), "bytes": len(firmware.data)})
        return
    out.print(f"{to}: {in_bytes(len(firmware.data))} for the {firmware.chip}; the board starts it", markup=False)
