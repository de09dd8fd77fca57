#include "ti_pair.h"

#if defined(TI_SSE2)

#include <string.h>

#include "ti_stage_sse2.h"

/* Vector 0 as int16, then vector 1. */
static inline int16_t *vector_of(const ti_pair *p, uint32_t vector) {
    return (int16_t *)(void *)p->taps + vector * p->count;
}

ti_pair ti_pair_open(uint8_t *scratch, uint32_t k) {
    ti_pair p;
    p.taps = (void *)scratch;
    p.count = TI_PAIR_WORDS(k);
    for (uint32_t i = k; i < p.count; i++) {
        vector_of(&p, 0)[i] = vector_of(&p, 1)[i] = 0;
    }
    return p;
}

static inline __m128i widen4(const int8_t *w) {
    int32_t four;
    memcpy(&four, w, sizeof four);
    __m128i bytes = _mm_cvtsi32_si128(four);
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

static inline void widen(int16_t *to, const int8_t *x, uint32_t n) {
    for (; n >= 8; n -= 8, to += 8, x += 8) {
        _mm_storeu_si128((void *)to, ti_widen(x));
    }
    if (n & 4) {
        _mm_storel_epi64((void *)to, widen4(x));
        to += 4;
        x += 4;
    }
    switch (n & 3) {
        case 3: to[2] = x[2]; /* fall through */
        case 2: to[1] = x[1]; /* fall through */
        case 1: to[0] = x[0];
    }
}

void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n) {
    int16_t *to0 = vector_of(p, 0) + at, *to1 = to0 + p->count;
    if (n >= 4) {
        widen(to0, x0, n);
        widen(to1, x1, n);
        return;
    }
    while (n) {  /* the rule in a first layer */
        n--;
        to0[n] = x0[n];
        to1[n] = x1[n];
    }
}

void ti_pair_put_one(const ti_pair *p, uint32_t vector, uint32_t at, const int8_t *x, uint32_t step, uint32_t n) {
    int16_t *to = vector_of(p, vector) + at;
    for (uint32_t i = 0; i < n; i++, x += step) {
        to[i] = *x;
    }
}

/* Sums with vector 0 and with vector 1, each in four lanes. */
typedef struct {
    __m128i s, t;
} sums;

static inline void add(sums *sum, __m128i x0, __m128i x1, __m128i w) {
    sum->s = _mm_add_epi32(sum->s, _mm_madd_epi16(x0, w));
    sum->t = _mm_add_epi32(sum->t, _mm_madd_epi16(x1, w));
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    const ti_stage stage = mm->stage;
    const ti_stage4 quick = ti_stage4_open(&stage);
    const uint32_t taps = p->count, k = mm->k, out_c = mm->out_c;
    const int16_t *x0 = vector_of(p, 0), *x1 = vector_of(p, 1);
    const int8_t *w = mm->weights;
    for (uint32_t c = 0; c < out_c; c += 4, w += 4 * k) {
        const uint32_t n = out_c - c < 4 ? out_c - c : 4;
        /* Where fewer than four channels are left the first stands in for those that are missing. */
        const int8_t *w1 = n > 1 ? w + k : w, *w2 = n > 2 ? w1 + k : w, *w3 = n > 3 ? w2 + k : w;
        const sums zero = {_mm_setzero_si128(), _mm_setzero_si128()};
        sums s0 = zero, s1 = zero, s2 = zero, s3 = zero;
        uint32_t i = 0;
        for (; taps - i >= 8; i += 8) {
            const __m128i v0 = _mm_loadu_si128((const void *)(x0 + i)), v1 = _mm_loadu_si128((const void *)(x1 + i));
            add(&s0, v0, v1, ti_widen(w + i));
            add(&s1, v0, v1, ti_widen(w1 + i));
            add(&s2, v0, v1, ti_widen(w2 + i));
            add(&s3, v0, v1, ti_widen(w3 + i));
        }
        if (i < taps) {
            const __m128i v0 = _mm_loadl_epi64((const void *)(x0 + i)), v1 = _mm_loadl_epi64((const void *)(x1 + i));
            add(&s0, v0, v1, widen4(w + i));
            add(&s1, v0, v1, widen4(w1 + i));
            add(&s2, v0, v1, widen4(w2 + i));
            add(&s3, v0, v1, widen4(w3 + i));
        }
        const __m128i sums0 = ti_sum_lanes(s0.s, s1.s, s2.s, s3.s), sums1 = ti_sum_lanes(s0.t, s1.t, s2.t, s3.t);
        if (n == 4 && stage.quick) {
            const ti_channels4 channels = ti_channels4_open(&stage, &quick, c);
            const __m128i y = ti_stage4_apply(&quick, &channels, sums0, sums1);
            ti_store4(out0 + c, y);
            ti_store4(out1 + c, _mm_srli_epi64(y, 32));
            continue;
        }
        uint32_t scalars[2][4];
        _mm_storeu_si128((void *)scalars[0], sums0);
        _mm_storeu_si128((void *)scalars[1], sums1);
        for (uint32_t j = 0; j < n; j++) {
            out0[c + j] = ti_stage_apply(&stage, scalars[0][j], c + j);
            out1[c + j] = ti_stage_apply(&stage, scalars[1][j], c + j);
        }
    }
}

#endif
