#include "ti_pair.h"

#if defined(TI_SSE2)

#include <string.h>

#include "ti_stage_sse2.h"

/* Vector 0 as int16, then vector 1. */
static inline int16_t *vector_of(const ti_pair *p, uint32_t vector) {
    return (int16_t *)(void *)p->taps + vector * p->count;
}

static inline __m128i widen4(const int8_t *w) {
    int32_t four;
    memcpy(&four, w, sizeof four);
    __m128i bytes = _mm_cvtsi32_si128(four);
    return _mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
}

/* Four channels' rows of 4 taps or 8: of two taps after the other, all channels. */
static inline void turn(__m128i *to, __m128i w0, __m128i w1, __m128i w2, __m128i w3, uint32_t taps) {
    const __m128i low01 = _mm_unpacklo_epi32(w0, w1), low23 = _mm_unpacklo_epi32(w2, w3);
    to[0] = _mm_unpacklo_epi64(low01, low23);
    to[1] = _mm_unpackhi_epi64(low01, low23);
    if (taps == 8) {
        const __m128i high01 = _mm_unpackhi_epi32(w0, w1), high23 = _mm_unpackhi_epi32(w2, w3);
        to[2] = _mm_unpacklo_epi64(high01, high23);
        to[3] = _mm_unpackhi_epi64(high01, high23);
    }
}

void ti_pair_open(ti_pair *p, const ti_matmul *mm, uint8_t *scratch) {
    p->taps = (void *)scratch;
    p->count = TI_PAIR_WORDS(mm->k);
    for (uint32_t i = mm->k; i < p->count; i++) {
        vector_of(p, 0)[i] = vector_of(p, 1)[i] = 0;
    }
    /* Few weights, as in a first layer, are widened once for all pairs, and so that no lanes are left to add up. */
    p->by_columns = mm->stage.quick && mm->out_c % 8 == 0 && mm->out_c <= 4 * TI_PAIR_QUADS
        && p->count * mm->out_c <= TI_PAIR_COLUMNS;
    if (!p->by_columns) {
        return;
    }
    const ti_stage4 quick = ti_stage4_open(&mm->stage);
    const int8_t *w = mm->weights;
    __m128i *to = p->columns;
    for (uint32_t c = 0; c < mm->out_c; c += 4, w += 4 * mm->k) {
        const int8_t *w1 = w + mm->k, *w2 = w1 + mm->k, *w3 = w2 + mm->k;
        uint32_t i = 0;
        p->channels[c / 4] = ti_channels4_open(&mm->stage, &quick, c);
        for (; p->count - i >= 8; i += 8, to += 4) {
            turn(to, ti_widen(w + i), ti_widen(w1 + i), ti_widen(w2 + i), ti_widen(w3 + i), 8);
        }
        if (i < p->count) {
            turn(to, widen4(w + i), widen4(w1 + i), widen4(w2 + i), widen4(w3 + i), 4);
            to += 2;
        }
    }
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
    switch (n) {  /* the rule in a first layer */
        case 3: to0[2] = x0[2], to1[2] = x1[2]; /* fall through */
        case 2: to0[1] = x0[1], to1[1] = x1[1]; /* fall through */
        default: to0[0] = x0[0], to1[0] = x1[0];
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

/* Two taps, as they lie, in all lanes. */
static inline __m128i two(const int16_t *x) {
    int32_t both;
    memcpy(&both, x, sizeof both);
    return _mm_shuffle_epi32(_mm_cvtsi32_si128(both), 0);
}

/* Two quads of channels at a time. */
static void run_columns(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    const ti_stage4 quick = ti_stage4_open(&mm->stage);
    const uint32_t count = p->count, out_c = mm->out_c;
    const int16_t *x0 = vector_of(p, 0), *x1 = vector_of(p, 1);
    const __m128i *w = p->columns;
    const ti_channels4 *channels = p->channels;
    for (uint32_t c = 0; c < out_c; c += 8, w += count / 2, channels += 2) {
        const sums zero = {_mm_setzero_si128(), _mm_setzero_si128()};
        sums a = zero, b = zero;
        for (const int16_t *x = x0, *y = x1; x != x1; x += 4, y += 4, w += 2) {
            const __m128i v0 = two(x), v1 = two(y), v2 = two(x + 2), v3 = two(y + 2);
            add(&a, v0, v1, w[0]);
            add(&b, v0, v1, w[count / 2]);
            add(&a, v2, v3, w[1]);
            add(&b, v2, v3, w[count / 2 + 1]);
        }
        const __m128i y = ti_stage8_apply(&quick, channels, a.s, b.s, a.t, b.t);
        _mm_storel_epi64((void *)(out0 + c), y);
        _mm_storeh_pi((void *)(out1 + c), _mm_castsi128_ps(y));
    }
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    if (p->by_columns) {
        run_columns(mm, p, out0, out1);
        return;
    }
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
