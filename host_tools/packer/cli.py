"""The command line, `packer COMMAND`."""

import argparse
import sys

from . import __version__
from .commands import COMMANDS
from .errors import PackerError


def main(argv=None):
    """Entry point of `packer`; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return args.command(args) or 0
    except PackerError as e:
        print(f"packer: {e}", file=sys.stderr)
    except OSError as e:
        print(f"packer: {e.filename or 'file'}: {e.strerror or e}", file=sys.stderr)
    except KeyboardInterrupt:
        print("packer: interrupted", file=sys.stderr)
        return 130
    return 1


def _parser():
    parser = argparse.ArgumentParser(prog="packer", description="Compile TFLite models into .tin blobs for tinyinfer.")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
