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

/* What is the same for the pixels of four channels. The lanes of a 64-bit product are two of these: 0 and 2, 1 and 3 the
 * first time, which leaves them in the order 0, 2, 1, 3; so the second time 0 and 1, 2 and 3. */
typedef struct {
    __m128i bias;
    __m128i multiplier02, multiplier13;
    __m128i negative;          /* multiplier + 2, in the order 0, 2, 1, 3 */
    __m128i scale01, scale23;  /* 2^(32 - n) */
    __m128i zero_point;
} ti_channels4;

static inline ti_stage4 ti_stage4_open(const ti_stage *stage) {
    ti_stage4 s;
    s.zero_point = _mm_set1_epi32(stage->zero_point);
    s.min = _mm_set1_epi16((int16_t)stage->min);
    s.max = _mm_set1_epi16((int16_t)stage->max);
    return s;
}

/* 2^(32 + shift), for shifts of -23 .. -1. */
static inline __m128i ti_scale(int32_t shift) {
    return _mm_cvtsi32_si128((int32_t)(1u << (shift & 31)));
}

/* Channels c .. c + 3. */
static inline ti_channels4 ti_channels4_open(const ti_stage *stage, const ti_stage4 *s, uint32_t c) {
    ti_channels4 k;
    __m128i multiplier, scale;
    if (stage->channel_mask) {
        const int8_t *shift = stage->shift + c;
        multiplier = _mm_loadu_si128((const void *)(stage->multiplier + c));
        scale = _mm_unpacklo_epi64(_mm_unpacklo_epi32(ti_scale(shift[0]), ti_scale(shift[1])),
                                   _mm_unpacklo_epi32(ti_scale(shift[2]), ti_scale(shift[3])));
    } else {
        multiplier = _mm_set1_epi32(stage->multiplier[0]);
        scale = _mm_shuffle_epi32(ti_scale(stage->shift[0]), 0);
    }
    k.bias = _mm_loadu_si128((const void *)(stage->bias + c));
    k.multiplier02 = multiplier;
    k.multiplier13 = _mm_srli_epi64(multiplier, 32);
    k.negative = _mm_add_epi32(_mm_shuffle_epi32(multiplier, _MM_SHUFFLE(3, 1, 2, 0)), _mm_set1_epi32(2));
    k.scale01 = _mm_unpacklo_epi32(scale, scale);
    k.scale23 = _mm_unpackhi_epi32(scale, scale);
    k.zero_point = _mm_sub_epi32(s->zero_point, _mm_srli_epi32(scale, 2));
    return k;
}

/* The high words of unsigned products: those of lanes 0 and 2 with b, then those of 1 and 3 with b_odd. */
static inline __m128i ti_high_words(__m128i a, __m128i b, __m128i b_odd) {
    __m128i even = _mm_mul_epu32(a, b), odd = _mm_mul_epu32(_mm_srli_epi64(a, 32), b_odd);
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(even), _mm_castsi128_ps(odd), _MM_SHUFFLE(3, 1, 3, 1)));
}

/* ti_requantise_quick() and the zero point. SSE2 has neither signed products nor a shift for each lane. The first product
 * is too large by the multiplier where x is negative, and there the rounding is 2 less. For the second, which shifts right
 * by n, 2^31 is added, which comes out as 2^(31 - n). */
static inline __m128i ti_requantise4(__m128i x, const ti_channels4 *k) {
    x = _mm_slli_epi32(x, 2);
    const __m128i sign = _mm_srai_epi32(_mm_shuffle_epi32(x, _MM_SHUFFLE(3, 1, 2, 0)), 31);
    __m128i high = ti_high_words(x, k->multiplier02, k->multiplier13);
    high = _mm_sub_epi32(high, _mm_and_si128(sign, k->negative));
    high = _mm_add_epi32(high, _mm_set1_epi32(INT32_MIN + 1));
    high = ti_high_words(high, k->scale01, k->scale23);
    return _mm_add_epi32(_mm_srli_epi32(_mm_add_epi32(high, _mm_set1_epi32(1)), 1), k->zero_point);
}

/* A pixel's sums of four channels as int8, in the low four bytes. */
static inline __m128i ti_stage4_apply_one(const ti_stage4 *s, const ti_channels4 *k, __m128i sums) {
    __m128i y = ti_requantise4(_mm_add_epi32(sums, k->bias), k);
    y = _mm_min_epi16(_mm_max_epi16(_mm_packs_epi32(y, y), s->min), s->max);
    return _mm_packs_epi16(y, y);
}

/* Two pixels' sums of four channels as int8: those of the first, then those of the second, twice. */
static inline __m128i ti_stage4_apply(const ti_stage4 *s, const ti_channels4 *k, __m128i sums0, __m128i sums1) {
    __m128i y0 = ti_requantise4(_mm_add_epi32(sums0, k->bias), k);
    __m128i y1 = ti_requantise4(_mm_add_epi32(sums1, k->bias), k);
    __m128i y = _mm_min_epi16(_mm_max_epi16(_mm_packs_epi32(y0, y1), s->min), s->max);
    return _mm_packs_epi16(y, y);
}

/* Two pixels' sums of eight channels, a and then b, as int8: those of pixel 0, then those of pixel 1. */
static inline __m128i ti_stage8_apply(const ti_stage4 *s, const ti_channels4 k[2], __m128i a0, __m128i b0, __m128i a1, __m128i b1) {
    a0 = ti_requantise4(_mm_add_epi32(a0, k[0].bias), &k[0]);
    b0 = ti_requantise4(_mm_add_epi32(b0, k[1].bias), &k[1]);
    a1 = ti_requantise4(_mm_add_epi32(a1, k[0].bias), &k[0]);
    b1 = ti_requantise4(_mm_add_epi32(b1, k[1].bias), &k[1]);
    const __m128i y0 = _mm_min_epi16(_mm_max_epi16(_mm_packs_epi32(a0, b0), s->min), s->max);
    const __m128i y1 = _mm_min_epi16(_mm_max_epi16(_mm_packs_epi32(a1, b1), s->min), s->max);
    return _mm_packs_epi16(y0, y1);
}

#endif
