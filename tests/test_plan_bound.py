"""The lower bound: never more than the best of all schedules of small networks, found by trying them, and often as
much."""

import heapq
import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from packer.fold import fold
from packer.lower import lower
from packer.plan import plan
from packer.plan.bound import _Flow
from packer.plan.needs import goes_up, needs, works_in_place
from packer.read import read
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import maximum_flow

from support.tflite_builder import Graph

WINDOW = {"padding": "SAME", "dilation_h_factor": 1, "dilation_w_factor": 1, "fused_activation_function": "NONE"}
NODES = 9


@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(0, 9)), max_size=40))
def test_flow_is_the_greatest(edges):
    flow, (a, b, capacity) = _Flow(), np.array([e for e in edges if e[0] != e[1]] or [(0, 1, 0)]).T
    for start, end, room in zip(a.tolist(), b.tolist(), capacity.tolist()):
        flow.edge(*({0: flow.SOURCE, 1: flow.SINK}.get(node, node) for node in (start, end)), room)
    network = coo_matrix((capacity, (a, b)), (NODES, NODES)).tocsr().astype(np.int32)
    expected = maximum_flow(network, 0, 1).flow_value
    assert flow.most(1 << 30)[0] == expected
    for work in 1, 10, 50:  # and never more, however little work may be done
        assert flow_again(edges).most(work)[0] <= expected


def flow_again(edges):
    flow = _Flow()
    for start, end, room in edges:
        if start != end:
            flow.edge(*({0: flow.SOURCE, 1: flow.SINK}.get(node, node) for node in (start, end)), room)
    return flow


@st.composite
def networks(draw):
    """A few layers on images of a few rows, with a branch or two."""
    graph, rng = Graph(), np.random.default_rng(0)
    tensors = [graph.input((1, draw(st.integers(2, 4)), 2, draw(st.integers(1, 6))), 0.1, 0)]
    for _ in range(draw(st.integers(1, 4))):
        x = tensors[draw(st.integers(0, len(tensors) - 1))]
        kind = draw(st.sampled_from(["conv", "relu", "pool", "add"]))
        if kind == "conv":
            channels, kernel, stride = draw(st.integers(1, 8)), draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 2]))
            weights = graph.const(rng.integers(-127, 128, (channels, kernel, kernel, x.shape[3])).astype(np.int8), 0.01, 0)
            shape = (1, -(-x.shape[1] // stride), -(-x.shape[2] // stride), channels)
            tensors.append(graph.op("CONV_2D", [x, weights], shape, 0.1, 0, **WINDOW, stride_h=stride, stride_w=stride))
        elif kind == "pool":
            tensors.append(graph.op("MAX_POOL_2D", [x], x.shape, x.scale, 0, padding="SAME", filter_height=3, filter_width=1,
                                    stride_h=1, stride_w=1))
        elif kind == "relu":
            tensors.append(graph.op("TANH", [x], x.shape, 1 / 128, 0))
        else:
            y = draw(st.sampled_from([t for t in tensors if t.shape == x.shape]))
            tensors.append(graph.op("ADD", [x, y], x.shape, 0.1, 0, fused_activation_function="NONE"))
    graph.output(tensors[-1])
    return graph.finish()


def best_schedule(program):
    """The fewest bytes that have to be alive at one time, over all schedules; of a program without joins and state."""
    return min(_best_in(program, directions) for directions in itertools.product((False, True), repeat=len(program.ops)))


def _best_in(program, directions):
    """The same for given directions of the ops: a search over how many rows each op has made."""
    ops = program.ops
    maker = {op.output.buffer: i for i, op in enumerate(ops)}
    outputs = {edge.buffer for edge in program.outputs}

    def row_of(i, n):
        return ops[i].output.rows - 1 - n if directions[i] else n

    def made(i, row, counts):
        return (ops[i].output.rows - 1 - row if directions[i] else row) < counts[i]

    def span(rows, first, past):
        return range(rows.start + first * rows.row_bytes, rows.start + past * rows.row_bytes)

    def alive(counts):
        """Bytes of what is there and will be read."""
        wanted = {}
        for i, op in enumerate(ops):
            for n in range(counts[i], op.output.rows):
                for k, rows in enumerate(op.inputs):
                    wanted.setdefault(rows.buffer, set()).update(span(rows, *needs(op, k, row_of(i, n))))
        total = 0
        for buffer in {edge.buffer for edge in program.inputs} | set(maker):
            there = set(range(buffer.nbytes))
            if buffer in maker:
                rows = ops[maker[buffer]].output
                there = {b for r in range(rows.rows) if made(maker[buffer], r, counts) for b in span(rows, r, r + 1)}
            total += len(there if buffer in outputs else there & wanted.get(buffer, set()))
        return total

    def can_run(i, counts):
        for k, rows in enumerate(ops[i].inputs):
            if rows.buffer in maker:
                source = ops[maker[rows.buffer]].output
                first, past = needs(ops[i], k, row_of(i, counts[i]))
                for byte in span(rows, first, past):
                    if not made(maker[rows.buffer], byte // source.row_bytes, counts):
                        return False
        return True

    start, end = (0,) * len(ops), tuple(op.output.rows for op in ops)
    heap, seen = [(alive(start), start)], set()
    while heap:
        peak, counts = heapq.heappop(heap)
        if counts == end:
            return peak
        if counts in seen:
            continue
        seen.add(counts)
        for i, op in enumerate(ops):
            if counts[i] < op.output.rows and can_run(i, counts):
                in_place = max((rows.row_bytes for k, rows in enumerate(op.inputs) if works_in_place(op, k)), default=0)
                own = op.output.row_bytes - min(op.output.row_bytes, in_place) + (op.scratch.nbytes if op.scratch else 0)
                after = (*counts[:i], counts[i] + 1, *counts[i + 1 :])
                heapq.heappush(heap, (max(peak, alive(counts) + own, alive(after)), after))
    raise AssertionError("some op waits for ever")


def test_no_schedule_needs_less():
    exact = []

    @given(networks())
    def check(model):
        program = lower(fold(read(model, "model")))
        if not program.ops:
            return
        found = plan(program)
        assert not any(goes_up(op) for op in program.ops)
        best = best_schedule(program)
        aligned = -(-best // 4) * 4
        assert found.lower_bound_bytes <= aligned <= found.pool_bytes
        exact.append(found.lower_bound_bytes == aligned)

    check()
    assert sum(exact) > 0.9 * len(exact)
