"""The core's stack is known, and small: threads and interrupts on small boards have little."""

import pytest
from bench.stack import BOUND_BYTES, Graph, StackError, graph, plain, total


@pytest.fixture(scope="module")
def armv6m():
    return graph("armv6m")


def test_deepest_on_a_cortex_m0(armv6m):
    path = armv6m.deepest()
    assert 0 < total(path) <= BOUND_BYTES, " > ".join(f"{plain(f)} {size}" for f, size in path)


def test_every_kernel_is_in_the_graph(armv6m):
    kernels = {f for f, source in armv6m.files.items() if source.parent.name == "kernels"}
    assert len(kernels) > 50
    assert kernels <= armv6m.reached("ti_prove_blob", "ti_run")


def test_recursion_is_found():
    looped = Graph({"a": 8, "b": 8}, {"a": {"b"}, "b": {"a"}})
    with pytest.raises(StackError, match="recursion: a > b > a"):
        looped.deepest()


def test_unknown_pointers_are_found():
    called_by_pointer = Graph({"a": 8}, {"a": {"__indirect_call"}})
    with pytest.raises(StackError, match="a calls through a pointer"):
        called_by_pointer.resolve(set())
