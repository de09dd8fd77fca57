"""What the fuzzer starts from, and every kind of damage to a small blob, run under AddressSanitizer and UBSan."""

import subprocess
import sys

import packer
import pytest
from conftest import ROOT, built
from support.blobs import every_kernel, streamed_with_state
from support.recurrent import svdf_model

SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def replay(*arguments):
    """Run the replayer; returns what it prints. Fails with its words where it, or a sanitizer, found anything."""
    command = [built("fuzz/replay", "replay"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=SANITIZER_OPTIONS, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_seeds_of_the_fuzzer(tmp_path):
    command = [sys.executable, ROOT / "tests/fuzz/make_corpus.py", tmp_path]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    seeds = sorted(tmp_path.iterdir())
    assert len(seeds) > 100
    assert replay(*seeds) == f"{len(seeds)} files replayed\n"


def streamed_weights():
    return packer.build(svdf_model(in_c=3, units=2, rank=1, memory=2), "svdf", stream_weights=True).blob


@pytest.mark.parametrize("model", [every_kernel, streamed_with_state, streamed_weights])
def test_damaged_blob(tmp_path, model):
    blob = tmp_path / "small.tin"
    blob.write_bytes(model())
    lines = replay("--damage", blob).splitlines()
    assert len(lines) == 7
    accepted = {line[:46].strip(): int(line[46:].split()[0]) for line in lines}
    valid = [kind for kind, count in accepted.items() if count]
    assert valid and all(kind.endswith("checksum fixed") for kind in valid), lines
