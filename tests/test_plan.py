"""The planner: rows that are alive together never overlap, the proof finds what a wrong plan loses, and RAM is small."""

import itertools

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build
from packer.core import CoreModel
from packer.emit import emit
from packer.fold import fold
from packer.lower import lower
from packer.plan import apply, homes, layout, plan
from packer.plan.cascade import Group, Work, cut
from packer.plan.order import best_order
from packer.plan.place import ALIGN, Item, block, distance, lower_bound, pack
from packer.plan.proof import prove
from packer.program import Buffer, DeviceOp, Edge, Program, Rows
from packer.read import read
from support.tflite_builder import Graph

DIGITS = (ROOT / "examples/digits/digits_int8.tflite").read_bytes()

# name: the most bytes of pool
POOL_AT_MOST = {
    "person_detect": 15_360, "mlperf_vww": 28_672, "mlperf_ic_resnet8": 16_896, "mlperf_kws": 8_704,
    "mlperf_sww": 4_096, "mlperf_ad": 1_024, "magic_wand": 4_352, "emlearn_mnist_cnn": 1_280,
}  # fmt: skip


@st.composite
def items(draw):
    """An Item as ops make them: rows are written in order, up or down, and die in order."""
    rows, row_bytes, start = draw(st.integers(1, 6)), draw(st.integers(1, 40)), draw(st.integers(0, 12))
    bounds = np.arange(rows + 1) * row_bytes
    if draw(st.booleans()):  # parts of several sizes
        bounds = np.cumsum([0, *draw(st.lists(st.integers(1, 40), min_size=rows, max_size=rows))])
    born = start + np.cumsum(draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)))
    dies = born + np.sort(draw(st.lists(st.integers(0, 6), min_size=rows, max_size=rows)))
    if draw(st.booleans()):
        born, dies = born[::-1], dies[::-1]
    return Item([], bounds, born, dies)


def clash(a, at_a, b, at_b):
    """Do a row of `a` and one of `b`, alive together, share a byte?"""
    for i, j in itertools.product(range(len(a.born)), range(len(b.born))):
        if a.born[i] <= b.dies[j] and b.born[j] <= a.dies[i]:
            if at_a + a.bounds[i] < at_b + b.bounds[j + 1] and at_b + b.bounds[j] < at_a + a.bounds[i + 1]:
                return True
    return False


@given(items(), items())
def test_distance_is_safe_and_as_small_as_alignment_lets_it_be(a, b):
    d = distance(a, b)
    if d is None:
        assert not any(clash(a, 1000, b, 1000 + k) for k in range(-300, 300, 7))
        return
    assert not clash(a, 1000, b, 1000 + d) and not clash(a, 1000, b, 1000 + d + 3)
    worst = max(
        a.bounds[i + 1] - b.bounds[j]
        for i, j in itertools.product(range(len(a.born)), range(len(b.born)))
        if a.born[i] <= b.dies[j] and b.born[j] <= a.dies[i]
    )
    assert worst <= d < worst + ALIGN


@given(st.lists(items(), min_size=1, max_size=9))
def test_rows_alive_together_are_apart(found):
    bound = lower_bound(found)
    peak, offsets = pack(found, bound, rounds=20)
    assert peak >= bound
    assert all(at >= 0 and at % ALIGN == 0 and at + x.nbytes <= peak for at, x in zip(offsets, found))
    for (a, at_a), (b, at_b) in itertools.combinations(zip(found, offsets), 2):
        assert not clash(a, at_a, b, at_b)


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=12))
def test_chain_of_whole_tensors_is_packed_optimally(sizes):
    """A chain of ops, each reading the buffer before it, needs its largest neighbouring pair and no more."""
    sizes = [-(-n // ALIGN) * ALIGN for n in sizes]
    chain = [block([], n, [i, i + 1]) for i, n in enumerate(sizes)]
    peak, _ = pack(chain, lower_bound(chain))
    assert peak == lower_bound(chain) == max(a + b for a, b in zip(sizes, sizes[1:]))


def digits_program():
    return lower(fold(read(DIGITS)))


def test_every_order_of_work_gives_the_same_bytes():
    """Whole tensors, the planner's cascades, one cascade as long as can be, each from the top and from the bottom."""
    program = digits_program()
    work = Work(program, homes(program))
    n = len(program.ops)
    whole = [Group(i, i + 1) for i in range(n)]
    longest = max((g for g in (Group(0, p) for p in range(1, n + 1)) if work.events(g)), key=lambda g: g.past)
    assert longest.past > 3
    rest = [Group(i, i + 1) for i in range(longest.past, n)]
    x = np.random.default_rng(0).integers(-128, 128, (1, 8, 8, 1)).astype(np.int8)
    pools, answers = set(), set()
    for groups in whole, cut(work), [longest, *rest]:
        for down in False, True:
            found = layout(work, [Group(g.first, g.past, down) for g in groups])
            apply(program, work, found)
            prove(program, found.pool_bytes)
            pools.add(found.pool_bytes)
            answers.add(CoreModel(emit(program, found.pool_bytes, {})).run([x])[0].tobytes())
    assert len(answers) == 1 and len(pools) > 1


def test_proof_finds_every_buffer_that_is_moved():
    """A plan whose buffer lies elsewhere loses a byte of it or of another; a pool that is too small is found too."""
    found = 0
    program = digits_program()
    planned = plan(program)
    for buffer in program.buffers():
        right = buffer.offset
        for wrong in range(0, planned.pool_bytes, 64):
            buffer.offset = wrong
            try:
                prove(program, planned.pool_bytes)
            except PackerError as e:
                assert "plan: " in str(e)
                found += 1
        buffer.offset = right
    assert found > 100
    with pytest.raises(PackerError, match="past the pool"):
        prove(program, planned.pool_bytes - 4)


def test_proof_finds_a_ring_that_is_too_short_and_a_row_that_is_missing():
    program = digits_program()
    planned = plan(program)
    rings = [op.output for op in program.ops if op.output.row_bytes < op.output.buffer.held_bytes < op.output.buffer.nbytes]
    assert rings
    for rows in rings:
        held = rows.buffer.held_bytes
        rows.buffer.held_bytes = rows.row_bytes
        with pytest.raises(PackerError, match="lost|over row"):
            prove(program, planned.pool_bytes)
        rows.buffer.held_bytes = held
    program.steps = program.steps[1:]
    with pytest.raises(PackerError, match="lost"):
        prove(program, planned.pool_bytes)


def two_branches(first, second):
    """x -> a (wide) -> a2 (one number); x -> b (wide) -> b2 (one number); a2 + b2; ops in the order given."""
    x, a, a2, b, b2, y = (Buffer(n, size, "int8") for n, size in zip("x a a2 b b2 y".split(), (100, 1000, 4, 1000, 4, 4)))
    ops = {
        name: DeviceOp("WHOLE", name, 0, 0, [Rows(i, 1, i.nbytes) for i in reads], Rows(out, 1, out.nbytes), {})
        for name, reads, out in [("a", [x], a), ("a2", [a], a2), ("b", [x], b), ("b2", [b], b2), ("y", [a2, b2], y)]
    }
    program = Program("branches", [ops[n] for n in (*first, *second, "y")], [], [])
    program.inputs = [Edge(x, Rows(x, 1, 100), "x", (100,), "int8", "int8", 1.0, 0)]
    program.outputs = [Edge(y, Rows(y, 1, 4), "y", (4,), "int8", "int8", 1.0, 0)]
    return program


def test_branches_run_one_after_the_other():
    wide = two_branches(("a", "b"), ("a2", "b2"))
    assert [op.name for op in best_order(wide)] in (["a", "a2", "b", "b2", "y"], ["b", "b2", "a", "a2", "y"])
    assert plan(wide).pool_bytes == 1104  # x, one wide tensor, and the other branch's number
    assert plan(two_branches(("a", "a2"), ("b", "b2"))).pool_bytes == 1104


def test_order_keeps_who_comes_first_in_a_shared_buffer():
    """Two writes into one buffer and the read between them stay in order."""
    program = two_branches(("a", "a2"), ("b", "b2"))
    for op in program.ops[2:4]:  # b is now the buffer of a
        if op.name == "b":
            op.output = program.ops[0].output
        else:
            op.inputs = [program.ops[0].output]
    assert [op.name for op in best_order(program)][:4] == ["a", "a2", "b", "b2"]


def test_a_cascade_makes_what_others_read_afterwards():
    """REVERSE_V2's first row is all that SLICE asks for, the ADD after their cascade wants the others, too."""
    graph = Graph()
    x = graph.input((2, 3, 4), 0.5, 0)
    constants = [graph.const(np.array(values, np.int32)) for values in ([0], [0, 0, 0], [1, 1, 1])]
    turned = graph.op("REVERSE_V2", [x, constants[0]], (2, 3, 4), 0.5, 0)
    graph.output(graph.op("SLICE", [turned, *constants[1:]], (1, 1, 1), 0.5, 0))
    graph.output(graph.op("ADD", [turned, graph.const(np.ones((2, 3, 4), np.int8), 0.5, 0)], (2, 3, 4), 0.5, 0))
    program = lower(fold(read(graph.finish(), "model")))
    work = Work(program, homes(program))
    assert [row for op, row in work.events(Group(0, 2)) if op == 0] == list(range(6))
    apply(program, work, layout(work, [Group(0, 2), Group(2, 3)]))
    prove(program, max(b.offset + b.held_bytes for b in program.buffers()))


def test_a_buffer_of_which_every_view_is_a_part_has_all_its_memory():
    """PACK writes two halves, SLICE reads the first: three views of one size, of a buffer that is twice as large."""
    graph = Graph()
    x = graph.input((5,), 0.5, 0)
    halves = graph.op("PACK", [x, x], (2, 5), 0.5, 0, values_count=2)
    begin, size = (graph.const(np.array(values, np.int32)) for values in ([0, 0], [1, 5]))
    graph.output(graph.op("LOGISTIC", [graph.op("SLICE", [halves, begin, size], (1, 5), 0.5, 0)], (1, 5), 1 / 256, -128))
    program = lower(fold(read(graph.finish(), "model")))
    plan(program)
    assert {b.nbytes: b.held_bytes for b in program.buffers()}[10] == 10


@pytest.mark.parametrize("name", sorted(POOL_AT_MOST))
def test_pool_of_real_models(models, name):
    result = build((models / f"{name}_int8.tflite").read_bytes(), name)
    assert result.lower_bound_bytes <= result.pool_bytes <= POOL_AT_MOST[name]
