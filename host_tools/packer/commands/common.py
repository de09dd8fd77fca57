"""What the commands share: the terminal, files, and the options that several have."""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from rich.console import Console

from ..accuracy import Samples
from ..compress import CHOICES
from ..errors import PackerError
from ..quantize import quantize

CALIBRATE = ".npy file [samples, …] of inputs like those that the model will meet, one file for each input"
_WIDTH = 100
out = Console(width=min(_WIDTH, Console().width) if sys.stdout.isatty() else _WIDTH, highlight=False)
err = Console(stderr=True, width=_WIDTH, highlight=False)


def command(commands, name, function, text, json=True):
    """The parser of the command `name`; `function(args)` runs it and returns the exit status, None for 0."""
    p = commands.add_parser(name, help=text, description=text)
    if json:
        p.add_argument("--json", action="store_true", help="print one JSON object for machines")
    p.set_defaults(command=function)
    return p


# ---- terminal ----


def print_json(value):
    print(json.dumps(value))


def in_bytes(n):
    return "?" if n is None else f"{n:,} B"


def print_state(state_bytes):
    if state_bytes:
        out.print(f"  state  {in_bytes(state_bytes)} of the pool's, which models on one Pool have beside it")


# ---- files ----


def write_aside(target, data):
    """Write `data` whole or not at all: what was at `target` stays if anything fails."""
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def load_arrays(paths):
    arrays = []
    for path in paths:
        try:
            arrays.append(np.load(path, allow_pickle=False))
        except (ValueError, EOFError) as e:
            raise PackerError(f"{path} is not a .npy file ({e}); write it with numpy.save") from None
        if not isinstance(arrays[-1], np.ndarray):
            raise PackerError(f"{path} holds several arrays; hand over one .npy file for each input")
    return arrays


# ---- options ----


def add_compress(p):
    """--compress, for build() and what is like it."""
    p.add_argument(
        "--compress", choices=CHOICES,
        help="store weights in fewer bytes, the answers stay the same: the smallest way for each layer (auto), one way, or none "
        "(default: 4 bits where the model has them so)",
    )  # fmt: skip


def size(text):
    """Bytes from `20000`, `20k` (KiB) or `1m`."""
    unit = {"k": 1 << 10, "m": 1 << 20}.get(text[-1:].lower(), 1)
    digits = text[:-1] if unit > 1 else text
    if not digits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write it like 20000 or 20k")
    return int(digits) * unit


def metadata(args):
    """The object that --metadata and --labels make."""
    found = {}
    if args.metadata:
        try:
            found = json.loads(args.metadata.read_text("utf-8"))
        except ValueError as e:
            raise PackerError(f"{args.metadata} is not JSON: {e}") from None
        if not isinstance(found, dict):
            raise PackerError(f"{args.metadata} holds no JSON object; write one like {{\"author\": \"…\"}}")
    if args.labels:
        try:
            found["labels"] = args.labels.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            raise PackerError(f"{args.labels} is not UTF-8 text; save it as such") from None
    return found


def add_samples(p, text):
    """--data and --labels, for samples()."""
    p.add_argument("--data", type=Path, help=f".npy file [samples, …] of inputs; {text}")
    p.add_argument("--labels", type=Path, help=".npy file [samples] with the index of each one's right class")


def samples(args):
    """The accuracy.Samples that --data and --labels name, None without them."""
    if bool(args.data) != bool(args.labels):
        raise PackerError("--data and --labels belong together: without the right answers there is no accuracy")
    return Samples(*load_arrays([args.data, args.labels])) if args.data else None


def quantised(args, float_edges=False):
    """The quantize.QuantizeResult of the model, from the samples that --calibrate names."""
    if not args.calibrate:
        raise PackerError(
            f"{args.model.stem}: the ranges of activations are measured on samples; hand over some hundred inputs like "
            "those that the model will meet, --calibrate data.npy, one file for each input"
        )
    with err.status("quantising", spinner="line") as status:
        return quantize(
            args.model.read_bytes(), args.model.stem, load_arrays(args.calibrate), float_edges,
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
