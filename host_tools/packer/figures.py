"""The files of boards/, wherever the packer is installed."""

import functools
import json
from pathlib import Path

from .errors import PackerError

# Where the boards lie in an installed package, and in a checkout.
_PLACES = (Path(__file__).parent / "board_files", Path(__file__).resolve().parents[2] / "boards")


@functools.cache
def folder():
    """Where the boards lie. PackerError if they are not there."""
    for place in _PLACES:
        if place.is_dir():
            return place
    raise PackerError(f"the boards are missing: there is no folder {_PLACES[-1]}; install the packer again")


@functools.cache
def figures(name):
    """What a file of boards/ holds."""
    return json.loads((folder() / name).read_text("utf-8"))
