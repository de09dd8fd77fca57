"""docs/compression.md says what docs/compression.json and boards/codings.json hold, and sizes there are those of today."""

import json

import pytest
from bench import codings, compression
from bench.machines import MACHINES, version
from packer import build
from packer.errors import PackerError

KEPT = json.loads(compression.KEPT.read_text())
COSTS = json.loads(codings.KEPT.read_text())


def test_page_is_what_was_counted():
    text = compression.PAGE.read_text("utf-8")
    assert text == compression.page(text, KEPT), "run `make compression`"


def test_every_model_has_every_row():
    assert tuple(KEPT) == compression.MODELS
    for variants in KEPT.values():
        assert list(variants) == list(compression.VARIANTS)
        assert variants["as it is"] and all(e is None or e["flash"] < variants["as it is"]["flash"] for e in list(variants.values())[1:])


@pytest.mark.parametrize("variant", compression.VARIANTS)
def test_digits_take_what_is_said(variant):
    data = compression.find("digits").read_bytes()
    change, coding = compression.VARIANTS[variant]
    kept = KEPT["digits"][variant]
    try:
        result = build(change(data, "digits") if change else data, "digits", coding=coding)
    except PackerError:
        assert kept is None
        return
    assert (len(result.blob), result.pool_bytes) == (kept["flash"], kept["ram"])


def test_lossless_ways_change_nothing():
    for variants in KEPT.values():
        for variant, (change, _) in compression.VARIANTS.items():
            e = variants[variant]
            if e and change is None and variant != "as it is":
                assert e["changed"] == 0 and e.get("right") == variants["as it is"].get("right")


def test_promises():
    vww, ad = KEPT["mlperf_vww"], KEPT["mlperf_ad"]
    assert vww["entropy"]["flash"] <= 0.92 * vww["as it is"]["flash"]
    plain, pruned = ad["as it is"], ad["pruned in blocks, sparse"]
    assert pruned["flash"] <= 0.6 * plain["flash"]
    assert all(pruned["instructions"][core] <= 0.6 * plain["instructions"][core] for core in compression.CORES)


@pytest.mark.parametrize("core", MACHINES)
def test_costs_are_what_is_counted_again(core):
    """A tenth of the figures' time: one of the codings, and dense products."""
    machine, kept = MACHINES[core], COSTS[core]
    near = 0.01 if version(machine) == kept["compiler"] else 0.1
    assert codings.skipping(machine, 4) == pytest.approx(tuple(kept["sparse"]["4"]), rel=near)
    count, op = codings.run(machine, codings.gaussian(), "none")
    assert count / op.macs == pytest.approx(kept["dense"]["vector"], rel=near)
