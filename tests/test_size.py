"""All kernels together fit where the smallest boards run them from: RAM."""

from bench.size import CORE, object_sizes

ARMV6M_BYTES_MAX = 20 * 1024


def test_all_of_the_core_on_a_cortex_m0():
    sizes = object_sizes("armv6m")
    kernels = set(CORE.glob("kernels/*.c"))
    assert sizes.keys() >= kernels and min(sizes[k] for k in kernels) > 0
    total = sum(sizes.values())
    largest = ", ".join(f"{s.stem} {sizes[s]:,}" for s in sorted(sizes, key=sizes.get, reverse=True)[:8])
    assert total <= ARMV6M_BYTES_MAX, f"the core is {total:,} bytes, {ARMV6M_BYTES_MAX:,} are allowed; largest: {largest}"
