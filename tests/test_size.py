"""The native module with every kernel fits where small boards run it from: RAM.

What is held is the `.mpy`: compiled as one, the core shares code that its files, compiled alone, have each.
"""

import pytest
from bench.size import CODINGS, CORE, KERNELS_BYTES_MAX, MPY_BYTES_MAX, object_sizes, part_sizes
from conftest import built
from packer import format as f
from packer.runtime import ONLY_IN_ALL, PARTS, build_runtime


@pytest.mark.parametrize("arch", MPY_BYTES_MAX)
def test_native_module(arch):
    mpy = built(f"natmod/{arch}/_tinyinfer.mpy", "natmods")
    assert mpy.stat().st_size <= MPY_BYTES_MAX[arch], f"`make size` shows what is large on {arch}"


@pytest.mark.parametrize("arch", KERNELS_BYTES_MAX)
def test_every_kernel_without_codings(arch):
    names = [name for name in (*f.KERNELS, *PARTS, *ONLY_IN_ALL) if name not in CODINGS]
    assert len(build_runtime(arch, names).mpy) <= KERNELS_BYTES_MAX[arch]


def test_every_kernel_is_measured():
    sizes = object_sizes("armv6m")
    kernels = set(CORE.glob("kernels/*.c"))
    assert sizes.keys() >= kernels and min(sizes[k] for k in kernels) > 0


def test_parts_can_be_left_out():
    sizes = part_sizes("armv6m", ("FAST", "SELFTEST"))
    assert sizes["FAST"] > 2000 and sizes["SELFTEST"] > 400
