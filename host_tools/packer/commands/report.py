"""`packer report`."""

from pathlib import Path

from ..build import build
from ..report import report
from .common import command, out, write_aside


def add_to(commands):
    p = command(commands, "report", _report, "Write an HTML page about a model: the pool over time, layers, flash.", json=False)
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="the page to write (default: the model's name with .html)")


def _report(args):
    target = args.output or args.model.with_suffix(".html")
    write_aside(target, report(build(args.model.read_bytes(), args.model.stem)).encode())
    out.print(f"{target}")
