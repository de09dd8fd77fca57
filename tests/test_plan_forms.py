"""The model by which the planner chooses between quick and slow forms says what was counted."""

import json
from unittest.mock import patch

import pytest
from bench import report
from bench.count import find, instructions
from bench.machines import MACHINES, BenchError
from conftest import ROOT
from packer import build, plan
from packer.plan import cost

M0 = "cortex-m0plus"
KEPT = json.loads((ROOT / "docs" / "benchmarks.json").read_text())[M0]
OFF = 0.15  # that a model's sum may be off
MOSTLY = 0.95  # of a model's products in ops that have both forms


def at_hand(name):
    try:
        return find(name).read_bytes()
    except BenchError as error:
        pytest.skip(str(error))


def all_quick(data):
    """The build with the quick form of every op that has one."""
    with patch.object(plan, "choose_forms", lambda program, find, ram=None: find()):
        return build(data)


@pytest.mark.parametrize("name", ["emlearn_mnist_cnn", "magic_wand", "micro_speech", "mlperf_ic_resnet8"])
def test_sums_are_those_of_the_benchmarks(name):
    """Of models that do little else, in the forms that they have."""
    ops = build(at_hand(name)).program.ops
    assert sum(op.macs for op in ops if op.kernel in cost._QUICK) > MOSTLY * sum(op.macs for op in ops)
    assert cost.model_instructions(ops) == pytest.approx(KEPT[name]["instructions"], rel=OFF)


@pytest.mark.parametrize("name", ["emlearn_mnist_cnn", "magic_wand"])
def test_what_a_quick_form_saves_is_what_is_counted(name):
    """Those models have one in a slow form, for its scratch memory."""
    data = at_hand(name)
    chosen, quick = build(data), all_quick(data)
    assert chosen.pool_bytes < quick.pool_bytes
    counted = [instructions(MACHINES[M0], built.blob).run for built in (chosen, quick)]
    modelled = [cost.model_instructions(built.program.ops) for built in (chosen, quick)]
    assert counted[0] - counted[1] == pytest.approx(modelled[0] - modelled[1], rel=0.3)


def test_quick_is_quicker_in_every_benchmark():
    """Whatever the shapes are: a form that costs memory saves time."""
    for name in report.MODELS:
        try:
            data = find(name).read_bytes()
        except BenchError:
            continue  # digits is always there
        for op in all_quick(data).program.ops:
            if op.params.get("pairs"):
                assert cost.instructions(op, quick=True) < cost.instructions(op, quick=False), (name, op.name)
