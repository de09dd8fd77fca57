"""The output stage of a sum of products: int32 accumulators to int8 (SPEC.md, "Fixed-point arithmetic")."""

import numpy as np

from ..fixedpoint import requantise
from .context import CannotLower, activation_range, channel_multipliers

_QUICK_BELOW = 2**27  # magnitudes that ti_output_stage.quick allows
_QUICK_SHIFTS = range(-23, 0)  # a zero point times 2^23 is an int32, as cores with a multiply-add want it
_CONSTANT_MULTIPLIER = 2**30


def output_stage(op, x, weights, bias, output, matrix):
    """ti_output_stage of a sum of products.

    `weights`: the TFLite weight tensor. `matrix`: int8 [channels, taps], what each output channel's inputs are multiplied by.
    """
    channels = len(matrix)
    if bias is not None and (bias.dtype != "int32" or not bias.is_const or bias.elements != channels):
        raise CannotLower(f"its bias must be {channels} constant int32; convert to full int8")
    pairs = channel_multipliers(x, weights, output, channels)
    if any(shift > 30 for _, shift in pairs):
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    folded = np.zeros(channels, np.int64) if bias is None else bias.data.astype(np.int64).ravel()
    folded = [int(b) for b in folded - x.zero_point * matrix.sum(axis=1, dtype=np.int64)]
    # int8 inputs are -128..127: no sum leaves -span..span
    spans = [int(s) for s in 128 * np.abs(matrix.astype(np.int64)).sum(axis=1)]
    low, high = activation_range(op, output)
    if len(pairs) > 1:
        for c in range(channels):
            if not _is_quick(spans[c], folded[c], pairs[c][1]):
                simple = _simplified(spans[c], folded[c], *pairs[c], output.zero_point, low, high)
                if simple:
                    folded[c], *pairs[c] = simple
    quick = all(_is_quick(span, b, shift) for span, b, (_, shift) in zip(spans, folded, pairs * (channels // len(pairs))))
    return {
        "bias": np.array([b & 0xFFFFFFFF for b in folded], "<u4").view("<i4"),
        "multiplier": np.array([m for m, _ in pairs], "<i4"),
        "shift": np.array([s for _, s in pairs], np.int8),
        "zero_point": output.zero_point,
        "min": low,
        "max": high,
        "per_channel": int(len(pairs) > 1),
        "quick": int(quick),
    }


def _is_quick(span, bias, shift):
    return span + abs(bias) < _QUICK_BELOW and shift in _QUICK_SHIFTS


def _simplified(span, bias, multiplier, shift, zero_point, low, high):
    """(bias, multiplier, shift), all of them quick, of a channel that gives the same output whatever its input is, as
    those that training left without weights do; None for any other."""
    ends = [bias - span, bias + span]
    if max(map(abs, ends)) << max(shift, 0) >= 2**31:
        return None
    outputs = {min(max(requantise(x, multiplier, shift) + zero_point, low), high) for x in ends}
    if len(outputs) > 1:
        return None  # a requantised sum grows with it, so equal ends mean equal outputs between them
    n = max(2, (4 * span).bit_length())  # makes of span a quarter of an output step at most
    bias = (outputs.pop() - zero_point) << (n + 1)
    return (bias, _CONSTANT_MULTIPLIER, -n) if _is_quick(span, bias, -n) else None
