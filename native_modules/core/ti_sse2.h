/* What the SSE2 paths of ti_dot.h and ti_lanes.h share. */
#ifndef TI_SSE2_H
#define TI_SSE2_H

#include <emmintrin.h>
#include <stdint.h>

/* 8 bytes as int16. */
static inline __m128i ti_widen(const int8_t *p) {
    __m128i v = _mm_loadl_epi64((const void *)p);
    return _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
}

#endif
