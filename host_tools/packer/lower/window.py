"""Windows over [N, H, W, C] tensors: the ti_window of a convolution or a pool."""

from .context import CannotLower


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
    stride_h, stride_w = strides(op, x, y, k_h, k_w)
    if not (1 <= dilation_h <= 256 and 1 <= dilation_w <= 256):
        raise CannotLower(f"its dilation {dilation_h} x {dilation_w} is outside 1..256; choose a smaller one")
    return {
        **sizes(x, y, k_h, k_w),
        "stride_h": stride_h,
        "stride_w": stride_w,
        "dilation_h": dilation_h,
        "dilation_w": dilation_w,
        "pad_top": padding(op, x.shape[1], y.shape[1], stride_h, k_h, dilation_h, "height"),
        "pad_left": padding(op, x.shape[2], y.shape[2], stride_w, k_w, dilation_w, "width"),
    }


def strides(op, x, y, k_h, k_w):
    """(stride_h, stride_w) of an op from NHWC tensor `x` to `y`, all of whose sizes a blob can count."""
    if len(x.shape) != 4 or len(y.shape) != 4 or x.shape[0] != y.shape[0]:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} are not [N, H, W, C]; convert the model again")
    rows = [t.shape[0] * t.shape[1] for t in (x, y)]
    if not all(1 <= v <= 0xFFFF for v in (*x.shape[1:], *y.shape[1:], k_h, k_w, *rows)):
        raise CannotLower("a size, or batch times height, is outside 1..65,535; choose a smaller one")
    stride_h, stride_w = op.options.get("StrideH", 0), op.options.get("StrideW", 0)
    if not (1 <= stride_h <= 256 and 1 <= stride_w <= 256):
        raise CannotLower(f"its stride {stride_h} x {stride_w} is outside 1..256; choose a smaller one")
    return stride_h, stride_w


def sizes(x, y, k_h, k_w):
    """The fields of ti_window that count elements."""
    return {
        "in_h": x.shape[1],
        "in_w": x.shape[2],
        "in_c": x.shape[3],
        "out_h": y.shape[1],
        "out_w": y.shape[2],
        "out_c": y.shape[3],
        "k_h": k_h,
        "k_w": k_w,
    }
