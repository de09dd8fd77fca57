/* Dot products of int8 vectors, the innermost loop of FULLY_CONNECTED and CONV2D. One interface, two ways; both give
 * the same sums, modulo 2^32.
 *
 *   ti_dot        one vector with one row of weights
 *   ti_dot_block  one vector with TI_DOT_ROWS rows of weights, which lie k bytes apart
 */
#ifndef TI_DOT_H
#define TI_DOT_H

#include <stdint.h>

#include "ti_config.h"

static inline uint32_t ti_dot(const int8_t *x, const int8_t *w, uint32_t k) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        sum += (uint32_t)(x[i] * w[i]);
    }
    return sum;
}

#if defined(TI_RV32)

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

#endif
#endif
