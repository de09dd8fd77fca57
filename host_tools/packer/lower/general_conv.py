"""GENERAL_CONV and TRANSPOSE_CONV, the device's slow convolution for whatever CONV2D and its kin do not do."""

import numpy as np

from .context import CannotLower, activation_range, channel_multipliers, lowers, require_int8, require_int16
from .window import padding, sizes, strides


def emit_general_conv(context, op, x, w, bias, y, win, weights, up=(1, 1), kernel="GENERAL_CONV", rows=None):
    """A convolution of `x` to `y`, int8 or int16, with `weights` int8 [out_c, k_h, k_w, group_c].

    `w`: the TFLite tensor that has the weights' scales; `up`: how far the input is spread out (height, width); `rows`: those
    of `x` and `y`, by default their natural ones.
    """
    out_c, k_h, k_w, group_c = weights.shape
    params = {
        "window": win,
        "up_h": up[0],
        "up_w": up[1],
        "group_c": group_c,
        "in_zero_point": x.zero_point,
        "weights": weights,
        **_stage(op, x, w, bias, y, out_c),
    }
    macs = y.elements * k_h * k_w * group_c // (up[0] * up[1])
    context.emit(op, kernel, [context.rows(x, rows)], context.rows(y, rows), params, macs)


def _stage(op, x, w, bias, y, channels):
    """{wide, stage}: sums of int16 are 64 bits wide unless the bias is int32, as in TFLite Micro."""
    allowed = {"int8": ("int32",), "int16": _BIAS_OF_INT16.get(op.kind, ("int64",))}[x.dtype]
    if bias is not None and (bias.dtype not in allowed or not bias.is_const or bias.elements != channels):
        raise CannotLower(f"its bias must be {channels} constant {' or '.join(allowed)}; convert the model again")
    wide = x.dtype == "int16" and (bias is None or bias.dtype != "int32")
    pairs = channel_multipliers(x, w, y, channels)
    if any(shift > (14 if wide else 30) for _, shift in pairs):
        raise CannotLower("its output scale is far too small for its input; convert the model again")
    low, high = activation_range(op, y)
    values = np.zeros(channels, np.int64) if bias is None else bias.data.ravel()
    return {
        "wide": int(wide),
        "stage": {
            "bias": values.astype("<i8" if wide else "<i4"),
            "multiplier": np.array([in_15_bits(m) if wide else m for m, _ in pairs], "<i4"),
            "shift": np.array([s for _, s in pairs], np.int8),
            "zero_point": y.zero_point,
            "min": low,
            "max": high,
            "per_channel": int(len(pairs) > 1),
        },
    }


# TFLite Micro takes any bias for int64 where an op is not named here, and reads an int32 one wrongly.
_BIAS_OF_INT16 = {
    "CONV_2D": ("int64", "int32"),
    "FULLY_CONNECTED": ("int64", "int32"),
    "TRANSPOSE_CONV": ("int64", "int16"),
}


def in_15_bits(multiplier):
    """A 31-bit multiplier as TFLite's MultiplyByQuantizedMultiplier takes it for 64-bit sums."""
    return min((multiplier + (1 << 15)) >> 16, 0x7FFF)


@lowers("TRANSPOSE_CONV", "TRANSPOSE_CONV", "int8, int16")
def transpose_conv(context, op):
    """Each input element adds its multiple of the weights to the output; seen from the output that is a convolution, with the
    weights turned round, of the input spread out by the stride."""
    w, x, y = op.inputs[1], op.inputs[2], op.outputs[0]
    bias = op.inputs[3] if len(op.inputs) > 3 else None
    (require_int16 if x.dtype == "int16" else require_int8)(op, x, y)
    require_weights(w, 4)
    out_c, k_h, k_w, in_c = w.shape
    stride_h, stride_w = strides(op, x, y, k_h, k_w)
    if in_c != x.shape[3] or out_c != y.shape[3]:
        raise CannotLower(
            f"weights {list(w.shape)} do not fit {x.shape[3]} channels in and {y.shape[3]} out; convert the model again"
        )
    # TFLite pads as the convolution that this op is the transpose of: from the output's size to the input's.
    pad_top = padding(op, y.shape[1], x.shape[1], stride_h, k_h, 1, "height")
    pad_left = padding(op, y.shape[2], x.shape[2], stride_w, k_w, 1, "width")
    win = {
        **sizes(x, y, k_h, k_w),
        "stride_h": 1,
        "stride_w": 1,
        "dilation_h": 1,
        "dilation_w": 1,
        "pad_top": k_h - 1 - pad_top,
        "pad_left": k_w - 1 - pad_left,
    }
    weights = np.ascontiguousarray(w.data[:, ::-1, ::-1, :])
    emit_general_conv(context, op, x, w, bias, y, win, weights, (stride_h, stride_w), "TRANSPOSE_CONV")


def require_weights(w, rank, dtypes=("int8",)):
    """CannotLower unless `w` is constant, of one of these dtypes and of the given rank."""
    if w.dtype == "int4" and "int4" not in dtypes:
        raise CannotLower(
            "its weights are int4, which only CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int8 have, as in TFLite Micro; "
            "convert with int8 weights here"
        )
    if w.dtype not in dtypes or not w.is_const or len(w.shape) != rank:
        raise CannotLower(f"its weights must be a constant int8 tensor of rank {rank}; convert with full int8 quantisation")
