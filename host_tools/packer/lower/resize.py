"""RESIZE_BILINEAR."""

from .context import CannotLower, lowers, require_int8, same_quantisation


@lowers("RESIZE_BILINEAR", "RESIZE_BILINEAR")
def resize_bilinear(context, op):
    x, size, y = op.inputs[0], op.inputs[1], op.outputs[0]
    require_int8(op, x, y)
    same_quantisation(op, x, y)
    if len(x.shape) != 4 or len(y.shape) != 4 or (x.shape[0], x.shape[3]) != (y.shape[0], y.shape[3]):
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} are not [N, H, W, C] of one N and C; convert again")
    if not size.is_const or size.data.ravel().tolist() != list(y.shape[1:3]):
        raise CannotLower(f"its size is not the constant {list(y.shape[1:3])}; make the size constant and convert again")
    if max(*x.shape[1:3], *y.shape[1:3], x.shape[0] * x.shape[1], y.shape[0] * y.shape[1]) > 0xFFFF:
        raise CannotLower("a height or width, or batch times height, is over 65,535; choose a smaller one")
    align, half = bool(op.options.get("AlignCorners")), bool(op.options.get("HalfPixelCenters"))
    if align and half:
        raise CannotLower("it has both align_corners and half_pixel_centers; choose one")
    scale_h, offset_h = _positions(x.shape[1], y.shape[1], align, half, "high")
    scale_w, offset_w = _positions(x.shape[2], y.shape[2], align, half, "wide")
    params = {
        "in_h": x.shape[1], "out_h": y.shape[1], "in_w": x.shape[2], "out_w": y.shape[2], "depth": x.shape[3],
        "scale_h": scale_h, "offset_h": offset_h, "scale_w": scale_w, "offset_w": offset_w,
    }  # fmt: skip
    src, dst = context.rows(x, x.shape[0] * x.shape[1]), context.rows(y, y.shape[0] * y.shape[1])
    context.emit(op, "RESIZE_BILINEAR", [src], dst, params)


def _positions(size, out, align, half, extent):
    """(scale, offset) in 1/1024 along one axis; TFLite's ResizeBilinearInteger."""
    last, out_last = (size - 1, out - 1) if align and out > 1 else (size, out)
    scale = (1024 * last + out_last // 2) // out_last
    offset = scale // 2 - 512 if half else 0
    if (out - 1) * scale + offset >= 1024 * size:
        # The rounded scale overshoots: TFLite reads behind the image there.
        raise CannotLower(f"{out} elements {extent} from {size} are more than TFLite resizes soundly; resize in two steps")
    return scale, offset
