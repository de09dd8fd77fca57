"""Sums of products: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED."""

from dataclasses import replace

import numpy as np

from .context import CannotLower, lowers, require_int8, require_int16
from .general_conv import emit_general_conv, require_weights
from .pairs import pairs, scratch_bytes
from .stage import output_stage
from .window import window

DTYPES = "int8, int16"


def operands(op, rank):
    """(input, weights, bias or None, output) of a layer whose weights are constant int8, or int4, of the given rank."""
    x, w = op.inputs[0], op.inputs[1]
    bias = op.inputs[2] if len(op.inputs) > 2 else None
    y = op.outputs[0]
    (require_int16 if x.dtype == "int16" else require_int8)(op, x, y)
    require_weights(w, rank, ("int8", "int4") if x.dtype == "int8" else ("int8",))
    return x, w, bias, y


@lowers("CONV_2D", "CONV2D", DTYPES, "1x1 of stride 1 becomes FULLY_CONNECTED; groups and int16 become GENERAL_CONV")
def conv2d(context, op):
    x, w, bias, y = operands(op, 4)
    out_c, k_h, k_w, group_c = w.shape
    o = op.options
    win = window(op, x, y, k_h, k_w, o.get("DilationHFactor", 1), o.get("DilationWFactor", 1))
    groups = x.shape[3] // group_c
    if groups * group_c != x.shape[3] or out_c != y.shape[3] or out_c % groups:
        raise CannotLower(
            f"weights {list(w.shape)} do not fit {x.shape[3]} channels in and {y.shape[3]} out; convert the model again"
        )
    if x.dtype == "int8" and groups == 1:
        emit_conv(context, op, x, w, bias, y, win, w.data)
    elif x.dtype == "int8" and group_c == 1:
        emit_depthwise(context, op, x, w, bias, y, win, w.data.transpose(3, 1, 2, 0))
    else:
        emit_general_conv(context, op, x, w, bias, y, win, w.data)


def emit_conv(context, op, x, w, bias, y, win, weights):
    """A CONV2D with `weights` int8 [out_c, k_h, k_w, in_c]; `w` is the TFLite tensor that has their scales."""
    out_c, k_h, k_w, in_c = weights.shape
    patch = k_h * k_w * in_c
    matrix = weights.reshape(out_c, patch)
    stage = output_stage(op, x, w, bias, y, matrix)
    two_by_two = pairs(matrix) if win["out_w"] > 1 else {}
    macs = y.elements * patch
    src, dst = context.rows(x), context.rows(y)
    if k_h == k_w == 1 and win["stride_h"] == win["stride_w"] == 1:
        params = {"pixels": win["out_w"], "in_c": in_c, "out_c": out_c, "weights": matrix, "stage": stage, "pairs": two_by_two}
        context.emit(op, "FULLY_CONNECTED", [src], dst, params, macs, scratch_bytes=scratch_bytes(params))
        return
    params = {"window": win, "in_zero_point": x.zero_point, "weights": weights, "stage": stage, "pairs": two_by_two}
    context.emit(op, "CONV2D", [src], dst, params, macs, scratch_bytes=scratch_bytes(params))


@lowers("DEPTHWISE_CONV_2D", "DEPTHWISE_CONV2D", DTYPES, "of one input channel becomes CONV2D; int16 becomes GENERAL_CONV")
def depthwise_conv2d(context, op):
    x, w, bias, y = operands(op, 4)
    _, k_h, k_w, out_c = w.shape
    o = op.options
    win = window(op, x, y, k_h, k_w, o.get("DilationHFactor", 1), o.get("DilationWFactor", 1))
    if w.shape[0] != 1 or out_c != y.shape[3] or out_c % x.shape[3]:
        raise CannotLower(f"weights {list(w.shape)} do not fit {x.shape[3]} channels in and {y.shape[3]} out; convert again")
    by_output_channel = np.ascontiguousarray(w.data.transpose(3, 1, 2, 0))
    if x.dtype == "int16":
        emit_general_conv(context, op, x, w, bias, y, win, by_output_channel)
    elif x.shape[3] == 1:
        emit_conv(context, op, x, w, bias, y, win, by_output_channel)
    else:
        emit_depthwise(context, op, x, w, bias, y, win, w.data)


def emit_depthwise(context, op, x, w, bias, y, win, weights):
    """A DEPTHWISE_CONV2D with `weights` int8 [1, k_h, k_w, out_c]; `w` is the TFLite tensor that has their scales."""
    _, k_h, k_w, out_c = weights.shape
    stage = output_stage(op, x, w, bias, y, weights.reshape(-1, out_c).T)
    params = {"window": win, "in_zero_point": x.zero_point, "weights": weights.reshape(k_h, k_w, out_c), "stage": stage}
    context.emit(op, "DEPTHWISE_CONV2D", [context.rows(x)], context.rows(y), params, y.elements * k_h * k_w)


@lowers("FULLY_CONNECTED", "FULLY_CONNECTED", DTYPES, "int16 becomes GENERAL_CONV")
def fully_connected(context, op):
    x, w, bias, y = operands(op, 2)
    if op.options.get("WeightsFormat"):
        raise CannotLower("its weights are shuffled; convert without that optimisation")
    out_c, in_c = w.shape
    if y.shape[-1:] != (out_c,) or x.elements != y.elements // out_c * in_c:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} do not fit weights {list(w.shape)}; convert again")
    w = centred(w)
    batch = y.elements // out_c
    if x.dtype == "int16":
        one_by_one(context, op, x, w, bias, y, batch)
        return
    stage = output_stage(op, x, w, bias, y, w.data)
    params = {"pixels": 1, "in_c": in_c, "out_c": out_c, "weights": w.data, "stage": stage}
    context.emit(op, "FULLY_CONNECTED", [context.rows(x, batch)], context.rows(y, batch), params, batch * out_c * in_c)


def one_by_one(context, op, x, w, bias, y, batch):
    """FULLY_CONNECTED of `batch` vectors as a 1x1 convolution of images of one pixel."""
    out_c, in_c = w.shape
    if max(in_c, out_c) > 0xFFFF:
        raise CannotLower(f"its weights {list(w.shape)} have a size over 65,535; choose smaller ones")
    names = ("in_h", "in_w", "out_h", "out_w", "k_h", "k_w", "stride_h", "stride_w", "dilation_h", "dilation_w")
    win = {**dict.fromkeys(names, 1), "in_c": in_c, "out_c": out_c}
    emit_general_conv(context, op, x, w, bias, y, win, w.data.reshape(out_c, 1, 1, in_c), rows=batch)


def centred(w):
    """Weights whose one zero point is taken off them, where the result is int8."""
    if len(w.scales) != 1 or w.zero_point == 0:
        return w
    data = w.data.astype(np.int64) - w.zero_point
    if data.min() < -128 or data.max() > 127:
        raise CannotLower(f"its weights less their zero point {w.zero_point} are not int8; convert with symmetric int8 weights")
    return replace(w, data=data.astype(np.int8), zero_points=np.zeros(1, np.int64))
