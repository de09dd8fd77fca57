"""The pure-Python engine against the C core: the same verdict on every damaged blob, the same bytes on every model."""

import random

import numpy as np
import packer
import pytest
from packer.core import BlobFault, CoreModel
from packer.core import check as core_check
from support import blobs
from tinyinfer import _pure

SMALL = blobs.every_kernel()
OK = (0, 0, 0, 0, 0)


def core_verdict(blob):
    try:
        core_check(blob)
    except BlobFault as error:
        return error.fault
    return OK


def pure_verdict(blob):
    try:
        _pure.check(blob)
    except ValueError as error:
        return error.args
    return OK


def outputs(blob, seed=1):
    """What both engines make of random inputs: (pure, core), the bytes of the outputs one after the other."""
    core = CoreModel(blob)
    pool = bytearray(_pure.check(blob))
    engine = _pure.Engine(blob, pool)
    rng = np.random.default_rng(seed)
    inputs = []
    for io in core.inputs:
        t = core.tensors[io["tensor"]]
        inputs.append(rng.integers(-128, 128, t["rows"] * t["row_bytes"], np.int8))
        pool[t["offset"] : t["offset"] + inputs[-1].size] = inputs[-1].tobytes()
    expected = b"".join(array.tobytes() for array in core.run(inputs))
    engine.run()
    found = b""
    for io in core.outputs:
        t = core.tensors[io["tensor"]]
        found += pool[t["offset"] : t["offset"] + t["rows"] * t["row_bytes"]]
    return found, expected


def test_every_truncation():
    for size in range(len(SMALL)):
        cut = SMALL[:size]
        assert pure_verdict(cut) == core_verdict(cut) != OK, size
        if size >= 72:
            cut = blobs.patched(cut[: size & ~3], 8, "I", size & ~3)
            assert pure_verdict(cut) == core_verdict(cut), size


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_every_byte_flipped(mask):
    accepted = 0
    for at in range(len(SMALL) - 4):
        flipped = blobs.patched(SMALL, at, "B", SMALL[at] ^ mask)
        verdict = core_verdict(flipped)
        assert pure_verdict(flipped) == verdict, at
        accepted += verdict == OK
    assert 0 < accepted < len(SMALL)


def test_random_damage():
    rng = random.Random(1)
    for _ in range(3000):
        damaged = SMALL
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(12, len(SMALL) - 8)
            damaged = blobs.patched(damaged, at, "B", rng.choice([0, 1, 2, 4, 0x7F, 0x80, 0xFF, rng.randrange(256)]))
        assert pure_verdict(damaged) == core_verdict(damaged)


def test_parameters_and_data_flipped_still_give_the_same_bytes():
    """Whatever passes the proof runs, and runs the same: parameters and data lie between the header and the tensors."""
    end = int.from_bytes(SMALL[28:32], "little")
    ran = 0
    for at in range(64, end):
        flipped = blobs.patched(SMALL, at, "B", SMALL[at] ^ 0xFF)
        if pure_verdict(flipped) == OK:
            found, expected = outputs(flipped)
            assert found == expected, at
            ran += 1
    assert ran > 100


@pytest.mark.parametrize("seed", range(20))
def test_hand_made_models(seed):
    found, expected = outputs(blobs.every_kernel(seed), seed)
    assert found == expected


@pytest.mark.parametrize("seed", range(60))
def test_convolutions_whose_windows_miss_the_input(seed):
    """Padding may be wider than the kernel, and windows may lie wholly past the end: all of it counts as zero point."""
    rng = random.Random(seed)
    kernel = rng.choice([blobs.CONV2D, blobs.DEPTHWISE_CONV2D])
    images, in_c, multiplier = rng.randint(1, 2), rng.randint(1, 12), rng.randint(1, 2)
    k, dilation = (rng.randint(1, 3), rng.randint(1, 3)), (rng.randint(1, 3), rng.randint(1, 3))
    stride, pad = (rng.randint(1, 3), rng.randint(1, 2)), (rng.randint(0, 4), rng.randint(0, 4))
    in_h, in_w, out_h, out_w = rng.randint(1, 5), rng.randint(1, 5), rng.randint(1, 6), rng.randint(1, 6)
    window = blobs.Window(in_h, in_w, in_c, in_c * multiplier, k, stride, dilation, pad, (out_h, out_w))
    taps = k[0] * k[1] * in_c * multiplier * (in_c if kernel == blobs.CONV2D else 1)
    b = blobs.Builder()
    x = b.tensor(images * window.in_h, window.in_w * in_c)
    b.input(x, [images * window.in_h, window.in_w * in_c])
    stage = blobs.Stage(rng, window.out_c, fan_in=k[0] * k[1] * in_c)
    y = b.conv(kernel, x, images, window, rng.randint(-128, 127), blobs.int8s(rng, taps), stage)
    b.output(y, [images * window.out_h, window.out_w * window.out_c])
    found, expected = outputs(b.build(), seed)
    assert found == expected


MODELS = [
    "hello_world_int8", "micro_speech_int8", "magic_wand_int8", "emlearn_mnist_cnn_int8", "mlperf_ad_int8",
    "mlperf_kws_int8", "mlperf_sww_int8",
]  # fmt: skip
LARGE = ["person_detect_int8", "mlperf_vww_int8", "mlperf_ic_resnet8_int8"]


@pytest.mark.parametrize("name", MODELS + [pytest.param(name, marks=pytest.mark.slow) for name in LARGE])
def test_real_models(models, name):
    blob = packer.build((models / f"{name}.tflite").read_bytes()).blob
    assert pure_verdict(blob) == OK
    found, expected = outputs(blob)
    assert found == expected
    assert _pure.Engine(blob, bytearray(_pure.check(blob))).selftest() == -1
