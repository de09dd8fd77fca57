"""SVDF: a filter over the input, whose latest results are remembered, and one over time."""

import numpy as np

from ..fixedpoint import quantise_multiplier
from .context import CannotLower, lowers, require_int8
from .state import variable_tensor


@lowers("SVDF", "SVDF", "int8, state int8 or int16", "any fused activation is passed over, as in TFLite Micro")
def svdf(context, op):
    if len(op.inputs) != 5 or None in op.inputs:
        raise CannotLower("it must have five inputs, a bias among them; convert the model again")
    (x, weights, time_weights, bias, state), y = op.inputs, op.outputs[0]
    rank = op.options.get("Rank", 0)
    require_int8(op, x, y)
    require_constants(weights, time_weights, bias)
    if not (state.dtype in ("int8", "int16") and len(state.scales) == 1 and _holds(state, state.zero_point)):
        raise CannotLower("its state is not int8 or int16 with one scale and zero point; convert the model again")
    if weights.dtype != "int8" or bias.dtype != "int32" or not time_weights.dtype == state.dtype in ("int8", "int16"):
        raise CannotLower("its weights are not int8, or over time of the state's dtype; quantise it to full int8")
    shapes = [t.shape for t in (x, weights, time_weights, y)]
    if any(len(s) != 2 for s in shapes) or rank < 1:
        raise CannotLower(f"its shapes {[list(s) for s in shapes]} are not all of rank 2; convert the model again")
    (batch, in_c), (filters, _), (_, memory), (_, units) = shapes
    if (
        shapes[1:] != [(units * rank, in_c), (units * rank, memory), (batch, units)]
        or bias.elements != units
        or state.elements != batch * filters * memory
    ):
        raise CannotLower(f"its shapes {[list(t.shape) for t in (*op.inputs, y)]} do not fit each other; convert again")
    if max(in_c, units, rank, memory, batch) > 0xFFFF:
        raise CannotLower("one of its sizes is over 65,535; make the layer smaller")

    # TFLite Micro multiplies these scales in float32.
    scales = [np.float32(t.scale) for t in (x, weights, time_weights, state, y)]
    x_scale, weights_scale, time_scale, state_scale, y_scale = scales
    pairs = [
        quantise_multiplier(float(x_scale * weights_scale / state_scale)),
        quantise_multiplier(float(state_scale * time_scale / y_scale)),
    ]
    if any(shift > 30 for _, shift in pairs):
        raise CannotLower("its scales are too far apart; convert the model again")
    time_sums = time_weights.data.astype(np.int64).reshape(units, rank * memory).sum(axis=1)
    params = {
        "in_c": in_c,
        "units": units,
        "rank": rank,
        "memory": memory,
        "weights": weights.data,
        "time_weights": time_weights.data.astype("<i2") if time_weights.dtype == "int16" else time_weights.data,
        "filter_bias": wrapped(-x.zero_point * weights.data.astype(np.int64).sum(axis=1)),
        "bias": wrapped(bias.data.astype(np.int64).ravel() - state.zero_point * time_sums),
        "multiplier": [multiplier for multiplier, _ in pairs],
        "state_zero_point": state.zero_point,
        "zero_point": y.zero_point,
        "shift": [shift for _, shift in pairs],
    }
    inputs = [context.rows(x, batch), variable_tensor(context, op, state, batch)]
    macs = batch * filters * (in_c + memory)
    context.emit(op, "SVDF", inputs, context.rows(y, batch), params, macs)


def _holds(tensor, value):
    """Is `value` one of the tensor's dtype?"""
    return np.iinfo(tensor.dtype).min <= value <= np.iinfo(tensor.dtype).max


def require_constants(*tensors):
    """CannotLower unless each tensor is a constant, with one scale and the zero point 0 unless it is an int32 bias."""
    for t in tensors:
        if t is None or not t.is_const or t.dtype != "int32" and (len(t.scales) != 1 or t.zero_point != 0):
            raise CannotLower("its weights must be constants with one scale and zero point 0; convert the model again")


def wrapped(values):
    """int64 values as int32 modulo 2^32."""
    return (values & 0xFFFFFFFF).astype(np.uint32).astype("<u4").view("<i4")
