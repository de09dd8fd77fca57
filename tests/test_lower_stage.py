"""Output stages that the packer simplifies keep their outputs, and say `quick` only where that holds."""

from hypothesis import given
from hypothesis import strategies as st
from packer.fixedpoint import requantise
from packer.lower.stage import _is_quick, _simplified

SPANS = st.one_of(st.integers(0, 40), st.integers(0, 2**20))
BIASES = st.one_of(st.integers(-(2**16), 2**16), st.integers(-(2**31), 2**31 - 1), st.sampled_from([2**30, -(2**30)]))


@given(st.data(), SPANS, BIASES, st.integers(0, 2**31 - 1), st.integers(-31, 30), st.integers(-128, 127))
def test_a_simplified_channel_keeps_its_output(data, span, bias, multiplier, shift, zero_point):
    low = data.draw(st.integers(-128, 127))
    high = data.draw(st.integers(low, 127))

    def output(x, multiplier, shift):
        return min(max(requantise(x, multiplier, shift) + zero_point, low), high)

    simple = _simplified(span, bias, multiplier, shift, zero_point, low, high)
    if simple is None:
        return
    new_bias, *scale = simple
    assert _is_quick(span, new_bias, scale[1])
    for acc in {-span, -span // 2, -1 if span else 0, 0, span // 3, span}:
        assert output(acc + new_bias, *scale) == output(acc + bias, multiplier, shift)


def test_a_dead_channel_of_a_large_bias_becomes_quick():
    assert _simplified(0, 2**30, 2**30 + 12345, -31, 3, -128, 127) is not None
    assert _simplified(64, 2**30, 2**30, -7, 3, -128, 127) is not None  # saturated whatever the input is


def test_a_channel_whose_output_varies_stays():
    assert _simplified(10_000, 0, 2**30, -7, 3, -128, 127) is None
