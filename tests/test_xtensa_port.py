"""The native modules for Xtensa on MicroPython, under qemu-xtensa: an ESP8266's and, with windowed calls, an ESP32's."""

import pytest
from bench import report
from bench.count import find
from bench.machines import BenchError
from conftest import built
from hypothesis import given, settings
from packer import build, oracle
from packer.core import CoreModel
from packer.verify import make_cases

from support import backends, cases
from support.compare import check, count_differences

CPUS = {"xtensa": "lx106", "xtensawin": "de233_fpu"}
EXAMPLES = 3  # of each op
RUNS = 2  # of each model


@pytest.fixture(params=CPUS)
def backend(request):
    arch = request.param
    program = built(f"xtensa-port/{arch}/micropython", "xtensa-port")
    server = backends.OnXtensa(CPUS[arch], program, built(f"natmod/{arch}/_tinyinfer.mpy", "natmods").parent)
    yield backends.on_micropython(arch, server)
    server.stop()


def test_every_op(backend):
    for strategy in cases.by_op().values():

        @settings(max_examples=EXAMPLES)
        @given(strategy)
        def same_bytes(case):
            check(backend, case)

        same_bytes()


@pytest.mark.parametrize("name", report.MODELS)
def test_models(name, backend):
    try:
        model = find(name).read_bytes()
    except BenchError as error:
        pytest.skip(str(error))
    inputs = make_cases(CoreModel(build(model).blob).inputs, RUNS - 1)
    compared, differing = count_differences(oracle.run_many(model, inputs), backend(model, inputs))
    assert compared and not differing
