"""Graph clean-up before lowering: constant folding of shape arithmetic, then removal of ops that nothing needs.

Converters leave SHAPE -> STRIDED_SLICE -> PACK -> RESHAPE chains behind for a batch size that is known here.
"""

import numpy as np

from .errors import PackerError


def fold(graph):
    """Replace ops on constants by their value and drop dead ops, in place, in all subgraphs; returns the graph."""
    for subgraph in graph.subgraphs:
        _fold(subgraph)
    return graph


# {op: oracle} of those that fold and do nothing else.
ONLY_FOLDED = {"SHAPE": "TFLM", "REDUCE_PROD": "LiteRT"}

# Ops that are there for what they do to variables.
_SIDE_EFFECTS = ("ASSIGN_VARIABLE", "CALL_ONCE")


def _fold(graph):
    for op in graph.ops:
        evaluate = _EVALUATE.get(op.kind)
        if evaluate is None:
            continue
        if op.kind != "SHAPE" and any(t is None or not t.is_const for t in op.inputs):
            continue
        if any(t.dtype not in ("int32", "int64", "bool") for t in op.outputs):
            continue
        out = op.outputs[0]
        try:
            value = evaluate(op, *[t.data for t in op.inputs])
            out.data = np.asarray(value).astype(out.dtype).reshape(out.shape)
        except (ValueError, IndexError, TypeError, OverflowError) as e:
            raise PackerError(f"{graph.name}: {op.where}: its constants do not fit ({e}); convert the model again") from e
    needed = {id(t) for t in graph.outputs}
    kept = []
    for op in reversed(graph.ops):
        dead = any(t.is_const for t in op.outputs) or not any(id(t) in needed for t in op.outputs)
        if dead and op.kind not in _SIDE_EFFECTS:
            continue
        kept.append(op)
        # RESHAPE's result has a static shape here, so its second input is not needed.
        inputs = op.inputs[:1] if op.kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS") else op.inputs
        needed.update(id(t) for t in inputs if t is not None)
    graph.ops = kept[::-1]


def _strided_slice(op, x, begin, end, strides):
    o = op.options
    if o.get("EllipsisMask") or o.get("NewAxisMask"):
        raise ValueError(f"{op.where}: an ellipsis or new axis in constant shape arithmetic")
    index = []
    for axis, (b, e, s) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist())):
        bit = 1 << axis
        if o.get("ShrinkAxisMask", 0) & bit:
            index.append(b)
        else:
            index.append(slice(None if o.get("BeginMask", 0) & bit else b, None if o.get("EndMask", 0) & bit else e, s))
    return x[tuple(index)]


_EVALUATE = {
    "SHAPE": lambda op, _: np.array(op.inputs[0].shape, np.int64),
    "STRIDED_SLICE": _strided_slice,
    "PACK": lambda op, *xs: np.stack(xs, axis=op.options.get("Axis", 0)),
    "CONCATENATION": lambda op, *xs: np.concatenate(xs, axis=op.options.get("Axis", 0)),
    "GATHER": lambda op, x, indices, *_: np.take(x, indices, axis=op.options.get("Axis", 0)),
    "RESHAPE": lambda op, x, *_: x,
    "SQUEEZE": lambda op, x: x,
    "EXPAND_DIMS": lambda op, x, _: x,
    "CAST": lambda op, x: x,
    "ADD": lambda op, x, y: x + y,
    "SUB": lambda op, x, y: x - y,
    "MUL": lambda op, x, y: x * y,
    "REDUCE_PROD": lambda op, x, axes: np.prod(x, axis=tuple(np.ravel(axes).tolist())),
}
