"""No count grows by more than 1% over docs/benchmarks.json, and docs/benchmarks.md says what that holds."""

import json

import pytest
from bench import report
from bench.count import find, instructions
from bench.machines import HOST, MACHINES, BenchError, version
from bench.page import page

KEPT = json.loads(report.KEPT.read_text())
CYCLES_OF = ("digits", "hello_world", "mlperf_kws")


def at_hand(name):
    """BuildResult of a model; the test skips where it is not there."""
    try:
        find(name)
    except BenchError as error:
        pytest.skip(str(error))
    return report.built(name)


def at_most(kept, machine, key="instructions"):
    """1% over what is kept; where another version of the compiler made that, 10%."""
    return kept[key] * (1.01 if version(machine) == kept["compiler"] else 1.1)


def test_page_is_what_the_counts_make_it():
    assert report.PAGE.read_text() == page(KEPT), "run `make bench`"


def test_every_model_on_every_core_is_kept():
    assert set(KEPT) == {*MACHINES, HOST.name}
    for models in KEPT.values():
        assert tuple(models) == report.MODELS


@pytest.mark.parametrize("name", report.MODELS)
def test_no_count_grows(name):
    result, grown = at_hand(name), []
    for core, machine in MACHINES.items():
        kept = KEPT[core][name]
        assert result.macs == kept["macs"] and result.pool_bytes <= kept["pool_bytes"]
        found = instructions(machine, result.blob)
        assert found.run > kept["macs"] / 4  # no core has an instruction that does more
        for key, count in (("instructions", found.run), ("load", found.load)):
            if count > at_most(kept, machine, key):
                grown.append(f"{key} on {core}: {count:,}, {count / kept[key] - 1:+.1%}")
    assert not grown, "; ".join(grown)


@pytest.mark.parametrize("name", CYCLES_OF)
def test_no_cycles_grow(name):
    kept, machine = KEPT["cortex-m0plus"][name], MACHINES["cortex-m0plus"]
    cycles = report.rp2040_cycles(at_hand(name).blob)
    assert kept["instructions"] / 2 < cycles <= at_most(kept, machine, "cycles")
