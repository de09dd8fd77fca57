"""Resource variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, CALL_ONCE, in any order that TFLite Micro allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packer import PackerError, build
from packer.core import CoreModel
from packer.verify import first_differing_layer

from support import backends
from support.compare import Case, check
from support.quantisation import generators, log_uniform, scale_and_zero_point
from support.tflite_builder import Graph

RUNS = 6  # inferences one after the other
DTYPES = (np.int8, np.int8, np.int8, np.int16, np.int32)


class Machine:
    """A graph on a few variables of one type: values are read, combined and assigned in a drawn order."""

    def __init__(self, draw, rng):
        self.draw, self.rng, self.graph = draw, rng, Graph()
        self.dtype = draw(st.sampled_from(DTYPES))
        self.shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
        self.scale, self.zero_point = scale_and_zero_point(rng)
        if self.dtype != np.int8:
            self.zero_point = 0
        self.x = self.graph.input(self.shape, self.scale, self.zero_point, self.dtype)
        self.values = [self.x]
        self.done = []

    def constant(self, graph):
        limits = np.iinfo(self.dtype)
        fill = self.draw(st.sampled_from(("random", "random", "equal", "zero", "zero point")))
        self.done.append(fill)
        array = {
            "random": lambda: self.rng.integers(limits.min, limits.max, self.shape, endpoint=True),
            "equal": lambda: np.full(self.shape, self.rng.integers(limits.min, limits.max, endpoint=True)),
            "zero": lambda: np.zeros(self.shape),
            "zero point": lambda: np.full(self.shape, self.zero_point),
        }[fill]()
        return graph.const(array.astype(self.dtype), self.scale, self.zero_point)

    def handle(self, graph, number):
        handle = graph.tensor((), dtype="resource")
        graph.node("VAR_HANDLE", [], [handle], container="", shared_name=f"variable {number}")
        return handle

    def assign(self, graph, handle, value):
        graph.node("ASSIGN_VARIABLE", [handle, value], [])

    def read(self, handle):
        value = self.graph.tensor(self.shape, self.scale, self.zero_point, self.dtype)
        self.graph.node("READ_VARIABLE", [handle], [value])
        self.values.append(value)

    def value(self):
        return self.values[self.draw(st.integers(0, len(self.values) - 1))]

    def combine(self):
        """A value made of another, or of two: int8 has arithmetic, the others a change of shape."""
        if self.dtype == np.int8 and self.draw(st.booleans()):
            made = self.graph.op("ADD", [self.value(), self.value()], self.shape, self.scale, self.zero_point)
        else:
            flat = (int(np.prod(self.shape)),)
            made = self.value()
            for shape in flat, self.shape:
                new_shape = self.graph.const(np.array(shape, np.int32))
                made = self.graph.op("RESHAPE", [made, new_shape], shape, self.scale, self.zero_point, self.dtype)
        self.values.append(made)


@st.composite
def programs(draw):
    rng = draw(generators())
    machine = Machine(draw, rng)
    graph = machine.graph
    numbers = range(draw(st.integers(1, 3)))
    initialised = draw(st.sets(st.sampled_from(list(numbers))))
    if initialised:
        first = graph.subgraph("initialise")
        graph.node("CALL_ONCE", [], [], init_subgraph_index=first.index)
        for number in initialised:
            machine.assign(first, machine.handle(first, number), machine.constant(first))
    handles = [machine.handle(graph, number) for number in numbers]
    actions = draw(st.lists(st.tuples(st.sampled_from(("read", "assign", "assign", "combine", "set")),
                                      st.sampled_from(list(numbers))), min_size=1, max_size=10))  # fmt: skip
    for action, number in actions:
        machine.done.append((action, number))
        if action == "read":
            machine.read(handles[number])
        elif action == "assign":
            machine.assign(graph, handles[number], machine.value())
        elif action == "set":
            machine.assign(graph, handles[number], machine.constant(graph))
        else:
            machine.combine()
    for number in numbers:  # each variable has a value at some time, and is seen at the end
        machine.assign(graph, handles[number], machine.value())
        machine.read(handles[number])
        machine.combine()
    outputs = machine.values[1:]
    graph.output(*[outputs[i] for i in sorted(draw(st.sets(st.integers(0, len(outputs) - 1), min_size=1)))])
    limits = np.iinfo(machine.dtype)
    inputs = [[rng.integers(limits.min, limits.max, machine.shape, machine.dtype, endpoint=True)] for _ in range(RUNS)]
    return Case("READ_VARIABLE", graph.finish(), inputs, dtype=np.dtype(machine.dtype).name, shape=machine.shape,
                done=machine.done)


@given(programs())
def test_variables(backend, case):
    check(backend, case)


def delay(length, rng, first=0):
    """The last `length` frames as streaming models have them: read, append the new one, use them, drop the oldest.

    `first`: what every byte of them is at first.
    """
    graph = Graph()
    scale, zero_point = log_uniform(rng, -6, -3), int(rng.integers(-128, 128))
    start = graph.subgraph("start")
    graph.node("CALL_ONCE", [], [], init_subgraph_index=start.index)
    at_start = start.tensor((), dtype="resource")
    start.node("VAR_HANDLE", [], [at_start], container="", shared_name="frames")
    frames = start.const(np.full((1, length, 1, 8), first, np.int8), scale, zero_point)
    start.node("ASSIGN_VARIABLE", [at_start, frames], [])
    x = graph.input((1, 1, 1, 8), scale, zero_point)
    handle = graph.tensor((), dtype="resource")
    graph.node("VAR_HANDLE", [], [handle], container="", shared_name="frames")
    old = graph.tensor((1, length, 1, 8), scale, zero_point)
    graph.node("READ_VARIABLE", [handle], [old])
    all_ = graph.op("CONCATENATION", [old, x], (1, length + 1, 1, 8), scale, zero_point, axis=1)
    begin, size = (graph.const(np.array(v, np.int32)) for v in ([0, 1, 0, 0], [1, length, 1, 8]))
    new = graph.op("SLICE", [all_, begin, size], (1, length, 1, 8), scale, zero_point)
    graph.node("ASSIGN_VARIABLE", [handle, new], [])
    graph.output(graph.op("LOGISTIC", [all_], (1, length + 1, 1, 8), 1 / 256, -128))
    return graph.finish()


@pytest.mark.parametrize("length", [1, 2, 5])
def test_streaming_ring(backend, length):
    rng = np.random.default_rng(length)
    inputs = [[rng.integers(-128, 128, (1, 1, 1, 8)).astype(np.int8)] for _ in range(20)]
    check(backend, Case("ASSIGN_VARIABLE", delay(length, rng), inputs, length=length))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8])
def test_other_dtypes(backend, dtype):
    """A variable that holds what the last inference made."""
    graph = Graph()
    x, handle = graph.input((1, 7), 0.5, 3), graph.tensor((), dtype="resource")
    quantisation = (None, 0) if dtype == np.bool_ else (0.25, 100)
    if dtype == np.bool_:
        value = graph.op("GREATER", [x, graph.const(np.zeros((1, 7), np.int8), 0.5, 3)], (1, 7), dtype=dtype)
    else:
        value = graph.op("QUANTIZE", [x], (1, 7), *quantisation, dtype)
    graph.node("VAR_HANDLE", [], [handle], container="", shared_name="last")
    last = graph.tensor((1, 7), *quantisation, dtype)
    graph.node("READ_VARIABLE", [handle], [last])
    graph.node("ASSIGN_VARIABLE", [handle, value], [])
    graph.output(last)
    rng = np.random.default_rng(0)
    inputs = [[rng.integers(-128, 128, (1, 7)).astype(np.int8)] for _ in range(RUNS)]
    check(backend, Case("READ_VARIABLE", graph.finish(), inputs, dtype=np.dtype(dtype).name))


def test_streaming_ring_costs_no_copies_of_the_variable():
    program = build(delay(5, np.random.default_rng(0))).program
    (state,) = program.state
    assert state.nbytes == 48  # the variable, and what is new
    assert [op.kernel for op in program.ops] == ["COPY", "TABLE", "COPY"]  # the input joins the state, which then moves up
    assert program.ops[2].inputs[0].buffer is program.ops[2].output.buffer is state


def test_equal_values_are_one_element_of_the_blob():
    rng, machine = np.random.default_rng(0), Graph()
    first = machine.subgraph("initialise")
    machine.node("CALL_ONCE", [], [], init_subgraph_index=first.index)
    handles = []
    for graph in (first, machine):
        handles.append(graph.tensor((), dtype="resource"))
        graph.node("VAR_HANDLE", [], [handles[-1]], container="", shared_name="large")
    first.node("ASSIGN_VARIABLE", [handles[0], first.const(np.full((1, 5000), -7, np.int8), 0.5, 3)], [])
    x = machine.input((1, 5000), 0.5, 3)
    value = machine.tensor((1, 5000), 0.5, 3)
    machine.node("READ_VARIABLE", [handles[1]], [value])
    machine.output(machine.op("ADD", [value, x], (1, 5000), 0.5, 3))
    machine.node("ASSIGN_VARIABLE", [handles[1], x], [])
    model = machine.finish()
    assert len(build(model).blob) < 1000
    inputs = [[rng.integers(-128, 128, (1, 5000)).astype(np.int8)] for _ in range(3)]
    check(backends.core, Case("CALL_ONCE", model, inputs))


def test_the_first_wrong_layer_of_a_later_run():
    """verify names the layer although the runs before it count."""
    right, wrong = (delay(2, np.random.default_rng(0), first) for first in (0, 1))
    result = build(wrong)
    model = CoreModel(result.blob)
    cases = [[np.full((1, 1, 1, 8), v, np.int8)] for v in (5, 6, 7, 8)]
    for runs in 1, 2:
        found = first_differing_layer(right, result, model, cases[:runs], cases[:runs])
        assert found and found["got"] == found["want"] + 1
    for runs in 3, 4:  # the frames of the start are forgotten
        assert first_differing_layer(right, result, model, cases[:runs], cases[:runs]) is None


def refused(graph):
    with pytest.raises(PackerError) as caught:
        build(graph.finish(), "refused")
    return str(caught.value)


def test_what_cannot_be():
    def start():
        graph = Graph()
        x, handle = graph.input((1, 4), 0.5, 0), graph.tensor((), dtype="resource")
        graph.node("VAR_HANDLE", [], [handle], container="", shared_name="v")
        return graph, x, handle

    graph, x, handle = start()
    value = graph.tensor((1, 4), 0.5, 0)
    graph.node("READ_VARIABLE", [handle], [value])
    graph.output(graph.op("ADD", [value, x], (1, 4), 0.5, 0))
    assert "nothing is ever assigned to its variable" in refused(graph)

    graph, x, handle = start()
    value = graph.tensor((1, 5), 0.5, 0)
    graph.node("ASSIGN_VARIABLE", [handle, x], [])
    graph.node("READ_VARIABLE", [handle], [value])
    graph.output(value)
    assert "use a variable of its own" in refused(graph)

    graph, x, handle = start()
    graph.node("ASSIGN_VARIABLE", [handle, x], [])
    first = graph.subgraph("late")
    graph.node("CALL_ONCE", [], [], init_subgraph_index=first.index)
    graph.output(graph.op("LOGISTIC", [x], (1, 4), 1 / 256, -128))
    assert "variables are used before it" in refused(graph)

    graph, x, handle = start()
    graph.node("CALL_ONCE", [], [], init_subgraph_index=7)
    graph.output(graph.op("LOGISTIC", [x], (1, 4), 1 / 256, -128))
    assert "cannot call subgraph 7 of 1" in refused(graph)

    graph, x, handle = start()
    real = graph.input((1, 4), dtype=np.float32)
    graph.node("ASSIGN_VARIABLE", [handle, real], [])
    graph.output(graph.op("LOGISTIC", [x], (1, 4), 1 / 256, -128))
    assert "float32" in refused(graph)


CASES = {kind: programs() for kind in ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")}
