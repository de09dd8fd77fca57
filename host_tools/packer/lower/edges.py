"""DEQUANTIZE at the model's output: the device library converts, no kernel does."""

from .context import CannotLower, folded_at_output, lowers


@lowers("DEQUANTIZE", "(none)", "int8, int16 -> float32", "at the model's outputs")
def dequantize(context, op):
    y = op.outputs[0]
    if not folded_at_output(op) or y not in context.graph.outputs or context.consumers.get(id(y)):
        raise CannotLower("float arithmetic inside the model; convert with full integer quantisation")
