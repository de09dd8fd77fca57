"""Counted speed on x86-64: the figures that README claims hold."""

from bench.instructions import instructions
from packer import build

TINYMAIX = 402_000  # instructions of emlearn's TinyMaix for the same model, counted the same way


def test_mnist_cnn_beats_tinymaix(models):
    result = build((models / "emlearn_mnist_cnn_int8.tflite").read_bytes())
    count = instructions(result.blob)
    assert 0 < count <= 250_000 < TINYMAIX
