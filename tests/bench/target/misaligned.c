/* Reads a word at an address that a Cortex-M0+ faults on; tests/test_count.py wants that to be seen. */
#include "bench.h"

volatile uint32_t bench_slots[SLOT_LAYERS];

int main(void) {
    uintptr_t address = (uintptr_t)bench_slots + 2;
    __asm__("" : "+r"(address)); /* otherwise the compiler sees it, and reads halfwords */
    bench_mark(SLOT_EMPTY);
    return (int)*(volatile uint32_t *)address;
}
