"""The plain C that TI_PORTABLE builds, and the inner loops of this machine's own form, make the same bytes."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import packer.core
import pytest
from bench.count import input_of
from bench.machines import CORE_DIR, HOST, core_objects, make
from packer import build
from packer.core import CoreModel
from support import products

TESTS = Path(__file__).parent
# Those that have forms, and their neighbours.
OPS = ("conv2d", "fully_connected", "grouped_conv", "padding", "transpose_conv")


@pytest.fixture(scope="module")
def portable():
    """The shared library of the core, built with TI_PORTABLE."""
    machine = replace(HOST, name=f"{HOST.name}-portable", compiler=(*HOST.compiler, "-fPIC", "-DTI_PORTABLE"))
    parts = core_objects(machine, "-O2", CORE_DIR)
    return make(parts[0].parent / "core.so", parts, [*machine.compiler, "-shared", *parts])


def outputs(blob):
    core = CoreModel(blob)
    return np.concatenate([output.ravel() for output in core.run(input_of(core))])


BLOBS = [(seed, "none", {}) for seed in range(16)]
BLOBS += [(16, coding, {"ops": products.CODED_OPS, "weights": weights}) for coding, weights in products.CODED.items()]


@pytest.mark.parametrize(("seed", "coding", "kinds"), BLOBS, ids=[f"{seed} {coding}" for seed, coding, _ in BLOBS])
def test_same_bytes_on_random_layers(seed, coding, kinds, portable, monkeypatch):
    blob = build(products.model(seed, **kinds), coding=coding).blob
    expected = outputs(blob)
    monkeypatch.setenv("TINYINFER_CORE", str(portable))
    monkeypatch.setattr(packer.core, "_library", None)
    assert Path(packer.core.library()._name) == portable
    np.testing.assert_array_equal(outputs(blob), expected)
    assert len(np.unique(expected)) > 8


def test_portable_core_gives_the_oracles_bytes(portable):
    files = [TESTS / f"test_ops_{name}.py" for name in OPS]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=TESTS.parent, env={**os.environ, "TINYINFER_CORE": str(portable)},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
