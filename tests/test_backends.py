"""Every op on every other backend: native `.mpy` and user module on MicroPython, and pure Python, give the oracle's bytes.

The ops' own tests hold the C core to them with more cases, tests/conformance.py all four with hundreds.
"""

import pytest
from hypothesis import given, settings

from support import backends, cases
from support.compare import check

BY_OP = cases.by_op()
EXAMPLES = 15


def test_every_op_has_cases():
    assert cases.without_cases() == []


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_same_bytes(op, request, every_backend):
    @settings(max_examples=settings.default.max_examples if request.config.getoption("--run-slow") else EXAMPLES)
    @given(BY_OP[op])
    def same_bytes(case):
        for name in ("mpy", "usermod", "pure"):
            check(every_backend[name], case)

    same_bytes()


def test_a_server_that_dies_is_started_again(every_backend):
    case = example_of("ADD")
    check(every_backend["mpy"], case)
    backends.NATIVE.process.kill()
    backends.NATIVE.process.wait()
    with pytest.raises(AssertionError, match="ended with status -9"):
        check(every_backend["mpy"], case)
    check(every_backend["mpy"], case)


def test_an_error_on_micropython_is_told(every_backend):
    with pytest.raises(AssertionError, match="ValueError"):
        backends.NATIVE.ask(b"no blob", bytes(4))


def example_of(op):
    found = []

    @settings(max_examples=1)
    @given(BY_OP[op])
    def keep(case):
        found.append(case)

    keep()
    return found[0]
