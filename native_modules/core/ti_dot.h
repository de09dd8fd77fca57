/* Dot products of int8 vectors, the innermost loop of FULLY_CONNECTED and CONV2D. One interface, two ways; both give
 * the same sums, modulo 2^32.
 *
 *   ti_dot        one vector with one row of weights
 *   ti_dot_block  one vector with TI_DOT_ROWS rows of weights, which lie k bytes apart
 *   ti_dot_pair   two vectors, k bytes apart, with TI_DOT_ROWS rows of weights, where TI_DOT_VECTORS is 2
 */
#ifndef TI_DOT_H
#define TI_DOT_H

#include <stdint.h>

#include "ti_config.h"

#if defined(TI_ARMV6M) || defined(TI_DSP) || defined(TI_RV32)
#define TI_DOT_VECTORS 1  /* eight registers: a second vector would be spilled, and costs more than it saves */
#else
#define TI_DOT_VECTORS 2
#endif

static inline uint32_t ti_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        sum += (uint32_t)(x[i] * w[i]);
    }
    return sum;
}

#if defined(TI_SSE2)

#include "ti_sse2.h"

#define TI_DOT_ROWS 4

static inline __m128i ti_multiply_add(__m128i sum, __m128i x, const int8_t *w) {
    return _mm_add_epi32(sum, _mm_madd_epi16(x, ti_widen(w)));
}

/* Zero in the lanes before the last `count` of 8, to leave out what an overlapping last load reads twice. */
static inline __m128i ti_last_lanes(uint32_t count) {
    return _mm_cmpgt_epi16(_mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7), _mm_set1_epi16((int16_t)(7 - count)));
}

static inline void ti_dot_block(const int8_t *x, const int8_t *w, uint32_t k, uint32_t sums[TI_DOT_ROWS]) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    __m128i s0 = _mm_setzero_si128(), s1 = s0, s2 = s0, s3 = s0;
    if (k < 8) {
        for (uint32_t j = 0; j < TI_DOT_ROWS; j++) {
            sums[j] = ti_dot(x, w + j * k, k);
        }
        return;
    }
    uint32_t i = 0;
    for (; i <= k - 8; i += 8) {
        __m128i a = ti_widen(x + i);
        s0 = ti_multiply_add(s0, a, w + i);
        s1 = ti_multiply_add(s1, a, w1 + i);
        s2 = ti_multiply_add(s2, a, w2 + i);
        s3 = ti_multiply_add(s3, a, w3 + i);
    }
    if (i < k) {
        __m128i a = _mm_and_si128(ti_widen(x + k - 8), ti_last_lanes(k - i));
        s0 = ti_multiply_add(s0, a, w + k - 8);
        s1 = ti_multiply_add(s1, a, w1 + k - 8);
        s2 = ti_multiply_add(s2, a, w2 + k - 8);
        s3 = ti_multiply_add(s3, a, w3 + k - 8);
    }
    _mm_storeu_si128((void *)sums, ti_sum_lanes(s0, s1, s2, s3));
}

static inline void ti_dot_pair(const int8_t *x, const int8_t *w, uint32_t k,
                               uint32_t sums[TI_DOT_VECTORS][TI_DOT_ROWS]) {
    const int8_t *x1 = x + k, *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k;
    __m128i s0 = _mm_setzero_si128(), s1 = s0, s2 = s0, s3 = s0, t0 = s0, t1 = s0, t2 = s0, t3 = s0;
    if (k < 8) {
        ti_dot_block(x, w, k, sums[0]);
        ti_dot_block(x1, w, k, sums[1]);
        return;
    }
    __m128i lanes = _mm_set1_epi16(-1);
    for (uint32_t i = 0;;) {
        __m128i a = _mm_and_si128(ti_widen(x + i), lanes);
        __m128i b = _mm_and_si128(ti_widen(x1 + i), lanes);
        __m128i v = ti_widen(w + i);
        s0 = _mm_add_epi32(s0, _mm_madd_epi16(a, v));
        t0 = _mm_add_epi32(t0, _mm_madd_epi16(b, v));
        v = ti_widen(w1 + i);
        s1 = _mm_add_epi32(s1, _mm_madd_epi16(a, v));
        t1 = _mm_add_epi32(t1, _mm_madd_epi16(b, v));
        v = ti_widen(w2 + i);
        s2 = _mm_add_epi32(s2, _mm_madd_epi16(a, v));
        t2 = _mm_add_epi32(t2, _mm_madd_epi16(b, v));
        v = ti_widen(w3 + i);
        s3 = _mm_add_epi32(s3, _mm_madd_epi16(a, v));
        t3 = _mm_add_epi32(t3, _mm_madd_epi16(b, v));
        i += 8;
        if (i > k - 8) {
            if (i >= k) {
                break;
            }
            lanes = ti_last_lanes(k - i);
            i = k - 8;
        }
    }
    _mm_storeu_si128((void *)sums[0], ti_sum_lanes(s0, s1, s2, s3));
    _mm_storeu_si128((void *)sums[1], ti_sum_lanes(t0, t1, t2, t3));
}

#elif defined(TI_RV32)

#define TI_DOT_ROWS 4

/* Element `at`, a constant, of x and all rows. Left to itself the compiler loads all weights of eight elements first,
 * and has no registers for them. */
#define TI_DOT_TAP(at)                                                              \
    do {                                                                            \
        int32_t a = x[at], b, c;                                                    \
        __asm__("lb %[b], %[i](%[w0])\n\t"                                          \
                "lb %[c], %[i](%[w1])\n\t"                                          \
                "mul %[b], %[b], %[a]\n\t"                                          \
                "mul %[c], %[c], %[a]\n\t"                                          \
                "add %[s0], %[s0], %[b]\n\t"                                        \
                "lb %[b], %[i](%[w2])\n\t"                                          \
                "add %[s1], %[s1], %[c]\n\t"                                        \
                "lb %[c], %[i](%[w3])\n\t"                                          \
                "mul %[b], %[b], %[a]\n\t"                                          \
                "mul %[c], %[c], %[a]\n\t"                                          \
                "add %[s2], %[s2], %[b]\n\t"                                        \
                "add %[s3], %[s3], %[c]\n\t"                                        \
                : [s0] "+r"(s0), [s1] "+r"(s1), [s2] "+r"(s2), [s3] "+r"(s3), [b] "=&r"(b), [c] "=&r"(c) \
                : [a] "r"(a), [w0] "r"(w), [w1] "r"(w1), [w2] "r"(w2), [w3] "r"(w3), [i] "i"(at), "m"(w[at]), \
                  "m"(w1[at]), "m"(w2[at]), "m"(w3[at]));                           \
    } while (0)

static inline void ti_dot_block(const int8_t *x, const int8_t *w, uint32_t k, uint32_t sums[TI_DOT_ROWS]) {
    const int8_t *w1 = w + k, *w2 = w1 + k, *w3 = w2 + k, *past = x + k;
    uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    while (past - x >= 8) {
        TI_DOT_TAP(0);
        TI_DOT_TAP(1);
        TI_DOT_TAP(2);
        TI_DOT_TAP(3);
        TI_DOT_TAP(4);
        TI_DOT_TAP(5);
        TI_DOT_TAP(6);
        TI_DOT_TAP(7);
        x += 8;
        w += 8;
        w1 += 8;
        w2 += 8;
        w3 += 8;
    }
    while (x != past) {
        int32_t a = *x++;
        s0 += (uint32_t)(a * *w++);
        s1 += (uint32_t)(a * *w1++);
        s2 += (uint32_t)(a * *w2++);
        s3 += (uint32_t)(a * *w3++);
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#else

#define TI_DOT_ROWS 2

static inline void ti_dot_block(const int8_t *x, const int8_t *w, uint32_t k, uint32_t sums[TI_DOT_ROWS]) {
    const int8_t *w1 = w + k;
    uint32_t s0 = 0, s1 = 0;
    for (uint32_t i = 0; i < k; i++) {
        int32_t a = x[i];
        s0 += (uint32_t)(a * w[i]);
        s1 += (uint32_t)(a * w1[i]);
    }
    sums[0] = s0;
    sums[1] = s1;
}

#if TI_DOT_VECTORS == 2
static inline void ti_dot_pair(const int8_t *x, const int8_t *w, uint32_t k,
                               uint32_t sums[TI_DOT_VECTORS][TI_DOT_ROWS]) {
    const int8_t *x1 = x + k, *w1 = w + k;
    uint32_t s0 = 0, s1 = 0, t0 = 0, t1 = 0;
    for (uint32_t i = 0; i < k; i++) {
        int32_t a = x[i], b = x1[i], v = w[i];
        s0 += (uint32_t)(a * v);
        t0 += (uint32_t)(b * v);
        v = w1[i];
        s1 += (uint32_t)(a * v);
        t1 += (uint32_t)(b * v);
    }
    sums[0][0] = s0;
    sums[0][1] = s1;
    sums[1][0] = t0;
    sums[1][1] = t1;
}
#endif

#endif
#endif
