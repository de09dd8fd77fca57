"""Scales, zero points, weights and inputs for generated models: realistic ones, and ones at the edge of int8.

Hypothesis draws the structure of a case and one seed; the numbers below come from a numpy generator of that seed, which
is quick and lets hypothesis shrink the structure alone.
"""

import numpy as np
from hypothesis import strategies as st

ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")

# TFLite refuses an activation bound that overflows 32 bits once quantised: 6 / scale must stay below 2^31.
SCALE_OF_RELU6_MIN = 1e-8


def generators():
    """Strategy for a numpy generator, from a drawn seed."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def log_uniform(rng, low, high):
    """A float32 between 2**low and 2**high, uniform in the exponent; one in four is a power of two."""
    exponent = rng.uniform(low, high)
    return np.float32(2.0 ** (exponent if rng.integers(4) else np.rint(exponent)))


def scale_and_zero_point(rng, extreme=False):
    """(scale, zero point) of an int8 activation."""
    if extreme:
        return log_uniform(rng, -20, 10), int(rng.choice([-128, -127, -1, 0, 1, 126, 127]))
    return log_uniform(rng, -9, -2), int(rng.integers(-128, 128))


def scale_near(rng, scale, spread):
    """A scale up to `spread` powers of two from another; where that is 0, a simple multiple: results lie halfway."""
    if spread == 0:
        return np.float32(scale * rng.choice([0.25, 0.5, 1.0, 2.0, 4.0]))
    return scale * log_uniform(rng, -spread, spread)


def int8_like(rng, shape):
    """Random int8 values, each of the 256 as likely."""
    return rng.integers(-128, 128, shape, dtype=np.int8)


def weights_like(rng, shape, extreme=False):
    """int8 weights: random; at the extreme all -128, all 127, or only those two."""
    if extreme:
        return rng.choice(np.array([[-128, -128], [127, 127], [-128, 127]], np.int8)[rng.integers(3)], shape)
    return np.maximum(int8_like(rng, shape), -127)


def weight_scales(rng, channels, per_channel):
    """One float32 scale, or one a channel, spread over a factor of 64."""
    base = log_uniform(rng, -12, -4)
    return base * np.exp2(rng.uniform(-3, 3, channels)).astype(np.float32) if per_channel else np.atleast_1d(base)


def bias_like(rng, channels, terms, extreme=False):
    """int32 biases of the size of the accumulator of `terms` products, or of any size up to full 32 bits."""
    if extreme:
        return rng.integers(-2**31, 2**31, channels).astype(np.int32)
    return np.rint(rng.normal(0, 5000 * np.sqrt(terms), channels)).astype(np.int32)


# What an output scale makes of the real multiplier in_scale * weight_scale / out_scale.
GAINS = ("fitting", "fitting", "fitting", "tiny", "above one", "huge")


def output_scale(rng, product_scale, terms, gain, activation):
    """The scale of a layer's output, for accumulators of `terms` products with scale `product_scale`."""
    exponent = {
        "fitting": -6.2 - 0.5 * np.log2(terms) + rng.uniform(-2, 2),
        "tiny": rng.uniform(-34, -18),
        "above one": rng.uniform(0, 7),
        "huge": rng.uniform(7, 29),
    }[gain]
    scale = np.float32(float(product_scale) / 2.0 ** exponent)
    return max(scale, np.float32(SCALE_OF_RELU6_MIN)) if activation in ("RELU6", "RELU_N1_TO_1") else scale


def input_cases(rng, *tensors):
    """Inputs to try: two random ones, all least, greatest, zero point; with two tensors least against greatest."""
    limits = [(np.iinfo(t.dtype).min, np.iinfo(t.dtype).max) for t in tensors]

    def filled(values):
        return [np.full(t.shape, v, t.dtype) for t, v in zip(tensors, values)]

    def random():
        return [rng.integers(low, high + 1, t.shape).astype(t.dtype) for t, (low, high) in zip(tensors, limits)]

    cases = [random(), random(), filled(low for low, _ in limits), filled(high for _, high in limits),
             filled(t.zero_point for t in tensors)]
    if len(tensors) == 2:
        (low1, high1), (low2, high2) = limits
        cases += [filled((low1, high2)), filled((high1, low2))]
    return cases
