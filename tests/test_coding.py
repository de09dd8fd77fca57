"""The encoders of coding/: what they write is what the decoder in plain Python reads, and what sizes they claim it has."""

import sys

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from packer import format as f
from packer.analyze import entropy as entropy_of
from packer.coding import SCHEMES, encode, share_codes, sparse_blocks
from packer.coding.coded import BLOCK
from packer.coding.entropy import Code, best_code, histogram, word_lengths
from packer.coding.palette import int4

sys.path.insert(0, str(ROOT / "device_lib"))

from tinyinfer._pure_coded import rows  # noqa: E402

SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
ANY = st.integers(-128, 127)
FEW = st.sampled_from([-77, 0, 3, 90])
SOME = st.sampled_from([0, 0, 0, 0, 0, 5, -128, 127])


def matrices(elements):
    return hnp.arrays(np.int8, SHAPES, elements=elements)


def decoded(coded, shape):
    """What the device's pure Python makes of a Coded that lies in a blob somewhere."""
    at_table = 16 + f.CODED.size
    table = b"" if coded.table is None else coded.table.astype(coded.table.dtype.newbyteorder("<")).tobytes()
    at_data = at_table + len(table) + 3
    values = {**coded.values, "data": at_data, "table": at_table if table else 0}
    blob = bytes(16) + f.CODED.pack(values) + table + b"\xaa" * 3 + coded.data.tobytes()
    return np.array([list(row) for row in rows(memoryview(blob), 16, shape[1], shape[0])], np.int8)


def check(coded, matrix):
    assert np.array_equal(decoded(coded, matrix.shape), matrix)
    assert coded.data.dtype == np.uint8 and coded.coding in f.CODINGS
    assert coded.nbytes == f.CODED.size + coded.data.nbytes + (0 if coded.table is None else coded.table.nbytes)
    assert coded.block in (1, 4) if coded.coding == "sparse" else coded.block in (4, BLOCK)


@settings(max_examples=60, deadline=None)
@given(st.one_of(matrices(ANY), matrices(FEW), matrices(SOME)), st.sampled_from(list(SCHEMES)))
def test_a_scheme_holds_weights_as_they_are_or_not_at_all(matrix, scheme):
    coded = SCHEMES[scheme](matrix)
    if scheme in ("sparse", "entropy"):
        assert coded is not None
    if coded is not None:
        check(coded, matrix)


@settings(max_examples=40, deadline=None)
@given(matrices(SOME), st.sampled_from([1, 4]))
def test_sparse_blocks_store_the_taps_that_have_weights(matrix, block):
    coded = sparse_blocks(matrix, block)
    check(coded, matrix)
    padded = np.zeros((-(-len(matrix) // block) * block, matrix.shape[1]), bool)
    padded[: len(matrix)] = matrix != 0
    used = padded.reshape(-1, block, matrix.shape[1]).any(axis=1)
    assert coded.stored == used.sum() * block
    assert coded.data.size == len(used) + used.sum() * (1 + block)


def test_sparse_rows_longer_than_a_byte_counts():
    matrix = np.zeros((5, 700), np.int8)
    matrix[:, 254:256] = 1
    matrix[2, 509:511] = -5
    matrix[4] = 7
    for block in (1, 4):
        check(sparse_blocks(matrix, block), matrix)
    check(sparse_blocks(np.ones((1, 255), np.int8), 1), np.ones((1, 255), np.int8))


@pytest.mark.parametrize("values, bits", [(1, 1), (2, 1), (3, 2), (4, 2), (5, 4), (16, 4)])
def test_a_palette_has_the_fewest_bits(values, bits):
    matrix = np.resize(np.arange(values) * 7 - 50, (64, 33)).astype(np.int8)
    coded = SCHEMES["palette"](matrix)
    check(coded, matrix)
    assert coded.bits == bits and coded.data.size == 64 * -(-33 * bits // 8)


def test_palettes_of_channels():
    rng = np.random.default_rng(1)
    matrix = np.stack([rng.choice(rng.choice(256, 16, replace=False) - 128, 200) for _ in range(8)]).astype(np.int8)
    coded = SCHEMES["palette"](matrix)
    check(coded, matrix)
    assert coded.coding == "channel palette" and coded.table.size == 8 * 16
    assert SCHEMES["palette"](np.arange(17, dtype=np.int8)[np.newaxis]) is None


def test_int4_of_steps():
    rng = np.random.default_rng(2)
    steps = np.array([1, 3, 9, 18])
    together = (rng.integers(-7, 8, (4, 50)) * 18).astype(np.int8)
    apart = (rng.integers(-7, 8, (4, 50)) * steps[:, np.newaxis]).astype(np.int8)
    for matrix, coding in ((together, "palette"), (apart, "channel palette")):
        coded = int4(matrix)
        check(coded, matrix)
        assert (coded.coding, coded.bits) == (coding, 4)
    together[:, :] = np.where(together // 18 % 2, 0, together)  # channels of even steps alone do not get tables of their own
    together[0, 0] = 18
    assert int4(together).coding == "palette"
    check(int4(np.array([[-128, 112, 0], [-16, 16, 32]], np.int8)), np.array([[-128, 112, 0], [-16, 16, 32]], np.int8))
    assert int4(np.array([[9, 1]], np.int8)) is None and int4(np.array([[8, 1]], np.int8)) is None
    check(int4(np.zeros((3, 5), np.int8)), np.zeros((3, 5), np.int8))


# ---- entropy codes ----


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=1, max_size=20), st.integers(5, 8))
def test_words_are_a_prefix_code_no_longer_than_allowed(counts, most):
    lengths = word_lengths(np.array(counts), most)
    assert len(lengths) == len(counts) and 1 <= min(lengths) and max(lengths) <= most
    assert sum(2.0**-n for n in lengths) <= 1


def _huffman(counts):
    """Bits of all, by merging the two least: without a limit."""
    heap, total = sorted(counts), 0
    while len(heap) > 1:
        total += heap[0] + heap[1]
        heap = sorted([heap[0] + heap[1], *heap[2:]])
    return total


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=9))
def test_words_are_huffman_s_where_the_limit_allows(counts):
    lengths = np.array(word_lengths(np.array(counts), 8))
    assert (lengths * counts).sum() == _huffman(counts)


def test_a_limit_costs_as_little_as_can_be():
    counts = np.array([1, 1, 2, 3, 5, 8, 13, 21])
    found = {most: int((np.array(word_lengths(counts, most)) * counts).sum()) for most in (3, 4, 5, 7)}
    assert found[3] == 3 * counts.sum() and found[7] == _huffman(counts.tolist()) and found[3] > found[4] > found[5] >= found[7]


@settings(max_examples=30, deadline=None)
@given(st.floats(0.4, 60), st.integers(0, 99))
def test_entropy_codes_come_near_the_entropy(sigma, seed):
    matrix = np.clip(np.round(np.random.default_rng(seed).normal(0, sigma, (16, 400))), -128, 127).astype(np.int8)
    code = best_code(histogram(matrix))
    coded = encode(matrix, code)
    check(coded, matrix)
    least = entropy_of(matrix.ravel()) * matrix.size / 8
    assert least <= coded.data.size <= 1.06 * least + 0.05 * matrix.size + len(matrix)
    claimed = code.nbytes(histogram(matrix))
    assert claimed <= coded.data.size + coded.table.nbytes <= claimed + len(matrix)


def test_a_code_s_table_says_what_its_words_begin():
    code = Code(2, [(5, 0, 1), (-8, 3, 2), (0, 0, 2)])
    assert code.words == [(0, 1), (2, 2), (3, 2)]
    assert code.table.tolist() == [5 | 1 << 8, 5 | 1 << 8, (-8 & 0xFF) | 2 << 8 | 3 << 12, 0 | 2 << 8]


def test_layers_that_are_alike_share_a_code():
    rng = np.random.default_rng(3)
    alike = [np.clip(np.round(rng.normal(0, 6, (8, 60))), -128, 127).astype(np.int8) for _ in range(3)]
    other = rng.integers(100, 104, (64, 200)).astype(np.int8)
    codes = share_codes([*alike, other])
    assert codes[0] is codes[1] is codes[2] is not codes[3]
    for matrix, code in zip([*alike, other], codes):
        check(encode(matrix, code), matrix)


def test_codes_are_the_same_every_time():
    matrix = np.random.default_rng(4).integers(-128, 128, (9, 70)).astype(np.int8)
    for scheme in SCHEMES.values():
        once, again = scheme(matrix), scheme(matrix.copy())
        assert once is again is None or once.data.tobytes() == again.data.tobytes()
