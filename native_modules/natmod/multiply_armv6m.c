/* The 64-bit product for a Cortex-M0, which has none of more than 32 bits: libgcc's is half as long again. */
#include <stdint.h>

/* a * b modulo 2^64. */
__attribute__((used)) uint64_t __aeabi_lmul(uint64_t a, uint64_t b) {
    uint32_t x = (uint32_t)a, y = (uint32_t)b;
    uint32_t high = (uint32_t)(a >> 32) * y + x * (uint32_t)(b >> 32);
    uint32_t x_low = (uint16_t)x, x_high = x >> 16, y_low = (uint16_t)y, y_high = y >> 16;
    uint32_t low = x_low * y_low;
    uint32_t one = x_high * y_low + (low >> 16);
    uint32_t other = x_low * y_high + (uint16_t)one;
    high += x_high * y_high + (one >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (other << 16 | (uint16_t)low);
}
