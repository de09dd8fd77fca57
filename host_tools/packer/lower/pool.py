"""MAX_POOL_2D and AVERAGE_POOL_2D."""

from .context import CannotLower, activation_range, lowers, require_int8, require_int16, same_quantisation
from .window import window


def _pool(context, op, kernel):
    x, y = op.inputs[0], op.outputs[0]
    is_int16 = x.dtype == "int16"
    (require_int16 if is_int16 else require_int8)(op, x, y)
    same_quantisation(op, x, y)
    k_h, k_w = op.options.get("FilterHeight", 0), op.options.get("FilterWidth", 0)
    win = window(op, x, y, k_h, k_w)
    if win["in_c"] != win["out_c"]:
        raise CannotLower(f"it changes {win['in_c']} channels to {win['out_c']}; convert the model again")
    low, high = activation_range(op, y)
    params = {"window": win, "min": low, "max": high}
    if is_int16:
        params["average"] = int(kernel == "AVERAGE_POOL")
        kernel = "POOL16"
    context.emit(op, kernel, [context.rows(x)], context.rows(y), params)


@lowers("MAX_POOL_2D", "MAX_POOL", "int8, int16", "int16 becomes POOL16")
def max_pool(context, op):
    _pool(context, op, "MAX_POOL")


@lowers("AVERAGE_POOL_2D", "AVERAGE_POOL", "int8, int16", "int16 becomes POOL16")
def average_pool(context, op):
    _pool(context, op, "AVERAGE_POOL")
