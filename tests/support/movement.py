"""What the tests of ops that move elements share: dtypes, quantisations to go with them, inputs that tell places apart."""

import numpy as np
from hypothesis import strategies as st

from support.quantisation import scale_and_zero_point
from support.tflite_builder import Graph


def shapes(least_rank=1, most_rank=5, largest=5):
    """Strategy for a shape; sizes of 1 are as likely as all others together."""
    size = st.just(1) | st.integers(2, largest)
    return st.lists(size, min_size=least_rank, max_size=most_rank).map(tuple)


def quantisation_of(rng, dtype):
    """(scale, zero point) as a tensor of `dtype` has them."""
    scale, zero_point = scale_and_zero_point(rng)
    if dtype == np.int8:
        return scale, zero_point
    return (scale, 0) if dtype == np.int16 else (None, 0)


def inputs_for(rng, *tensors):
    """Three cases of random inputs of any dtype; the first numbers the elements, as far as the dtype goes."""
    counted = [(np.arange(np.prod(t.shape)).reshape(t.shape) % 251).astype(t.dtype) for t in tensors]
    return [counted, *([_random(rng, t) for t in tensors] for _ in range(2))]


def _random(rng, tensor):
    if tensor.dtype == bool:
        return rng.integers(0, 2, tensor.shape).astype(bool)
    limits = np.iinfo(tensor.dtype)
    return rng.integers(limits.min, limits.max, tensor.shape, tensor.dtype, endpoint=True)


def one_op(rng, op, dtype, input_shapes, output_shapes, before=(), after=(), **options):
    """(model, its input tensors) of one op; `before` and `after` are the constants of int32 around its inputs."""
    graph = Graph()
    scale, zero_point = quantisation_of(rng, dtype)
    xs = [graph.input(shape, scale, zero_point, dtype) for shape in input_shapes]
    before, after = ([graph.const(np.array(values, np.int32)) for values in constants] for constants in (before, after))
    ys = [graph.tensor(shape, scale, zero_point, dtype) for shape in output_shapes]
    graph.node(op, [*before, *xs, *after], ys, **options)
    graph.output(*ys)
    return graph.finish(), xs
