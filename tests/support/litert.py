"""The second oracle: LiteRT's reference kernels, for ops of which TFLite Micro has no quantised form."""

from ai_edge_litert.interpreter import Interpreter, OpResolverType


def run_many(model, cases):
    """The outputs of consecutive inferences, one a case, on one interpreter. ValueError, RuntimeError where it refuses."""
    interpreter = Interpreter(
        model_content=bytes(model), experimental_op_resolver_type=OpResolverType.BUILTIN_REF
    )
    interpreter.allocate_tensors()
    results = []
    for inputs in cases:
        for detail, array in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], array)
        interpreter.invoke()
        results.append([interpreter.get_tensor(detail["index"]).copy() for detail in interpreter.get_output_details()])
    return results
