/* Fixed-point arithmetic, bit for bit that of SPEC.md, "Fixed-point arithmetic".
 *
 * No input makes undefined behaviour as long as shift counts are in the ranges given.
 */
#ifndef TI_FIXED_H
#define TI_FIXED_H

#include <stdint.h>

/* a + b modulo 2^32. */
static inline int32_t ti_wrap_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

/* x * 2^n modulo 2^32, n in 0..31. */
static inline int32_t ti_shift_left(int32_t x, uint32_t n) {
    return (int32_t)((uint32_t)x << n);
}

/* ti_high() and ti_requantise() as calls, for kernels that need small code more than speed. */
int32_t ti_high_call(int32_t a, int32_t b);
int32_t ti_requantise_call(int32_t x, int32_t multiplier, int32_t shift);

/* Doubling high multiply: a * b / 2^31 to nearest. Negative ties go up: that is what SPEC.md's truncating division
 * comes to, and it needs no test of the sign. a and b must not both be -2^31; no multiplier is negative. */
static inline int32_t ti_high(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)  /* where the product alone is a call */
    return ti_high_call(a, b);
#else
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
#endif
}

/* x / 2^n to nearest, ties away from zero, n in 1..31. Halving what is left of n - 1 bits rounds as the whole does, and
 * cannot overflow except for n = 1 and x = 2^31 - 1, which is more than ti_high() gives. */
static inline int32_t ti_rounding_shift(int32_t x, uint32_t n) {
    return ti_wrap_add(ti_wrap_add(x, x >> 31) >> (n - 1), 1) >> 1;
}

/* x * multiplier / 2^31 * 2^shift, shift in -31..31, rounding twice. */
static inline int32_t ti_requantise(int32_t x, int32_t multiplier, int32_t shift) {
    int32_t y = ti_high(ti_shift_left(x, shift > 0 ? (uint32_t)shift : 0), multiplier);
    return shift < 0 ? ti_rounding_shift(y, (uint32_t)-shift) : y;
}

/* The high word of the product, rounded down. */
static inline int32_t ti_high_word(int32_t a, int32_t b) {
#if defined(__ARM_ARCH_6M__)
    /* No multiplication there gives more than 32 bits. Halves of 16: a's low one signed, so that no sum overflows as long
     * as |a| is below 2^29 and b, 31 bits, is not negative. */
    int32_t a_low = (int16_t)a, a_high = (int32_t)((uint32_t)a - (uint32_t)a_low) >> 16;
    int32_t b_low = (uint16_t)b, b_high = b >> 16;
    uint32_t middle = (uint32_t)(a_low * b_low >> 16) + (uint32_t)(a_low * b_high) + (uint32_t)a_high * (uint32_t)b_low;
    return (int32_t)((uint32_t)a_high * (uint32_t)b_high + (uint32_t)((int32_t)middle >> 16));
#else
    return (int32_t)((int64_t)a * b >> 32);
#endif
}

/* ti_requantise(x, multiplier, -n) for n in 1..30, exact as long as |x| is below 2^27. Both roundings become one: for x from
 * 0 on, 2^30 and then 2^(n - 1) * 2^31 are added before the division, which makes it
 * (4 * x * multiplier + 2^32 + 2^n * 2^32) / 2^(33 + n) rounded down; below 0, where ties go away from zero, the second
 * rounding adds 2^31 less, which is -2^32 in the place of 2^32. */
static inline int32_t ti_requantise_quick(int32_t x, int32_t multiplier, uint32_t n) {
    uint32_t high = (uint32_t)ti_high_word(ti_shift_left(x, 2), multiplier);
    return (int32_t)(high + (uint32_t)(x >> 31 | 1) + (1u << n)) >> (n + 1);
}

static inline int32_t ti_clamp(int32_t x, int32_t min, int32_t max) {
    x = x < min ? min : x;
    return x > max ? max : x;
}

#endif
