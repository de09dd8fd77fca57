"""Weights read from a file: blobs of `--stream-weights` give the bytes of the ordinary ones, mapped and streamed, on the C core
and in pure Python; RAM is what the packer says, and data that changes is refused or changes numbers only."""

import ctypes
import random

import numpy as np
import packer
import pytest
from conftest import ROOT
from hypothesis import given, settings
from packer import core
from packer import format as f
from packer.errors import PackerError
from packer.plan.proof import prove
from support import cases
from tinyinfer import _pure

STOPPED = 3  # enum ti_progress
LOADER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(core._Model), ctypes.c_uint32)
BY_OP = cases.by_op()


def segments_of(blob):
    h = f.HEADER.unpack(blob)
    at = h["ops"] + h["n_ops"] * f.OP.size
    return [f.SEGMENT.unpack(blob, at + i * f.SEGMENT.size) for i in range(h["n_segments"])]


class Streamed(core.CoreModel):
    """A blob on the C core, only its resident part in memory; `file` has the rest, and may change."""

    def __init__(self, blob):
        super().__init__(blob)
        lib = core.library()
        lib.ti_check_resident.restype = lib.ti_continue.restype = core._Fault
        lib.ti_check_resident.argtypes = lib.ti_check.argtypes
        lib.ti_continue.argtypes = lib.ti_open.argtypes
        self.file = bytearray(blob)
        self.segments = segments_of(blob)
        self.loads = []
        self.resident = core._aligned(self.segments[0]["offset"])
        self.resident[:] = np.frombuffer(blob, np.uint8, self.resident.size)
        assert lib.ti_check_resident(self.resident.ctypes.data, self.resident.size).code == 0
        pool = self.pool.ctypes.data, self.pool.size
        assert lib.ti_continue(ctypes.byref(self._model), self.resident.ctypes.data, *pool, None).code == 0
        self._loader = LOADER(self._load)  # kept, as ctypes asks
        self._model.load = ctypes.cast(self._loader, ctypes.c_void_p)
        lib.ti_reset(ctypes.byref(self._model))

    def _load(self, _, number):
        s = self.segments[number]
        data = self.file[s["offset"] : s["offset"] + s["bytes"]]
        self.loads.append(number)
        if len(data) < s["bytes"]:
            return 0
        self.pool[s["window"] : s["window"] + s["bytes"]] = np.frombuffer(bytes(data), np.uint8)
        return 1

    def progress(self):
        return core.library().ti_run(ctypes.byref(self._model))


def pure_engine(blob):
    segments = segments_of(blob)
    h = f.HEADER.unpack(blob)
    pool = bytearray(h["pool_bytes"] - h["state_bytes"])

    def load(number):
        s = segments[number]
        at = s["window"] - h["state_bytes"]
        pool[at : at + s["bytes"]] = blob[s["offset"] : s["offset"] + s["bytes"]]

    return _pure.Engine(blob[: segments[0]["offset"]], pool, None, load)


def random_inputs(model, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(-128, 128, model._view(io["tensor"]).size, np.int8) for io in model.inputs]


def raw(arrays):
    return b"".join(array.tobytes() for array in arrays)


def check_same_bytes(model, runs=2):
    """Of a `.tflite` model: every way of running a blob that streams against the ordinary blob."""
    ordinary = packer.build(model).blob
    if f.HEADER.unpack(ordinary)["n_ops"] == 0:
        with pytest.raises(PackerError, match="no weights to stream"):
            packer.build(model, stream_weights=True)
        return
    blob = packer.build(model, stream_weights=True).blob
    reference, mapped, streamed, pure = core.CoreModel(ordinary), core.CoreModel(blob), Streamed(blob), pure_engine(blob)
    for run in range(runs):
        x = random_inputs(reference, run)
        want = raw(reference.run(x))
        assert raw(mapped.run(x)) == raw(streamed.run(x)) == want
        for io, array in zip(streamed.inputs, x):
            pure.write(io["tensor"], array.tobytes(), 0)
        pure.run()
        memory = (bytes(pure.state()) if pure.state() is not pure.pool() else b"") + bytes(pure.pool())
        places = [streamed.tensors[io["tensor"]] for io in streamed.outputs]
        assert b"".join(memory[t["offset"] : t["offset"] + t["rows"] * t["row_bytes"]] for t in places) == want
    assert mapped.selftest()[0] == streamed.selftest()[0] == pure.selftest() == -1


@pytest.mark.parametrize("op", sorted(BY_OP))
def test_every_op(op, request):
    @settings(max_examples=settings.default.max_examples if request.config.getoption("--run-slow") else 4)
    @given(BY_OP[op])
    def same_bytes(case):
        check_same_bytes(case.model)

    same_bytes()


def digits():
    return (ROOT / "examples" / "digits" / "digits_int8.tflite").read_bytes()


def test_digits():
    check_same_bytes(digits(), 5)


@pytest.mark.parametrize("name", ["mlperf_kws_int8", "mlperf_ic_resnet8_int8", "mlperf_ad_int8", "keyword_svdf_int8"])
def test_real_models(models, name):
    data = (models / f"{name}.tflite").read_bytes()
    result = packer.build(data, name, stream_weights=True)
    x = random_inputs(core.CoreModel(result.blob), 1)
    streamed = Streamed(result.blob)
    assert raw(streamed.run(x)) == raw(core.CoreModel(packer.build(data, name).blob).run(x))
    assert streamed.loads == sorted(set(streamed.loads)), "each segment is read once"
    assert streamed.selftest()[0] == -1


def test_a_streamed_input_too():
    blob = packer.build(digits(), stream_input=True, stream_weights=True).blob
    x = random_inputs(core.CoreModel(packer.build(digits()).blob), 3)
    want = raw(core.CoreModel(packer.build(digits()).blob).run(x))
    for model in core.CoreModel(blob), Streamed(blob):
        assert raw(model.run(x)) == want and model.selftest()[0] == -1


def test_what_the_packer_says_is_so():
    result = packer.build(digits(), stream_weights=True)
    summary, segments = result.summary(), segments_of(result.blob)
    assert summary["resident_bytes"] == result.resident_bytes == segments[0]["offset"]
    assert summary["pool_bytes"] == f.HEADER.unpack(result.blob)["pool_bytes"]
    assert max(s["window"] + s["bytes"] for s in segments) <= result.pool_bytes
    assert sum(s["bytes"] for s in segments) + result.resident_bytes + 4 == len(result.blob)
    ordinary = packer.build(digits())
    assert ordinary.summary()["resident_bytes"] == 0
    # Weights lie where no activation is needed: less than the pool and the largest segment.
    assert result.pool_bytes <= ordinary.pool_bytes + max(s["bytes"] for s in segments)


def test_a_file_that_changes():
    """Whatever the file then holds: the run stops with a fault of an op, or ends; the right bytes come back with the file."""
    blob = packer.build(digits(), stream_weights=True).blob
    model = Streamed(blob)
    x = random_inputs(model, 5)
    want = raw(model.run(x))
    rng = random.Random(1)
    seen = set()
    for _ in range(400):
        model.file = bytearray(blob)
        for _ in range(rng.randint(1, 3)):
            model.file[rng.randrange(len(model.resident), len(blob))] = rng.randrange(256)
        model.set_inputs(x)
        progress = model.progress()
        seen.add(progress)
        if progress == STOPPED:
            assert model._model.fault.code and model._model.fault.place == 2
            core.library().ti_restart(ctypes.byref(model._model))
    assert seen == {0, STOPPED}
    model.file = bytearray(blob[:-100])
    model.set_inputs(x)
    assert model.progress() == STOPPED
    core.library().ti_restart(ctypes.byref(model._model))
    model.file = bytearray(blob)
    assert raw(model.run(x)) == want


def damaged_verdicts(blob, damage):
    """What the C core and the pure-Python engine say of a damaged blob."""
    bad = bytearray(blob)
    damage(bad)
    bad[-4:] = f.checksum(bytes(bad[:-4])).to_bytes(4, "little")
    verdicts = []
    for check in core.check, _pure.check:
        try:
            check(bytes(bad))
            verdicts.append((0,) * 5)
        except core.BlobFault as e:
            verdicts.append(e.fault)
        except ValueError as e:
            verdicts.append(e.args)
    return verdicts


def test_damaged_segments():
    """Every byte of the segments, and of what names them, on both engines: the same verdict, some of them good."""
    blob = packer.build(digits(), stream_weights=True).blob
    h = f.HEADER.unpack(blob)
    at = h["ops"] + h["n_ops"] * f.OP.size
    places = [*range(at, at + h["n_segments"] * f.SEGMENT.size), 66, 67]
    places += [h["ops"] + i * f.OP.size + k for i in range(h["n_ops"]) for k in (10, 11, 12, 13, 16, 17)]
    places += [h["tensors"] + i * f.TENSOR.size + k for i in range(h["n_tensors"]) for k in (0, 1, 13)]
    codes = set()
    for place in places:
        for mask in 0x01, 0x04, 0x80:
            def damage(bad):
                bad[place] ^= mask

            ours, pure = damaged_verdicts(blob, damage)
            assert ours == pure, (place, mask)
            codes.add(ours[0])
    assert {0, 8, 15} <= codes  # fine, outside the segment, over the window


def test_a_window_that_is_run_over_is_found():
    """The proof of the plan fails where a window lies on what its ops use."""
    result = packer.build(digits(), stream_weights=True)
    program = result.program
    prove(program, result.pool_bytes)
    found = 0
    for segment in program.segments:
        kept = segment.window.offset
        for op in segment.ops:
            segment.window.offset = op.output.buffer.offset
            with pytest.raises(PackerError, match="runs over the data|is lost|past the pool"):
                prove(program, result.pool_bytes)
            found += 1
        segment.window.offset = kept
    assert found == len(program.device_ops)
    prove(program, result.pool_bytes)
