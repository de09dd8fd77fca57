"""Movements: which cost nothing, which take several device ops, and which the packer refuses, each with its reason."""

import numpy as np
import pytest
from packer import PackerError, build

from support import oracle
from support.tflite_builder import Graph


def model(op, shape, constants, output_shapes, dtype=np.int8, **options):
    """An op on a RELU of the input, with a RELU after each output."""
    graph = Graph()
    y = graph.input(shape, 0.1, 3, dtype)
    if dtype == np.int8:
        y = graph.op("RELU", [y], shape, 0.1, 3)
    constants = [None if c is None else graph.const(np.array(c, np.int32)) for c in constants]
    ys = [graph.tensor(s, 0.1, 3, dtype) for s in output_shapes]
    graph.node(op, [y, *constants], ys, **options)
    graph.output(*(graph.op("RELU", [t], t.shape, 0.1, 3) if dtype == np.int8 else t for t in ys))
    return graph.finish()


def kernels(data):
    return [op.kernel for op in build(data).program.ops if op.kernel != "TABLE"]


FREE = {
    "a transposition of axes of one": ("TRANSPOSE", (4, 1, 8), [[1, 0, 2]], [(1, 4, 8)], {}),
    "a slice of everything": ("SLICE", (4, 8), [[0, 0], [-1, 8]], [(4, 8)], {}),
    "the last of many rows": ("STRIDED_SLICE", (5, 8), [[1, 0], [5, 8], [1, 1]], [(4, 8)], {}),
    "a split of rows": ("SPLIT_V", (9, 4), [[2, 4, 3], [0]], [(2, 4), (4, 4), (3, 4)], {}),
    "a split of a vector": ("SPLIT_V", (1, 12), [[4, 8], [1]], [(1, 4), (1, 8)], {}),
    "unpacking": ("UNPACK", (3, 4), [], [(4,)] * 3, {"num": 3}),
    "packing one": ("PACK", (3, 4), [], [(1, 3, 4)], {"values_count": 1}),
    "blocks of one": ("SPACE_TO_BATCH_ND", (2, 3, 3, 4), [[1, 1], [[0, 0]] * 2], [(2, 3, 3, 4)], {}),
    "batches that are rows": ("SPACE_TO_BATCH_ND", (1, 4, 1, 8), [[4, 1], [[0, 0]] * 2], [(4, 1, 1, 8)], {}),
    "no padding": ("PAD", (3, 4), [[[0, 0], [0, 0]]], [(3, 4)], {}),
    "an index": ("GATHER", (2, 8), [[1]], [(1, 8)], {}),
    "one of each": ("TILE", (2, 3), [[1, 1]], [(2, 3)], {}),
}


@pytest.mark.parametrize("op, shape, constants, output_shapes, options", FREE.values(), ids=FREE)
def test_costs_nothing(op, shape, constants, output_shapes, options):
    assert kernels(model(op, shape, constants, output_shapes, **options)) == []


SEVERAL = {
    "a piece smaller than half": ("STRIDED_SLICE", (5, 8), [[3, 0], [5, 8], [1, 1]], [(2, 8)], ["COPY"]),
    "pieces that start between words": ("SPLIT_V", (4, 3), [[3, 1], [0]], [(3, 3), (1, 3)], ["COPY"]),
    "four tiled axes": ("TILE", (2, 3, 2, 3), [[2, 2, 2, 2]], [(4, 6, 4, 6)], ["COPY", "COPY"]),
    "four padded axes": ("PAD", (2, 2, 2, 2), [[[1, 1]] * 4], [(4, 4, 4, 4)], ["PAD", "PAD"]),
    "crops": ("BATCH_TO_SPACE_ND", (4, 2, 2, 4), [[2, 2], [[1, 0], [0, 1]]], [(1, 3, 3, 4)], ["COPY", "COPY"]),
    "padded blocks": ("SPACE_TO_BATCH_ND", (1, 3, 3, 4), [[2, 2], [[1, 0], [0, 1]]], [(4, 2, 2, 4)], ["PAD", "COPY"]),
    "mirrored axes": ("MIRROR_PAD", (3, 3), [[[1, 1], [2, 0]]], [(5, 5)], ["GATHER", "GATHER"]),
}


@pytest.mark.parametrize("op, shape, constants, output_shapes, expected", SEVERAL.values(), ids=SEVERAL)
def test_several_device_ops(op, shape, constants, output_shapes, expected):
    assert kernels(model(op, shape, constants, output_shapes)) == expected


def test_concatenated_rows_are_made_one_after_the_other():
    """Each COPY then makes whole rows of its own, and the selftest checks them all."""
    graph = Graph()
    xs = [graph.input((1, n, 4), 0.1, 3) for n in (2, 3)]
    graph.output(graph.op("CONCATENATION", xs, (1, 5, 4), 0.1, 3, axis=1))
    ops = build(graph.finish()).program.ops
    assert [(op.kernel, op.partial, op.output.rows, op.output.start) for op in ops] == [
        ("COPY", False, 2, 0), ("COPY", False, 3, 8),
    ]  # fmt: skip


def test_columns_are_completed_by_the_last():
    graph = Graph()
    xs = [graph.input((3, n), 0.1, 3) for n in (2, 3, 1)]
    graph.output(graph.op("CONCATENATION", xs, (3, 6), 0.1, 3, axis=1))
    assert [op.partial for op in build(graph.finish()).program.ops] == [True, True, False]


def test_constants_are_moved_by_the_packer():
    values = np.arange(6, dtype=np.int8).reshape(2, 3)
    graph = Graph()
    x = graph.input((3, 2), 0.1, 3)
    y = graph.op("TRANSPOSE", [graph.const(values, 0.1, 3), graph.const(np.array([1, 0], np.int32))], (3, 2), 0.1, 3)
    graph.output(graph.op("CONCATENATION", [x, y], (6, 2), 0.1, 3, axis=0))
    data = graph.finish()
    assert kernels(data) == ["COPY", "COPY"]
    assert np.array_equal(oracle.run(data, [values.reshape(3, 2)])[0][3:], values.T)


REFUSED = {
    "axes that repeat": (("TRANSPOSE", (2, 3), [[0, 0]], [(2, 3)]), {}, "its axes [0, 0] are no order of 2 axes"),
    "axes that are absent": (("TRANSPOSE", (2, 3), [None], [(3, 2)]), {}, "its axes are not constant integers"),
    "a slice past the end": (("SLICE", (2, 3), [[0, 0], [3, 3]], [(3, 3)]), {}, "it reads [0, 0] to [3, 3] of [2, 3]"),
    "an index past the end": (
        ("STRIDED_SLICE", (2, 3), [[5, 0], [6, 3], [1, 1]], [(3,)]), {"shrink_axis_mask": 1}, "reads outside shape [2, 3]"),
    "a stride of 0": (("STRIDED_SLICE", (2, 3), [[0, 0], [2, 3], [1, 0]], [(2, 3)]), {}, "strides [1, 0] do not fit"),
    "another shape": (("REVERSE_V2", (2, 3), [[1]], [(2, 4)]), {}, "[2, 3] gives 6 elements, [2, 4] has 8"),
    "an axis too many": (("REVERSE_V2", (2, 3), [[2]], [(2, 3)]), {}, "its axis 2 is outside a shape of 2 dimensions"),
    "an odd number of paddings": (("PAD", (2, 3), [[1, 2, 3]], [(3, 6)]), {}, "its paddings [1, 2, 3] do not fit"),
    "a mirror of another size": (("MIRROR_PAD", (2, 3), [[[1, 0], [0, 0]]], [(4, 3)]), {}, "is not [4, 3]"),
    "ends that count from the begins": (
        ("STRIDED_SLICE", (2, 3), [[0, 0], [2, 3], [1, 1]], [(2, 3)]), {"offset": True}, "ends count from its begins"),
    "a huge tensor": (("SQUEEZE", (1 << 20, 1 << 20), [], [(1 << 20, 1 << 20)]), {}, "larger than any device"),
    "another dtype": (("RESHAPE", (2, 3), [[6]], [(6,)], np.float32), {}, "float32"),
    "sizes that do not broadcast": (("BROADCAST_TO", (2, 3), [[4, 3]], [(4, 3)]), {}, "does not broadcast to [4, 3]"),
    "blocks that do not fit": (
        ("SPACE_TO_DEPTH", (1, 3, 3, 1), [], [(1, 1, 1, 4)]), {"block_size": 2}, "blocks of 2 do not fit [1, 3, 3, 1]"),
    "sizes that do not add up": (
        ("SPLIT_V", (4, 3), [[1, 2], [0]], [(1, 3), (2, 3)]), {}, "sizes [1, 2] do not make up axis 0"),
    "a mirror of more than there is": (
        ("MIRROR_PAD", (2, 3), [[[2, 0], [0, 0]]], [(4, 3)]), {"mode": "REFLECT"}, "it mirrors more than [2, 3] has"),
    "a constant index outside": (("GATHER", (2, 3), [[2]], [(1, 3)]), {}, "an index is outside 0 to 1"),
    "more dimensions than there are": (
        ("TRANSPOSE", (2,) * 6, [[5, 4, 3, 2, 1, 0]], [(2,) * 6], np.int16), {}, "it moves more than 6 dimensions"),
}  # fmt: skip


@pytest.mark.parametrize("arguments, options, reason", REFUSED.values(), ids=REFUSED)
def test_refused(arguments, options, reason):
    with pytest.raises(PackerError) as error:
        build(model(*arguments, **options))
    assert reason in str(error.value)


@pytest.mark.parametrize("what, reason", [
    ({"fused_activation_function": "RELU"}, "it has a fused activation"),
    ({"scale": 0.2}, "its inputs are quantised otherwise than its output"),
])
def test_concatenations_refused(what, reason):
    graph = Graph()
    scale = what.pop("scale", 0.1)
    xs = [graph.input((2, 3), s, 3) for s in (0.1, scale)]
    graph.output(graph.op("CONCATENATION", xs, (4, 3), 0.1, 3, axis=0, **what))
    with pytest.raises(PackerError, match=reason):
        build(graph.finish())
