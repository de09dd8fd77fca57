#include "ti_config.h"

#if defined(TI_DSP)

#include "ti_dsp.h"

/* The bytes of a word, clamped each: SSUB8 notes which differences are negative, SEL picks by that. */
static inline uint32_t clamp4(uint32_t x, uint32_t min, uint32_t max) {
    uint32_t unused;
    __asm__("ssub8 %1, %0, %2\n\tsel %0, %0, %2\n\tssub8 %1, %3, %0\n\tsel %0, %0, %3"
            : "+r"(x), "=&r"(unused) : "r"(min), "r"(max) : "cc");
    return x;
}

void ti_clamp_row(int8_t *row, uint32_t n, int32_t min, int32_t max) {
    uint32_t mins = (uint8_t)min * 0x01010101u, maxs = (uint8_t)max * 0x01010101u;
    if (min == INT8_MIN && max == INT8_MAX) {
        return;
    }
    for (; n >= 4; n -= 4, row += 4) {
        uint32_t x = clamp4(ti_word(row), mins, maxs);
        memcpy(row, &x, sizeof x);
    }
    for (; n; n--, row++) {
        *row = (int8_t)clamp4((uint8_t)*row, mins, maxs);
    }
}

#endif
