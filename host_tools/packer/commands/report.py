"""`packer report`."""

from pathlib import Path

from ..build import build
from ..report import report
from .common import add_compress, command, out, write_aside


def add_to(commands):
    p = command(commands, "report", _report, "Write an HTML page about a model: the pool over time, layers, flash.", json=False)
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="the page to write (default: the model's name with .html)")
    add_compress(p)


def _report(args):
    target = args.output or args.model.with_suffix(".html")
    result = build(args.model.read_bytes(), args.model.stem, coding=args.compress)
    write_aside(target, report(result).encode())
    out.print(f"{target}")
