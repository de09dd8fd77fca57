"""Copies that need not be: what is joined is made in its place, what is cut out is read in its place, windows stay
where they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import build

from support.compare import Case, check
from support.random_graphs import handle
from support.tflite_builder import Graph


def ints(graph, values):
    return graph.const(np.array(values, np.int32))


def relu(graph, x):
    return graph.op("RELU", [x], x.shape, x.scale, x.zero_point)


def concat(graph, parts, axis):
    shape = list(parts[0].shape)
    shape[axis] = sum(p.shape[axis] for p in parts)
    return graph.op("CONCATENATION", parts, shape, parts[0].scale, parts[0].zero_point, axis=axis)


def kernels(model):
    return [op.kernel for op in build(model).program.ops]


@st.composite
def joined(draw):
    """A few tensors of some rows each, made from the input, joined and joined again, some read elsewhere, too."""
    graph, rng = Graph(), np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, width = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4)), draw(st.sampled_from([1, 3, 4, 8]))
    x = graph.input((sum(rows), width), 0.1, 3)
    parts, at = [], 0
    for n in rows:
        part = graph.op("SLICE", [x, ints(graph, [at, 0]), ints(graph, [n, width])], (n, width), 0.1, 3)
        kinds = draw(st.lists(st.sampled_from(["RELU", "ADD", "REVERSE_V2"]), max_size=2))
        for kind in kinds:
            if kind == "RELU":
                part = relu(graph, part)
            elif kind == "ADD":
                part = graph.op("ADD", [part, part], part.shape, 0.1, 3, fused_activation_function="NONE")
            else:
                part = graph.op("REVERSE_V2", [part, ints(graph, [0])], part.shape, 0.1, 3)
        parts.append(part)
        at += n
    whole = concat(graph, draw(st.permutations(parts)), 0)
    if draw(st.booleans()):
        whole = concat(graph, [whole, parts[draw(st.integers(0, len(parts) - 1))]], 0)
    graph.output(relu(graph, whole))
    if draw(st.booleans()):
        graph.output(parts[0] if parts[0] is not x else relu(graph, parts[0]))
    return Case("JOIN", graph.finish(), [[rng.integers(-128, 128, x.shape).astype(np.int8)] for _ in range(2)])


@given(joined())
def test_joins_give_the_same_bytes(backend, case):
    check(backend, case)


def test_what_is_joined_is_made_in_its_place():
    graph = Graph()
    x = graph.input((4, 8), 0.1, 3)
    parts = [graph.op("LOGISTIC", [x], (4, 8), 1 / 256, -128), graph.op("LOGISTIC", [relu(graph, x)], (4, 8), 1 / 256, -128)]
    graph.output(concat(graph, [concat(graph, parts, 0), parts[0]], 0))
    built = build(graph.finish())
    assert [op.kernel for op in built.program.ops].count("COPY") == 1  # one tensor cannot be in two places
    assert built.pool_bytes == 3 * 32


def test_pieces_between_words_are_copied():
    graph = Graph()
    x = graph.input((1, 3), 0.1, 3)
    halves = [graph.op("RELU", [x], (1, 3), 0.1, 3), graph.op("LEAKY_RELU", [x], (1, 3), 0.1, 3, alpha=0.2)]
    graph.output(concat(graph, halves, 1))
    assert kernels(graph.finish()).count("COPY") == 1  # the first piece starts at a word


def windowed(new, old, layers, also_read=False):
    """`layers` windows over time, one after the other: [old rows | new rows] of 4 bytes, of which the last `old` stay."""
    graph = Graph()
    x = graph.input((new, 4), 0.1, 3)
    for n in range(layers):
        resource, before = handle(graph, f"window {n}"), graph.tensor((old, 4), 0.1, 3)
        graph.node("READ_VARIABLE", [resource], [before])
        window = concat(graph, [before, relu(graph, x)], 0)
        size = ints(graph, [old, 4])
        kept = graph.op("SLICE", [window, ints(graph, [new, 0]), size], (old, 4), 0.1, 3)
        graph.node("ASSIGN_VARIABLE", [resource, kept], [])
        total = graph.op("SUM", [window, ints(graph, [0])], (1, 4), 0.4, 2, keep_dims=True)
        x = graph.op("ADD", [x, total], (new, 4), 0.1, 3, fused_activation_function="NONE")
        if also_read:
            graph.output(window)
    graph.output(x)
    return graph.finish()


@pytest.mark.parametrize("new, old, layers, also_read", [(1, 3, 1, False), (2, 2, 3, False), (1, 5, 2, False), (3, 2, 2, False),
                                                          (1, 4, 2, True)])  # fmt: skip
def test_windows_give_the_same_bytes(backend, new, old, layers, also_read):
    rng = np.random.default_rng(0)
    inputs = [[rng.integers(-128, 128, (new, 4)).astype(np.int8)] for _ in range(8)]
    check(backend, Case("WINDOW", windowed(new, old, layers, also_read), inputs))


def test_a_window_stays_where_it_is():
    built = build(windowed(1, 5, 2))
    assert [op.kernel for op in built.program.ops].count("COPY") == 2  # the shifts
    assert built.program.state_bytes == 2 * 6 * 4
    assert build(windowed(3, 2, 1)).program.state_bytes == 2 * 4  # mostly new: joined anew each time
