"""float32 arithmetic on bits, for CircuitPython, is that of float32."""

from array import array

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tinyinfer._float_bits import product, quotients, rounded_quotient

FLOATS = st.integers(0, 2**32 - 1)
POSITIVE = st.integers(1, 0x7F7FFFFF)
INT8, INT32 = 256, 2**32  # what no zero point of these can bring back


def value(bits):
    return np.array(bits, np.uint32).view(np.float32)


def half_away(x, beyond):
    """As a C library's round(), within bounds; x: float32."""
    x = min(max(float(x), -beyond), beyond)
    return int(np.sign(x) * np.floor(abs(x) + 0.5))  # exact: a double has bits to spare


@settings(max_examples=2000)
@given(FLOATS, POSITIVE, st.sampled_from([INT8, INT32]))
@example(0x7F800000, 1, INT8)
@example(0xFF800000, 0x3F800000, INT32)
@example(0x80000000, 1, INT8)
@example(1, 1, INT8)
def test_quotients(x, divisor, beyond):
    with np.errstate(all="ignore"):
        real = value(x) / value(divisor)
    want = None if np.isnan(real) else half_away(real, beyond)
    assert rounded_quotient(x, divisor, beyond) == want


@settings(max_examples=2000)
@given(st.integers(-300, 300), POSITIVE, st.integers(-8, 8))
def test_quotients_near_ties(n, divisor, ulps):
    """Where one bit decides."""
    with np.errstate(all="ignore"):
        x = np.float32(np.float64(n + 0.5) * value(divisor))
        bits = max(0, min(int(abs(x).view(np.uint32)) + ulps, 0x7F7FFFFF)) | (0x80000000 if n < 0 else 0)
        want = half_away(value(bits) / value(divisor), INT32)
    assert rounded_quotient(bits, divisor, INT32) == want


@settings(max_examples=2000)
@given(st.one_of(st.integers(-511, 511), st.integers(-(2**28), 2**28)), POSITIVE)
@example(-1, 1)
@example(3, 0x00400001)
def test_products(n, factor):
    with np.errstate(all="ignore"):
        want = np.float32(np.float64(n) * np.float64(value(factor)))  # exact before it is rounded
    got = product(n, factor)
    assert got == int(want.view(np.uint32)) or n == 0 and got == 0


@pytest.mark.parametrize("values", [[0.25, -3, 1e30], array("f", [0.25, -3, 1e30]), array("d", [0.25, -3, 1e30])])
def test_kinds_of_values(values):
    assert list(quotients(values, 0x3F000000, 256)) == [1, -6, 256]
