"""The geometry of convolution and pooling, as TFLite has it."""

from hypothesis import strategies as st


def output_size(size, kernel, stride, dilation, padding):
    """Output height or width of a window op."""
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == "SAME" else (size - reach) // stride + 1


@st.composite
def windows(draw, dilations=True):
    """A window as a dict: padding, and as (height, width) the input size, kernel, stride, dilation and output size."""
    padding = draw(st.sampled_from(("SAME", "VALID")))
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    dilation = draw(st.just((1, 1)) | st.tuples(st.integers(1, 3), st.integers(1, 3))) if dilations else (1, 1)
    least = [1 if padding == "SAME" else (k - 1) * d + 1 for k, d in zip(kernel, dilation)]
    size = tuple(n + draw(st.integers(0, 9)) for n in least)
    output = tuple(output_size(*args, padding) for args in zip(size, kernel, stride, dilation))
    return {"padding": padding, "size": size, "kernel": kernel, "stride": stride, "dilation": dilation,
            "output": output}
