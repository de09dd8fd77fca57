"""Coded weights: every coding gives the oracle's bytes on every backend, and a coding that is asked for is the one in the blob."""

import numpy as np
import pytest
from packer import build
from packer import format as fmt
from packer.core import BlobFault, CoreModel, check as check_blob
from packer.inspect import Blob
from support import backends, blobs
from support.compare import Case, check
from support.products import CODED, CODED_OPS, model
from tinyinfer import _pure

LAYERS = 4
SEEDS = range(3)
NAMES = {"palette": {"palette", "channel palette"}, "int4": {"palette", "channel palette"}, "entropy": {"entropy"},
         "sparse": {"sparse"}}  # fmt: skip


def layers(coding, seed, count=LAYERS):
    """A `.tflite` of layers whose weights suit that coding."""
    return model(seed, count, ops=CODED_OPS, weights=CODED[coding])


def case_of(coding, seed):
    made, rng = layers(coding, seed), np.random.default_rng(seed)
    shapes = [io["shape"][: io["ndim"]] for io in backends.opened(made).inputs]
    random = [[rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes] for _ in range(2)]
    return Case(coding, made, random + [[np.full(shape, -128, np.int8) for shape in shapes]], seed=seed)


def with_coding(backend, coding):
    def coded(made, cases):
        return backend(made, cases, coding)

    coded.__name__ = f"{backend.__name__}, {coding}"
    return coded


def codings(blob):
    """The names of the codings that a blob has."""
    found, parsed = set(), Blob(blob)
    for op in parsed.ops:
        if op["params"].get("pairs", {}).get("coded"):
            found.add(fmt.CODING_NAMES[fmt.CODED.unpack(blob, op["params"]["weights"])["coding"]])
    return found


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("seed", SEEDS)
def test_same_bytes(coding, seed, every_backend):
    case = case_of(coding, seed)
    found = codings(build(case.model, coding=coding).blob)
    assert found and found <= NAMES[coding]
    for backend in every_backend.values():
        check(with_coding(backend, coding), case)


@pytest.mark.parametrize("kind", CODED)
def test_auto(kind, every_backend):
    case = case_of(kind, 50)
    assert codings(build(case.model, coding="auto").blob)
    for backend in every_backend.values():
        check(with_coding(backend, "auto"), case)


@pytest.mark.slow
@pytest.mark.parametrize("coding", CODED)
def test_same_bytes_of_many(coding, backend):
    for seed in range(100, 200):
        check(with_coding(backend, coding), case_of(coding, seed))
        check(with_coding(backend, "auto"), case_of(coding, seed))


@pytest.mark.parametrize("coding", CODED)
def test_weights_are_streamed(coding):
    """A segment's offsets count from its start, those of ti_coded too."""
    made = layers(coding, 60)
    whole, streamed = (CoreModel(build(made, coding=coding, stream_weights=s).blob) for s in (False, True))
    assert streamed.header["n_segments"] and whole.selftest()[0] == streamed.selftest()[0] == -1


def test_every_row_at_once_and_one_by_one():
    """Rows whose input and output share memory are made one by one, others together; both ways give the same."""
    for seed in range(70, 80):
        core = CoreModel(build(layers("entropy", seed), coding="entropy").blob)
        rng = np.random.default_rng(seed)
        inputs = [rng.integers(-128, 128, io["shape"][: io["ndim"]]).astype(np.int8) for io in core.inputs]
        at_once = [output.copy() for output in core.run(inputs)]
        core.trace(inputs)
        assert all(np.array_equal(a, b) for a, b in zip(at_once, core.get_outputs()))


# ---- what a loader refuses ----

SHAPE, OFFSET, VALUE, RESERVED, POOL_RANGE = 12, 8, 10, 7, 13


def coded_blob(coding, seed=3):
    """(blob, offset of the first ti_coded, its fields, k, out_c)."""
    blob = build(model(seed, 1, ops=("FULLY_CONNECTED",), weights=CODED[coding]), coding=coding).blob
    op = next(op for op in Blob(blob).ops if op["params"].get("pairs", {}).get("coded"))
    at = op["params"]["weights"]
    return blob, at, fmt.CODED.unpack(blob, at), op["params"]["in_c"], op["params"]["out_c"]


def verdicts(blob):
    """The fault of the C core and that of pure Python, None where they find none."""
    found = []
    for prove in (check_blob, _pure.check):
        try:
            prove(blob)
            found.append(None)
        except BlobFault as e:
            found.append(tuple(e.fault))
        except ValueError as e:
            found.append(e.args)
    return found


def refused(blob, code):
    core, pure = verdicts(blob)
    assert core == pure and core is not None and core[0] == code, (core, pure)


OFFSETS = {f.name: f.offset for f in fmt.CODED.fields}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize(("field", "form", "value", "code"), [
    ("data", "I", 0xFFFFFFF0, OFFSET), ("bytes", "I", 0xFFFFFFFF, OFFSET), ("coding", "B", 0, VALUE), ("coding", "B", 5, VALUE),
])  # fmt: skip
def test_bad_fields_of_any_coding(coding, field, form, value, code):
    blob, at, _, _, _ = coded_blob(coding)
    assert verdicts(blob) == [None, None]
    refused(blobs.patched(blob, at + OFFSETS[field], form, value), code)


@pytest.mark.parametrize(("coding", "field", "form", "value", "code"), [
    ("palette", "table", "I", 0xFFFFFFF0, OFFSET), ("palette", "bits", "B", 3, VALUE), ("palette", "bits", "B", 8, VALUE),
    ("palette", "block", "H", 0, VALUE), ("palette", "block", "H", 6, VALUE), ("palette", "block", "H", 0xFFFC, POOL_RANGE),
    ("palette", "bytes", "I", 1, SHAPE),
    ("entropy", "table", "I", 0xFFFFFFF0, OFFSET), ("entropy", "table", "I", 71, OFFSET), ("entropy", "bits", "B", 0, VALUE),
    ("entropy", "bits", "B", 9, VALUE), ("entropy", "block", "H", 2, VALUE),
    ("sparse", "table", "I", 4, RESERVED), ("sparse", "bits", "B", 1, RESERVED), ("sparse", "block", "H", 2, VALUE),
    ("sparse", "block", "H", 0, VALUE), ("sparse", "bytes", "I", 3, OFFSET),
])  # fmt: skip
def test_bad_fields(coding, field, form, value, code):
    blob, at, _, _, _ = coded_blob(coding)
    refused(blobs.patched(blob, at + OFFSETS[field], form, value), code)


def test_an_entry_of_too_many_bits():
    blob, _, coded, _, _ = coded_blob("entropy")
    refused(blobs.patched(blob, coded["table"], "H", 0x9800), VALUE)
    assert verdicts(blobs.patched(blob, coded["table"], "H", 0x8800)) == [None, None]


@pytest.mark.parametrize("entry", [0x0000, 0x0105, 0x7100, 0x00FF, 0x8880])
def test_any_words_are_read_within_the_data(entry):
    """Words that use up no bits, or many more than there are, are decoded to something all the same, and alike."""
    blob, _, coded, _, _ = coded_blob("entropy")
    changed = blobs.patched(blob, coded["table"], f"{1 << coded['bits']}H", *[entry] * (1 << coded["bits"]))
    core, pure = CoreModel(changed), _pure.Engine(changed, None)
    inputs = [np.full(io["shape"][: io["ndim"]], 3, np.int8) for io in core.inputs]
    outputs = core.run(inputs)
    for (offset, size), array in zip(backends.places(core, core.inputs), inputs):
        pure.pool()[offset : offset + size] = array.tobytes()
    pure.run()
    for (offset, size), array in zip(backends.places(core, core.outputs), outputs):
        assert bytes(pure.pool()[offset : offset + size]) == array.tobytes()


@pytest.fixture(scope="module")
def few_taps():
    """(blob, ti_coded, k) of sparse weights of a layer of fewer than 255 taps, the first block of which has two or more."""
    for seed in range(99):
        made = model(seed, 1, ops=("FULLY_CONNECTED",), weights=CODED["sparse"])
        blob = build(made, coding="auto").blob
        if codings(blob) == {"sparse"}:
            blob, _, coded, k, _ = coded_blob("sparse", seed)
            if k < 255 and blob[coded["data"]] >= 2:
                return blob, coded, k
    raise AssertionError("no such layer")


def test_a_tap_past_the_last(few_taps):
    blob, coded, k = few_taps
    last = coded["data"] + blob[coded["data"]]
    refused(blobs.patched(blob, last, "B", k), VALUE)


def test_taps_that_go_down(few_taps):
    blob, coded, _ = few_taps
    refused(blobs.patched(blob, coded["data"] + 2, "B", blob[coded["data"] + 1]), SHAPE)


def test_more_taps_than_data(few_taps):
    blob, coded, _ = few_taps
    at = next(op for op in Blob(blob).ops if op["params"].get("pairs", {}).get("coded"))["params"]["weights"]
    refused(blobs.patched(blob, at + OFFSETS["bytes"], "I", 1 + blob[coded["data"]]), OFFSET)
