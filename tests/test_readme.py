"""The figures that README.md claims are those that are measured."""

import re

import pytest
from bench.figures import tflm_arena_bytes
from bench.instructions import instructions
from conftest import MODELS, ROOT
from packer import build
from support.readme import with_table

README = (ROOT / "README.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\w+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$", README, re.M)


def test_table_is_there():
    assert len(ROWS) >= 11 and ROWS[0][0] == "digits"


def test_ops_are_those_of_the_packer():
    assert with_table(README) == README, "run `make readme`"


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_figures(row):
    name, *claims = row
    macs, tflm, pool, tflite_bytes, blob_bytes, work = (int(c.replace(",", "")) for c in claims)
    path = ROOT / "examples/digits/digits_int8.tflite" if name == "digits" else MODELS / f"{name}_int8.tflite"
    if not path.exists():
        pytest.skip(f"no {path}")
    data = path.read_bytes()
    result = build(data, path.stem)
    assert (result.macs, result.pool_bytes, len(data), len(result.blob)) == (macs, pool, tflite_bytes, blob_bytes)
    assert tflm_arena_bytes(path) == tflm
    # compilers differ a little; what is claimed for one holds within a tenth for others
    assert 0.9 * work < instructions(result.blob) < 1.1 * work
