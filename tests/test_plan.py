"""The planner: buffers alive together never overlap, and small plans are optimal."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from packer.plan import ALIGN, Life, lower_bound, pack
from packer.program import Buffer

LIVES = st.lists(
    st.tuples(st.integers(-1, 12), st.integers(0, 5), st.integers(1, 4000)).map(
        lambda t: Life(Buffer("b", t[2], "int8"), t[0], min(t[0] + t[1], 12), -(-t[2] // ALIGN) * ALIGN)
    ),
    min_size=1,
    max_size=14,
)


@given(LIVES)
def test_lives_that_overlap_in_time_are_apart_in_space(lives):
    offsets = pack(lives, lower_bound(lives, 12))
    for (a, at_a), (b, at_b) in itertools.combinations(zip(lives, offsets), 2):
        assert not a.overlaps(b) or at_a + a.nbytes <= at_b or at_b + b.nbytes <= at_a
    assert all(at >= 0 and at % ALIGN == 0 for at in offsets)


@given(LIVES)
def test_bound_is_the_peak_of_live_bytes(lives):
    peak = max(sum(x.nbytes for x in lives if x.first <= t <= x.last) for t in range(-1, 13))
    assert lower_bound(lives, 12) == peak
    offsets = pack(lives, peak)
    assert max(at + x.nbytes for at, x in zip(offsets, lives)) >= peak


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=12))
def test_chain_is_packed_optimally(sizes):
    """A chain of ops, each reading the buffer before it, needs its largest neighbouring pair and no more."""
    sizes = [-(-n // ALIGN) * ALIGN for n in sizes]
    lives = [Life(Buffer("b", n, "int8"), i - 1, i, n) for i, n in enumerate(sizes)]
    bound = lower_bound(lives, len(sizes))
    offsets = pack(lives, bound)
    assert max(at + n for at, n in zip(offsets, sizes)) == bound == max(a + b for a, b in zip(sizes, sizes[1:]))
