/* Sums of TI_LANES neighbouring channels at once, the innermost loop of DEPTHWISE_CONV2D. One interface, two ways; both
 * give the same sums, modulo 2^32.
 */
#ifndef TI_LANES_H
#define TI_LANES_H

#include <stdint.h>

#include "ti_config.h"

#if defined(TI_SSE2)

#include "ti_sse2.h"

#define TI_LANES 8

typedef struct {
    __m128i low, high;
} ti_lanes;

static inline ti_lanes ti_lanes_zero(void) {
    ti_lanes s = {_mm_setzero_si128(), _mm_setzero_si128()};
    return s;
}

/* s[j] += x[j * spread] * w[j], spread 0 or 1. */
static inline void ti_lanes_add(ti_lanes *s, const int8_t *x, uint32_t spread, const int8_t *w) {
    __m128i a = spread ? ti_widen(x) : _mm_set1_epi16(*x);
    __m128i product = _mm_mullo_epi16(a, ti_widen(w));
    s->low = _mm_add_epi32(s->low, _mm_srai_epi32(_mm_unpacklo_epi16(product, product), 16));
    s->high = _mm_add_epi32(s->high, _mm_srai_epi32(_mm_unpackhi_epi16(product, product), 16));
}

static inline void ti_lanes_store(const ti_lanes *s, uint32_t sums[TI_LANES]) {
    _mm_storeu_si128((void *)sums, s->low);
    _mm_storeu_si128((void *)(sums + 4), s->high);
}

#else

#define TI_LANES 2

typedef struct {
    uint32_t s0, s1;
} ti_lanes;

static inline ti_lanes ti_lanes_zero(void) {
    ti_lanes s = {0, 0};
    return s;
}

/* s[j] += x[j * spread] * w[j], spread 0 or 1. */
static inline void ti_lanes_add(ti_lanes *s, const int8_t *x, uint32_t spread, const int8_t *w) {
    s->s0 += (uint32_t)(x[0] * w[0]);
    s->s1 += (uint32_t)(x[spread] * w[1]);
}

static inline void ti_lanes_store(const ti_lanes *s, uint32_t sums[TI_LANES]) {
    sums[0] = s->s0;
    sums[1] = s->s1;
}

#endif
#endif
