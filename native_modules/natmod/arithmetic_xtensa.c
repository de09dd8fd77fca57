/* What an lx106, and any Xtensa core without the options for it, is to call for products of 64 bits and for division. Debian's
 * libgcc for it has none of these. A divisor is never 0.
 */
#include <stdint.h>

typedef struct {
    uint32_t quotient, remainder;
} divided;

static inline divided divide(uint32_t n, uint32_t d) {
    divided result = {0, n};
    uint32_t bit = 1;
    while (d <= n >> 1) {
        d <<= 1;
        bit <<= 1;
    }
    for (; bit; bit >>= 1, d >>= 1) {
        if (result.remainder >= d) {
            result.remainder -= d;
            result.quotient |= bit;
        }
    }
    return result;
}

static inline uint32_t magnitude(int32_t x) {
    return x < 0 ? 0 - (uint32_t)x : (uint32_t)x;
}

uint32_t __udivsi3(uint32_t n, uint32_t d) {
    return divide(n, d).quotient;
}

uint32_t __umodsi3(uint32_t n, uint32_t d) {
    return divide(n, d).remainder;
}

int32_t __divsi3(int32_t n, int32_t d) {
    uint32_t quotient = divide(magnitude(n), magnitude(d)).quotient;
    return (int32_t)((n ^ d) < 0 ? 0 - quotient : quotient);
}

int32_t __modsi3(int32_t n, int32_t d) {
    uint32_t remainder = divide(magnitude(n), magnitude(d)).remainder;
    return (int32_t)(n < 0 ? 0 - remainder : remainder);
}

/* From products of halves, which fit 32 bits. */
uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    uint32_t a_low = (uint16_t)a, a_high = a >> 16, b_low = (uint16_t)b, b_high = b >> 16;
    uint32_t low = a_low * b_low;
    uint32_t middle = a_high * b_low + (low >> 16); /* at most 0xFFFE0001 + 0xFFFE */
    uint32_t second = a_low * b_high + (uint16_t)middle;
    uint32_t high = a_high * b_high + (middle >> 16) + (second >> 16);
    return (uint64_t)high << 32 | (second << 16 | (uint16_t)low);
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t crosswise = (uint32_t)(a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)(b >> 32);
    return __umulsidi3((uint32_t)a, (uint32_t)b) + ((uint64_t)crosswise << 32);
}
