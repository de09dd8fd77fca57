"""UNIDIRECTIONAL_SEQUENCE_LSTM of int8 with an int16 cell state: Keras's LSTM, no peepholes, projection or norms."""

import math

import numpy as np

from ..fixedpoint import quantise_multiplier, sigmoid_table
from .context import CannotLower, lowers, require_int8
from .state import variable_tensor
from .svdf import require_constants, wrapped

_GATES = 4  # input, forget, cell, output
_INPUTS = 24
_GATE_SCALE = 2.0**-12  # of what goes into a gate's function, int16
_UNIT_SCALE = 2.0**-15  # of what comes out


@lowers("UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM", "int8, cell state int16", "without peepholes, projection, layer norm")
def lstm(context, op):
    if len(op.inputs) != _INPUTS:
        raise CannotLower(f"it has {len(op.inputs)} inputs, {_INPUTS} are needed; convert the model again")
    x, y = op.inputs[0], op.outputs[0]
    weights, recurrent, biases = op.inputs[1:5], op.inputs[5:9], op.inputs[12:16]
    hidden, cell = op.inputs[18:20]
    if any(t is not None for t in (*op.inputs[9:12], *op.inputs[16:18], *op.inputs[20:24])):
        raise CannotLower("peepholes, a projection or layer norm, which TFLite Micro has not; use a plain LSTM")
    if op.options.get("FusedActivationFunction") != "TANH":
        raise CannotLower("its activation is not tanh, all that TFLite Micro has; use tanh")
    if hidden is None or cell is None or cell.dtype != "int16" or len(cell.scales) != 1 or cell.scale == 0:
        raise CannotLower("its cell state is not int16 with one scale; quantise the model to full int8")
    require_int8(op, x, hidden, y)
    require_constants(*weights, *recurrent, *biases)
    if len(x.shape) != 3 or len(hidden.shape) != 2:
        raise CannotLower(f"shapes {list(x.shape)} -> {list(y.shape)} are not [batch, time, units]; convert it again")
    time_major = bool(op.options.get("TimeMajor"))
    batch, steps = (x.shape[1], x.shape[0]) if time_major else x.shape[:2]
    in_c, units = x.shape[2], hidden.shape[1]
    if (
        y.shape != (*x.shape[:2], units)
        or any(t.dtype != "int8" or t.shape != (units, in_c) for t in weights)
        or any(t.dtype != "int8" or t.shape != (units, units) for t in recurrent)
        or any(t.dtype != "int32" or t.elements != units for t in biases)
        or any(t.elements != batch * units for t in (hidden, cell))
        or max(in_c, units, steps) > 0xFFFF
    ):
        raise CannotLower(f"shapes or dtypes of inputs do not fit {list(x.shape)} -> {list(y.shape)}; convert it again")

    pairs = []
    for w, r in zip(weights, recurrent):
        pairs.append(quantise_multiplier(x.scale * w.scale / _GATE_SCALE))
        pairs.append(quantise_multiplier(hidden.scale * r.scale / _GATE_SCALE))
    pairs.append(quantise_multiplier(_UNIT_SCALE))  # forget gate * cell state
    pairs.append(quantise_multiplier(_UNIT_SCALE * _UNIT_SCALE / cell.scale))
    pairs.append(quantise_multiplier(_UNIT_SCALE * _UNIT_SCALE / hidden.scale))
    tanh_shift = 12 + _rounded_log2(cell.scale)
    if any(shift > 30 for _, shift in pairs) or not -30 <= tanh_shift <= 14:
        raise CannotLower("its scales are too far apart; convert the model again")

    clip = float(np.float32(op.options.get("CellClip", 0.0)))
    if not clip >= 0:
        raise CannotLower(f"it clips its cell state at {clip:g}; convert the model again")
    limit = int(min(clip / cell.scale, 32767.0))
    # [units, gates, in_c + units], a gate's weights side by side
    both = [np.concatenate([w.data, r.data], axis=1) for w, r in zip(weights, recurrent)]
    input_bias = [b.data.astype(np.int64).ravel() - x.zero_point * sums(w) for w, b in zip(weights, biases)]
    hidden_bias = [-hidden.zero_point * sums(r) for r in recurrent]
    params = {
        "in_c": in_c,
        "units": units,
        "steps": 1 if time_major else steps,
        "zero_point": hidden.zero_point,
        "cell_min": -limit if clip else -32768,
        "cell_max": limit if clip else 32767,
        "weights": np.stack(both, axis=1),
        "bias": wrapped(np.stack([np.stack(input_bias, axis=1), np.stack(hidden_bias, axis=1)], axis=2)),
        "sigmoid": np.array(sigmoid_table(), "<u2"),
        "multiplier": [multiplier for multiplier, _ in pairs],
        "shift": [shift for _, shift in pairs],
        "tanh_shift": tanh_shift,
    }
    states = [variable_tensor(context, op, t, batch) for t in (hidden, cell)]
    rows = batch * steps
    macs = rows * _GATES * units * (in_c + units)
    context.emit(op, "LSTM", [context.rows(x, rows), *states], context.rows(y, rows), params, macs)


def sums(weights):
    return weights.data.astype(np.int64).sum(axis=1)


def _rounded_log2(scale):
    """log2 as TFLite's CheckedLog2 rounds it: in float32, half away from zero."""
    log2 = np.float32(np.log(np.float32(scale))) * np.float32(1 / np.log(np.float32(2)))
    return int(math.copysign(math.floor(abs(float(log2)) + 0.5), log2))
