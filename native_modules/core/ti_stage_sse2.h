/* The quick output stage (SPEC.md, "Fixed-point arithmetic") for four channels of two pixels at once. */
#ifndef TI_STAGE_SSE2_H
#define TI_STAGE_SSE2_H

#include "ti_sse2.h"
#include "ti_stage.h"

/* What is the same for all channels. */
typedef struct {
    __m128i zero_point;  /* int32 */
    __m128i min, max;    /* int16 */
} ti_stage4;

/* What is the same for the pixels of four channels; *_odd has the odd lanes in the even ones. */
typedef struct {
    __m128i bias;
    __m128i multiplier, multiplier_odd;
    __m128i scale, scale_odd;  /* 2^(32 - n) */
    __m128i zero_point;
} ti_channels4;

static inline ti_stage4 ti_stage4_open(const ti_stage *stage) {
    ti_stage4 s;
    s.zero_point = _mm_set1_epi32(stage->zero_point);
    s.min = _mm_set1_epi16((int16_t)stage->min);
    s.max = _mm_set1_epi16((int16_t)stage->max);
    return s;
}

static inline int32_t ti_scale(int32_t shift) {
    return (int32_t)(1u << (32 + shift));
}

/* Channels c .. c + 3. */
static inline ti_channels4 ti_channels4_open(const ti_stage *stage, const ti_stage4 *s, uint32_t c) {
    ti_channels4 k;
    k.bias = _mm_loadu_si128((const void *)(stage->bias + c));
    if (stage->channel_mask) {
        const int8_t *shift = stage->shift + c;
        k.multiplier = _mm_loadu_si128((const void *)(stage->multiplier + c));
        k.scale = _mm_setr_epi32(ti_scale(shift[0]), ti_scale(shift[1]), ti_scale(shift[2]), ti_scale(shift[3]));
    } else {
        k.multiplier = _mm_set1_epi32(stage->multiplier[0]);
        k.scale = _mm_set1_epi32(ti_scale(stage->shift[0]));
    }
    k.multiplier_odd = _mm_srli_epi64(k.multiplier, 32);
    k.scale_odd = _mm_srli_epi64(k.scale, 32);
    k.zero_point = _mm_sub_epi32(s->zero_point, _mm_srli_epi32(k.scale, 2));
    return k;
}

/* The high words of unsigned products. */
static inline __m128i ti_high_words(__m128i a, __m128i b, __m128i b_odd) {
    __m128i even = _mm_srli_epi64(_mm_mul_epu32(a, b), 32), odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), b_odd);
    return _mm_or_si128(even, _mm_and_si128(odd, _mm_setr_epi32(0, -1, 0, -1)));
}

/* ti_requantise_quick() and the zero point. SSE2 has neither signed products nor a shift for each lane: the first
 * product is mended where x is negative; for the second, which shifts right by n, 2^31 is added, which comes out as
 * 2^(31 - n). */
static inline __m128i ti_requantise4(__m128i x, const ti_channels4 *k) {
    const __m128i one = _mm_set1_epi32(1), sign = _mm_srai_epi32(x, 31);
    __m128i high = ti_high_words(_mm_slli_epi32(x, 2), k->multiplier, k->multiplier_odd);
    high = _mm_sub_epi32(high, _mm_and_si128(sign, k->multiplier));
    high = _mm_add_epi32(high, _mm_or_si128(sign, one));
    high = ti_high_words(_mm_xor_si128(high, _mm_set1_epi32(INT32_MIN)), k->scale, k->scale_odd);
    return _mm_add_epi32(_mm_srli_epi32(_mm_add_epi32(high, one), 1), k->zero_point);
}

/* Two pixels' sums of four channels as int8: those of the first, then those of the second, twice. */
static inline __m128i ti_stage4_apply(const ti_stage4 *s, const ti_channels4 *k, __m128i sums0, __m128i sums1) {
    __m128i y0 = ti_requantise4(_mm_add_epi32(sums0, k->bias), k);
    __m128i y1 = ti_requantise4(_mm_add_epi32(sums1, k->bias), k);
    __m128i y = _mm_min_epi16(_mm_max_epi16(_mm_packs_epi32(y0, y1), s->min), s->max);
    return _mm_packs_epi16(y, y);
}

#endif
