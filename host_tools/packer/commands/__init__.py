"""The commands of `packer`, a module each: add_to(subparsers) tells the command line about it."""

from . import analyze, boards, build, deploy, flash, inspect, mip, narrow, ops, prune, quantize, report, run, split, verify

# As `packer --help` lists them.
COMMANDS = (build, split, analyze, prune, narrow, quantize, report, inspect, run, verify, deploy, flash, mip, ops, boards)
