#include "ti_pair.h"

#if !defined(TI_SSE2) && !defined(TI_DSP)

/* Element i of both vectors is the word x0[i] + x1[i] * 2^16. Times a weight that is both products, added up both sums: as
 * long as the low half's sum stays within int16, the high half's can be read off exactly. How long that is, the packer
 * proved from the weights: `chunk` taps, or 2 where a chunk is listed as an exception. */

#define HALF 0x8000u  /* makes the low half positive, so that it borrows nothing from the high one */

void ti_pair_open(ti_pair *p, const ti_matmul *mm, uint8_t *scratch) {
    p->taps = (void *)scratch;
    p->count = TI_PAIR_WORDS(mm->k);
    for (uint32_t i = mm->k; i < p->count; i++) {
        p->taps[i] = 0;
    }
}

#if !defined(TI_RV32) && !defined(TI_ARMV6M)  /* which have their own */

void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n) {
    uint32_t *to = p->taps + at;
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (uint32_t)x0[i] + ((uint32_t)x1[i] << 16);
    }
}

#endif

void ti_pair_put_one(const ti_pair *p, uint32_t vector, uint32_t at, const int8_t *x, uint32_t step, uint32_t n) {
    uint32_t *to = p->taps + at, *past = to + n;
    if (vector) {
        for (; to != past; x += step) {
            *to++ += (uint32_t)*x << 16;
        }
    } else {
        for (; to != past; x += step) {
            *to++ = (uint32_t)*x;
        }
    }
}

#if !defined(TI_RV32) && !defined(TI_ARMV6M)  /* which have their own */

/* The sums of one output channel over the chunks so far. */
typedef struct {
    uint32_t all;   /* of whole words */
    uint32_t high;  /* of the high halves */
} halves;

static inline void empty(halves *sums, uint32_t word) {
    sums->all += word;
    sums->high += (uint32_t)((int32_t)word >> 16);
}

/* `taps` taps of two channels, emptied every `chunk` of them; both are even. */
static inline void dot(const uint32_t *x, const int8_t *w0, const int8_t *w1, uint32_t taps, uint32_t chunk,
                       halves *s0, halves *s1) {
    for (uint32_t i = 0; i < taps;) {
        uint32_t a0 = HALF, a1 = HALF;
        uint32_t past = taps - i < chunk ? taps : i + chunk;
        for (; i < past; i += 2) {
            a0 += x[i] * (uint32_t)w0[i];
            a1 += x[i] * (uint32_t)w1[i];
            a0 += x[i + 1] * (uint32_t)w0[i + 1];
            a1 += x[i + 1] * (uint32_t)w1[i + 1];
        }
        empty(s0, a0);
        empty(s1, a1);
    }
}

/* Sums of vector 0 and 1, once the low half's surplus, HALF for each of `chunks` times that it was emptied, is off. */
static inline void sums_of(const halves *s, uint32_t chunks, uint32_t sums[2]) {
    sums[0] = s->all - HALF * chunks - (s->high << 16);
    sums[1] = s->high;
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    const ti_stage stage = mm->stage;
    const uint32_t taps = p->count, chunk = mm->chunk, chunks = (taps + chunk - 1) / chunk;
    const uint8_t *run = mm->runs;
    const int8_t *w = mm->weights;
    for (uint32_t c = 0; c < mm->out_c; c += 2, w += 2 * mm->k) {
        uint32_t single = mm->out_c - c == 1;
        const int8_t *w1 = single ? w : w + mm->k;
        halves s0 = {0, 0}, s1 = {0, 0};
        uint32_t emptied = chunks, done = 0;
        while (done < chunks) {
            uint32_t n = run ? *run++ : chunks;
            uint32_t exception = n < chunks - done;
            uint32_t at = done * chunk;
            uint32_t past = n < chunks - done ? at + n * chunk : taps;
            dot(p->taps + at, w + at, w1 + at, past - at, chunk, &s0, &s1);
            done += n;
            if (exception) {
                uint32_t size = taps - past < chunk ? taps - past : chunk;
                dot(p->taps + past, w + past, w1 + past, size, 2, &s0, &s1);
                emptied += size / 2 - 1;
                done++;
            }
        }
        uint32_t sums[2];
        sums_of(&s0, emptied, sums);
        out0[c] = ti_stage_apply(&stage, sums[0], c);
        out1[c] = ti_stage_apply(&stage, sums[1], c);
        if (!single) {
            sums_of(&s1, emptied, sums);
            out0[c + 1] = ti_stage_apply(&stage, sums[0], c + 1);
            out1[c + 1] = ti_stage_apply(&stage, sums[1], c + 1);
        }
    }
}

#endif
#endif
