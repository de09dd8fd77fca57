"""The pure-Python engine on MicroPython's unix port, with no native module on the path: same bytes and verdicts."""

import json
import subprocess

import numpy as np
import packer
import pytest
from conftest import ROOT
from packer.core import CoreModel
from support import blobs
from test_pure_core import core_verdict

RUN = """
import json, sys
sys.path.insert(0, LIB)
import tinyinfer
assert tinyinfer.backend == "pure Python", tinyinfer.backend
m = tinyinfer.load(BLOB)
if SELFTEST:
    m.selftest()
m._engine.fill(9)
inputs = [list(bytes(t.data)) for t in m.inputs]
m.run()
print(json.dumps([inputs, [list(bytes(t.data)) for t in m.outputs]]))
"""

VERDICTS = """
import json, struct, sys
sys.path.insert(0, LIB)
from tinyinfer import _pure
from tinyinfer._pure_proof import checksum
good = open(BLOB, "rb").read()
verdicts = []
for at in range(0, len(good) - 4, 3):
    blob = bytearray(good)
    blob[at] ^= 0x81
    struct.pack_into("<I", blob, len(blob) - 4, checksum(0, memoryview(blob)[:-4]))
    try:
        _pure.check(blob)
        verdicts.append([0] * 5)
    except ValueError as e:
        verdicts.append(e.args)
print(json.dumps(verdicts))
"""


@pytest.fixture
def micropython(unix_micropython, tmp_path):
    """Runs a script that finds the package in LIB and a blob in BLOB; gives what it printed, read as JSON."""

    def run(script, blob, selftest=False):
        path = tmp_path / "model.tin"
        path.write_bytes(blob)
        script = f"LIB, BLOB, SELFTEST = {str(ROOT / 'device_lib')!r}, {str(path)!r}, {selftest}\n{script}"
        done = subprocess.run(
            [unix_micropython, "-X", "heapsize=4m", "-c", script], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    return run


def assert_the_cores_bytes(blob, inputs, outputs):
    arrays = [np.array(values, np.uint8).view(np.int8) for values in inputs]
    expected = CoreModel(blob).run(arrays)
    assert [bytes(values) for values in outputs] == [array.tobytes() for array in expected]


@pytest.mark.parametrize("seed", range(3))
def test_hand_made_models(micropython, seed):
    blob = blobs.every_kernel(seed)
    assert_the_cores_bytes(blob, *micropython(RUN, blob))


@pytest.mark.parametrize("name", ["hello_world_int8", "micro_speech_int8", "emlearn_mnist_cnn_int8", "magic_wand_int8"])
def test_real_models(micropython, models, name):
    blob = packer.build((models / f"{name}.tflite").read_bytes()).blob
    assert_the_cores_bytes(blob, *micropython(RUN, blob, selftest=True))


def test_verdicts(micropython):
    good = blobs.every_kernel()
    found = micropython(VERDICTS, good)
    places = range(0, len(good) - 4, 3)
    assert len(found) == len(places)
    for at, verdict in zip(places, found):
        assert tuple(verdict) == core_verdict(blobs.patched(good, at, "B", good[at] ^ 0x81)), at
