"""The generators of cases, op by op: what tests/test_ops_*.py say in their CASES, {TFLite op: strategy for a Case}."""

import importlib
from pathlib import Path

from packer.lower import supported

TESTS = Path(__file__).resolve().parents[1]


def by_op():
    """{op: strategy for a Case}; an op that several modules generate gets the cases of all."""
    found = {}
    for path in sorted(TESTS.glob("test_ops_*.py")):
        for op, strategy in importlib.import_module(path.stem).CASES.items():
            found[op] = found[op] | strategy if op in found else strategy
    return found


def without_cases():
    """The ops that the packer supports and nothing generates."""
    return sorted({row[0] for row in supported()} - by_op().keys())
