/* Two pixels at a time through a weight matrix (SPEC.md, "Pairs of pixels"): the inner routine of FULLY_CONNECTED and
 * CONV2D wherever a row has two pixels or more. Both pixels' vectors are first brought, once, into the form that suits the
 * core's multiplier; every output channel then reads them from there. One interface, one file for each form:
 *
 *   ti_pair.c        two int16 halves of one word: one 32-bit multiplication is two MACs
 *   ti_pair_rv32.c   the same, four output channels at a time
 *   ti_pair_armv6m.c the same in assembly
 *   ti_pair_sse2.c   int16 vectors for PMADDWD
 *   ti_pair_dsp.c    int16 in groups of four taps for SMLAD, two output channels at a time
 */
#ifndef TI_PAIR_H
#define TI_PAIR_H

#include "ti_config.h"
#include "ti_matmul.h"
#if defined(TI_SSE2)
#include "ti_stage_sse2.h"
#endif

#define TI_PAIR_WORDS(k) (((k) + 3) & ~3u)  /* of scratch memory, for two vectors of k elements */

/* 1 where the last pixel of an odd row costs less alone than as its own partner. */
#if defined(TI_ARMV6M) || defined(TI_RV32)
#define TI_PAIR_LEAVES_ONE 1
#else
#define TI_PAIR_LEAVES_ONE 0
#endif

#if defined(TI_SSE2)
#define TI_PAIR_COLUMNS 512  /* weights that may be kept by columns */
#define TI_PAIR_QUADS 8      /* of channels that may have them */
#endif

typedef struct {
    uint32_t *taps;   /* [TI_PAIR_WORDS(k)] */
    uint32_t count;   /* TI_PAIR_WORDS(k) */
#if defined(TI_SSE2)
    uint32_t by_columns;                    /* whether these are in: */
    ti_channels4 channels[TI_PAIR_QUADS];
    __m128i columns[TI_PAIR_COLUMNS / 8];   /* int16 [out_c / 4][count / 2][4 channels][2 taps] */
#endif
} ti_pair;

/* A pair for the product, in `scratch`, its elements from k on, which only fill it up, zero. */
void ti_pair_open(ti_pair *p, const ti_matmul *mm, uint8_t *scratch);

/* Elements at .. at + n - 1 of both vectors, n from 1 on. */
void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n);

/* Elements at .. at + n - 1 of vector 0, then of vector 1, never the other way round: x[i * step], step 0 or 1. */
void ti_pair_put_one(const ti_pair *p, uint32_t vector, uint32_t at, const int8_t *x, uint32_t step, uint32_t n);

/* All output channels of both pixels; out1 may be out0 where both vectors are the same. */
void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1);

#endif
