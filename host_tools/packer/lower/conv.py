"""Sums of products: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED."""

import numpy as np

from .context import CannotLower, lowers, output_stage, require_int8


def padding(op, size, out, stride, kernel, dilation, axis):
    """Elements of padding before the input along one axis, once the output size agrees with TFLite's rule."""
    extent = (kernel - 1) * dilation + 1
    kind = op.options.get("Padding")
    expected = -(-size // stride) if kind == "SAME" else -(-(size - extent + 1) // stride)
    if kind not in ("SAME", "VALID") or expected != out:
        raise CannotLower(f"its output {axis} is {out} where padding {kind} gives {expected}; convert the model again")
    return max(0, (out - 1) * stride + extent - size) // 2 if kind == "SAME" else 0


def window(op, x, y, k_h, k_w, dilation_h=1, dilation_w=1):
    """ti_window of an op from NHWC tensor `x` to `y`."""
    if len(x.shape) != 4 or len(y.shape) != 4 or x.shape[0] != y.shape[0]:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} are not [N, H, W, C]; convert the model again")
    o = op.options
    stride_h, stride_w = o.get("StrideH", 0), o.get("StrideW", 0)
    sizes = [*x.shape[1:], *y.shape[1:], k_h, k_w]
    if not all(1 <= v <= 0xFFFF for v in sizes) or not all(
        1 <= v <= 256 for v in (stride_h, stride_w, dilation_h, dilation_w)
    ):
        raise CannotLower("a size over 65,535, or a stride or dilation outside 1..256; choose smaller ones")
    return {
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "in_c": x.shape[3],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "out_c": y.shape[3],
        "k_h": k_h,
        "k_w": k_w,
        "stride_h": stride_h,
        "stride_w": stride_w,
        "dilation_h": dilation_h,
        "dilation_w": dilation_w,
        "pad_top": padding(op, x.shape[1], y.shape[1], stride_h, k_h, dilation_h, "height"),
        "pad_left": padding(op, x.shape[2], y.shape[2], stride_w, k_w, dilation_w, "width"),
    }


def operands(op, rank):
    """(input, weights, bias or None, output) of a layer whose weights are constant int8 of the given rank."""
    x, w = op.inputs[0], op.inputs[1]
    bias = op.inputs[2] if len(op.inputs) > 2 else None
    y = op.outputs[0]
    require_int8(op, x, y)
    if w.dtype != "int8" or not w.is_const or len(w.shape) != rank:
        raise CannotLower(f"its weights must be a constant int8 tensor of rank {rank}; convert with full int8 quantisation")
    return x, w, bias, y


@lowers("CONV_2D", "CONV2D", note="1x1 of stride 1 becomes FULLY_CONNECTED")
def conv2d(context, op):
    x, w, bias, y = operands(op, 4)
    out_c, k_h, k_w, in_c = w.shape
    o = op.options
    win = window(op, x, y, k_h, k_w, o.get("DilationHFactor", 1), o.get("DilationWFactor", 1))
    if in_c != x.shape[3] or out_c != y.shape[3]:
        raise CannotLower(f"weights {list(w.shape)} for {x.shape[3]} channels in: grouped convolution is not supported")
    emit_conv(context, op, x, w, bias, y, win, w.data)


def emit_conv(context, op, x, w, bias, y, win, weights):
    """A CONV2D with `weights` int8 [out_c, k_h, k_w, in_c]; `w` is the TFLite tensor that has their scales."""
    out_c, k_h, k_w, in_c = weights.shape
    stage = output_stage(op, x, w, bias, y, weights.astype(np.int64).sum(axis=(1, 2, 3)), out_c)
    patch = k_h * k_w * in_c
    macs = y.elements * patch
    src, dst = context.rows(x), context.rows(y)
    if k_h == k_w == 1 and win["stride_h"] == win["stride_w"] == 1:
        params = {"pixels": win["out_w"], "in_c": in_c, "out_c": out_c, "weights": weights.reshape(out_c, in_c), "stage": stage}
        context.emit(op, "FULLY_CONNECTED", [src], dst, params, macs)
        return
    params = {"window": win, "in_zero_point": x.zero_point, "weights": weights, "stage": stage}
    context.emit(op, "CONV2D", [src], dst, params, macs, scratch_bytes=patch)


@lowers("DEPTHWISE_CONV_2D", "DEPTHWISE_CONV2D", note="of one input channel becomes CONV2D")
def depthwise_conv2d(context, op):
    x, w, bias, y = operands(op, 4)
    _, k_h, k_w, out_c = w.shape
    o = op.options
    win = window(op, x, y, k_h, k_w, o.get("DilationHFactor", 1), o.get("DilationWFactor", 1))
    if w.shape[0] != 1 or out_c != y.shape[3] or out_c % x.shape[3]:
        raise CannotLower(f"weights {list(w.shape)} do not fit {x.shape[3]} channels in and {y.shape[3]} out; convert again")
    if x.shape[3] == 1:
        emit_conv(context, op, x, w, bias, y, win, np.ascontiguousarray(w.data.transpose(3, 1, 2, 0)))
        return
    stage = output_stage(op, x, w, bias, y, w.data.astype(np.int64).sum(axis=(0, 1, 2)), out_c)
    params = {"window": win, "in_zero_point": x.zero_point, "weights": w.data.reshape(k_h, k_w, out_c), "stage": stage}
    context.emit(op, "DEPTHWISE_CONV2D", [context.rows(x)], context.rows(y), params, y.elements * k_h * k_w)


@lowers("FULLY_CONNECTED", "FULLY_CONNECTED")
def fully_connected(context, op):
    x, w, bias, y = operands(op, 2)
    if op.options.get("WeightsFormat"):
        raise CannotLower("its weights are shuffled; convert without that optimisation")
    out_c, in_c = w.shape
    if y.shape[-1:] != (out_c,) or x.elements != y.elements // out_c * in_c:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} do not fit weights {list(w.shape)}; convert again")
    sums = w.data.astype(np.int64).sum(axis=1)
    stage = output_stage(op, x, w, bias, y, sums, out_c)
    batch = y.elements // out_c
    params = {"pixels": 1, "in_c": in_c, "out_c": out_c, "weights": w.data, "stage": stage}
    context.emit(op, "FULLY_CONNECTED", [context.rows(x, batch)], context.rows(y, batch), params, batch * out_c * in_c)
