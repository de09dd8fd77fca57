#include "ti_matmul.h"
#include "ti_coded.h"
#include "ti_dot.h"
#include "ti_pair.h"
#include "ti_stage_armv6m.h"

void ti_require_weights(ti_proof *p, const ti_op *op, const ti_pairs *pairs, uint32_t weights, uint32_t k, uint32_t out_c,
                        uint32_t single) {
    const uint32_t words = TI_PAIR_WORDS(k), both = ti_times(words, sizeof(uint32_t));
    ti_require_reserved(p, pairs->chunk & 3);
    ti_require_flag(p, pairs->coded, offsetof(ti_pairs, coded));
    if (pairs->chunk) {
        ti_require_pool(p, op->scratch, both);
    } else {
        ti_require_reserved(p, pairs->runs);
    }
    if (pairs->coded) {
        ti_require_coding(p, weights);
    }
    if (TI_HAS_CODINGS && pairs->coded) {
        ti_require_coded(p, op, pairs, weights, k, out_c, pairs->chunk ? both : single);
    } else {
        ti_require_offset(p, weights, ti_times(out_c, k), 1);
        if (pairs->chunk) {  /* no overflow: the weights themselves lie in the blob */
            ti_require_offset(p, weights, out_c * k + (words - k), 1);
        }
    }
    if (!TI_HAS(PAIRS)) {
        return;  /* what else there is of them is not read */
    }
    if (!pairs->runs) {
        return;
    }
    ti_require_offset(p, pairs->runs, 1, 1);
    uint32_t chunks = (words + pairs->chunk - 1) / pairs->chunk;
    uint32_t done = 0, left = (out_c + 1) / 2;
    const uint8_t *end = p->blob + p->end;
    for (const uint8_t *run = p->blob + pairs->runs; left; run++) {
        if (run == end) {
            ti_require_offset(p, p->end, 1, 1);
        }
        done += *run + 1u;
        if (done >= chunks) {
            done = 0;
            left--;
        }
    }
}

void ti_matmul_open(ti_matmul *mm, const ti_model *m, const ti_output_stage *stage, const ti_pairs *pairs, uint32_t weights) {
    mm->weights = ti_data(m, weights);
    mm->coded = TI_HAS_CODINGS && pairs->coded ? (const void *)mm->weights : 0;
    mm->sparse = TI_HAS(SPARSE_WEIGHTS) && mm->coded && mm->coded->coding == TI_SPARSE ? ti_data(m, mm->coded->data) : 0;
    mm->chunk = TI_HAS(PAIRS) ? pairs->chunk : 0;
    mm->runs = mm->chunk && pairs->runs ? ti_data(m, pairs->runs) : 0;
    ti_stage_open(&mm->stage, m, stage);
#if defined(TI_ARMV6M)
    if (!ti_stage_is_quick(&mm->stage)) {
        mm->chunk = 0;  /* the assembly for pairs has no other output stage */
        mm->runs = 0;
    }
#endif
}

#if !defined(TI_SMALL)
static inline void store(const ti_stage *stage, const uint32_t sums[TI_DOT_ROWS], uint32_t c, int8_t *out) {
    for (uint32_t j = 0; j < TI_DOT_ROWS; j++) {
        out[c + j] = ti_stage_apply(stage, sums[j], c + j);
    }
}
#endif

static void run_one(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const ti_stage *stage = &mm->stage;
    const uint32_t k = mm->k, out_c = mm->out_c;
    const int8_t *w = mm->weights;
    uint32_t c = 0;
#if defined(TI_SSE2)
    if (mm->stage.quick && k >= 16 && out_c >= 4) {
        ti_matmul_run_sse2(mm, x, out);
        return;
    }
#endif
#if defined(TI_ARMV6M)
    if (ti_stage_is_quick(stage) && out_c >= 4) {
        ti_matmul_run_armv6m(mm, x, out);
        return;
    }
#endif
#if !defined(TI_SMALL)
    const ti_stage copy = *stage;
    stage = &copy;
    for (; out_c - c >= TI_DOT_ROWS; c += TI_DOT_ROWS, w += TI_DOT_ROWS * k) {
        uint32_t sums[TI_DOT_ROWS];
        ti_dot_block(x, w, k, sums);
        store(stage, sums, c, out);
    }
#endif
    for (; c < out_c; c++, w += k) {
        out[c] = ti_stage_apply(stage, ti_dot(x, w, k), c);
    }
}

void ti_matmul_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out) {
    if (TI_HAS(SPARSE_WEIGHTS) && mm->sparse) {
        ti_sparse_run(mm, x, vectors, out);
        return;
    }
#if defined(TI_DSP)
    if (mm->stage.quick && mm->k >= 4 && mm->out_c >= TI_DSP_ROWS) {
        ti_matmul_run_dsp(mm, x, vectors, out);
        return;
    }
#endif
    for (; vectors; vectors--, x += mm->k, out += mm->out_c) {
        run_one(mm, x, out);
    }
}
