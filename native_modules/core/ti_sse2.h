/* What the SSE2 forms share. */
#ifndef TI_SSE2_H
#define TI_SSE2_H

#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

/* The low 8 bytes as int16. */
static inline __m128i ti_widen_register(__m128i v) {
    return _mm_srai_epi16(_mm_unpacklo_epi8(v, v), 8);
}

/* 8 bytes as int16. */
static inline __m128i ti_widen(const int8_t *p) {
    return ti_widen_register(_mm_loadl_epi64((const void *)p));
}

/* The low 4 bytes. */
static inline void ti_store4(int8_t *to, __m128i v) {
    int32_t four = _mm_cvtsi128_si32(v);
    memcpy(to, &four, sizeof four);
}

/* Lane j of the result is the sum of sj's lanes. */
static inline __m128i ti_sum_lanes(__m128i s0, __m128i s1, __m128i s2, __m128i s3) {
    __m128i t01 = _mm_add_epi32(_mm_unpacklo_epi32(s0, s1), _mm_unpackhi_epi32(s0, s1));
    __m128i t23 = _mm_add_epi32(_mm_unpacklo_epi32(s2, s3), _mm_unpackhi_epi32(s2, s3));
    return _mm_add_epi32(_mm_unpacklo_epi64(t01, t23), _mm_unpackhi_epi64(t01, t23));
}

#endif
