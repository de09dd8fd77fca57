#include "ti_matmul.h"

#if defined(TI_SSE2)

#include "ti_stage_sse2.h"

/* 16 bytes as int16, those at even places and those at odd ones. */
typedef struct {
    __m128i even, odd;
} bytes;

static inline bytes split(__m128i v) {
    bytes b = {_mm_srai_epi16(_mm_slli_epi16(v, 8), 8), _mm_srai_epi16(v, 8)};
    return b;
}

static inline __m128i add(__m128i sum, bytes x, const int8_t *w) {
    bytes b = split(_mm_loadu_si128((const void *)w));
    return _mm_add_epi32(_mm_add_epi32(sum, _mm_madd_epi16(x.even, b.even)), _mm_madd_epi16(x.odd, b.odd));
}

void ti_matmul_run_sse2(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const ti_stage stage = mm->stage;
    const ti_stage4 quick = ti_stage4_open(&stage);
    const uint32_t k = mm->k, last = mm->out_c - 4, tail = k % 16;
    /* The elements that the last load, which ends with the vector, does not read for the second time. */
    const __m128i places = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m128i rest = _mm_cmpgt_epi8(places, _mm_set1_epi8((int8_t)(15 - tail)));
    for (uint32_t c = 0;; c += 4) {
        c = c < last ? c : last;  /* some of the last four again, where they are not a multiple */
        const int8_t *w0 = mm->weights + c * k, *w1 = w0 + k, *w2 = w1 + k, *w3 = w2 + k;
        __m128i s0 = _mm_setzero_si128(), s1 = s0, s2 = s0, s3 = s0;
        uint32_t i = 0;
        for (; i <= k - 16; i += 16) {
            const bytes v = split(_mm_loadu_si128((const void *)(x + i)));
            s0 = add(s0, v, w0 + i);
            s1 = add(s1, v, w1 + i);
            s2 = add(s2, v, w2 + i);
            s3 = add(s3, v, w3 + i);
        }
        if (tail > 8) {
            i = k - 16;
            const bytes v = split(_mm_and_si128(_mm_loadu_si128((const void *)(x + i)), rest));
            s0 = add(s0, v, w0 + i);
            s1 = add(s1, v, w1 + i);
            s2 = add(s2, v, w2 + i);
            s3 = add(s3, v, w3 + i);
        } else if (tail) {
            i = k - 8;
            const __m128i v = ti_widen_register(_mm_and_si128(_mm_loadl_epi64((const void *)(x + i)), _mm_srli_si128(rest, 8)));
            s0 = _mm_add_epi32(s0, _mm_madd_epi16(v, ti_widen(w0 + i)));
            s1 = _mm_add_epi32(s1, _mm_madd_epi16(v, ti_widen(w1 + i)));
            s2 = _mm_add_epi32(s2, _mm_madd_epi16(v, ti_widen(w2 + i)));
            s3 = _mm_add_epi32(s3, _mm_madd_epi16(v, ti_widen(w3 + i)));
        }
        const __m128i sums = ti_sum_lanes(s0, s1, s2, s3);
        const ti_channels4 channels = ti_channels4_open(&stage, &quick, c);
        ti_store4(out + c, ti_stage4_apply_one(&quick, &channels, sums));
        if (c == last) {
            return;
        }
    }
}

#endif
