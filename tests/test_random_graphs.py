"""Whole graphs of 5 to 30 random ops: every backend gives the oracle's bytes. One that fails shrinks into build/failures."""

from hypothesis import given, settings
from packer.lower import supported

from support.compare import check
from support.random_graphs import OPS_MAX, OPS_MIN, random_graphs

OPS = [row[0] for row in supported()]
GRAPHS, GRAPHS_SLOW = 25, 500


def test_same_bytes(request, every_backend):
    wanted = GRAPHS_SLOW if request.config.getoption("--run-slow") else GRAPHS
    sizes = []

    @settings(max_examples=wanted * 3 // 2)  # some are smaller, as hypothesis tries what it would shrink to
    @given(random_graphs(OPS))
    def same_bytes(case):
        for backend in every_backend.values():
            check(backend, case)
        sizes.append(len(case.details["ops"]))

    same_bytes()
    assert sum(OPS_MIN <= size <= OPS_MAX for size in sizes) >= wanted
