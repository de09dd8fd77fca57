"""No pool grows: every model's RAM is at most what tests/bench/memory.json keeps, and what the project promises."""

import json

import pytest
from bench import memory

KEPT = json.loads(memory.KEPT.read_text())


@pytest.mark.parametrize("name", KEPT)
def test_pool_does_not_grow(name, request):
    if name != "digits":
        request.getfixturevalue("models")
    result, streamed = memory.pools(memory.paths()[name].read_bytes())
    advice = "if that has to be, `make memory UPDATE=1`"
    assert result.pool_bytes <= KEPT[name]["pool"], advice
    assert (streamed is None) == (KEPT[name]["streamed"] is None)
    assert streamed is None or streamed <= KEPT[name]["streamed"], advice


def test_every_model_is_kept(models):
    assert memory.paths().keys() == KEPT.keys(), "`make memory UPDATE=1` measures them all"


@pytest.mark.parametrize("name", memory.AT_MOST)
def test_pool_is_as_promised(name):
    assert KEPT[name]["pool"] <= memory.AT_MOST[name]
