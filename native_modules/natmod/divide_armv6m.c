/* Division for a Cortex-M0, which has none: libgcc's is six times as long. What this takes goes with the bits of the
 * quotient, which are few wherever the core divides. The divisor is never 0.
 */
#include <stdint.h>

/* The quotient in r0 and the remainder in r1. */
__attribute__((used)) uint64_t __aeabi_uidivmod(uint32_t n, uint32_t d) {
    uint32_t quotient = 0, bit = 1;
    while (d <= n >> 1) {
        d <<= 1;
        bit <<= 1;
    }
    for (; bit; bit >>= 1, d >>= 1) {
        if (n >= d) {
            n -= d;
            quotient |= bit;
        }
    }
    return (uint64_t)n << 32 | quotient;
}

__attribute__((used)) uint32_t __aeabi_uidiv(uint32_t n, uint32_t d) {
    return (uint32_t)__aeabi_uidivmod(n, d);
}
