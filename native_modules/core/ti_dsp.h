/* Instructions of the DSP extension (Cortex-M4, M7, M33) that C has no words for.
 *
 * Requantising. With n = -shift, ti_requantise_quick() is ((2 * x * m + 2^31) >> 32) + 2^(n - 1) - (x < 0), shifted
 * right by n. SMMLAR makes the first term and adds the others. Zero points come with them, 2^n times as large: that
 * cannot overflow, as n is at most 23. Complementing the shift gives n - 1, and SSAT, which clamps to int8, shifts the
 * last bit out.
 */
#ifndef TI_DSP_H
#define TI_DSP_H

#include <stdint.h>
#include <string.h>

#include "ti_config.h"

#if defined(TI_DSP)

typedef int16_t __attribute__((may_alias)) ti_int16;

/* Four bytes from any address. */
static inline uint32_t ti_word(const int8_t *x) {
    uint32_t word;
    memcpy(&word, x, sizeof word);
    return word;
}

/* Bytes 0 and 2 as two int16. */
static inline uint32_t ti_sxtb16(uint32_t bytes) {
    uint32_t halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(bytes));
    return halves;
}

/* Bytes 1 and 3. */
static inline uint32_t ti_sxtb16_8(uint32_t bytes) {
    uint32_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(bytes));
    return halves;
}

/* Two int16, each twice. */
static inline uint32_t ti_doubled(uint32_t halves) {
    uint32_t doubled;
    __asm__("sadd16 %0, %1, %1" : "=r"(doubled) : "r"(halves));
    return doubled;
}

/* (a * b + 2^31) >> 32, plus c. */
static inline int32_t ti_smmlar(int32_t a, int32_t b, int32_t c) {
    int32_t sum;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(c));
    return sum;
}

static inline int8_t ti_ssat8(int32_t x) {
    __asm__("ssat %0, #8, %0" : "+r"(x));
    return (int8_t)x;
}

/* n elements of a row that are clamped to int8 already. */
void ti_clamp_row(int8_t *row, uint32_t n, int32_t min, int32_t max);

#endif
#endif
