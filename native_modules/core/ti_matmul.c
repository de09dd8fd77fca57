#include "ti_matmul.h"
#include "ti_dot.h"

static inline void store(const ti_stage *stage, const uint32_t sums[TI_DOT_ROWS], uint32_t c, int8_t *out) {
    for (uint32_t j = 0; j < TI_DOT_ROWS; j++) {
        out[c + j] = ti_stage_apply(stage, sums[j], c + j);
    }
}

static void run_pair(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const ti_stage stage = mm->stage;
    const uint32_t k = mm->k, out_c = mm->out_c;
    const int8_t *w = mm->weights;
    uint32_t c = 0;
    for (; out_c - c >= TI_DOT_ROWS; c += TI_DOT_ROWS, w += TI_DOT_ROWS * k) {
        uint32_t sums[TI_DOT_VECTORS][TI_DOT_ROWS];
        ti_dot_pair(x, w, k, sums);
        store(&stage, sums[0], c, out);
        store(&stage, sums[1], c, out + out_c);
    }
    for (; c < out_c; c++, w += k) {
        out[c] = ti_stage_apply(&stage, ti_dot(x, w, k), c);
        out[out_c + c] = ti_stage_apply(&stage, ti_dot(x + k, w, k), c);
    }
}

static void run_one(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const ti_stage stage = mm->stage;
    const uint32_t k = mm->k, out_c = mm->out_c;
    const int8_t *w = mm->weights;
    uint32_t c = 0;
    for (; out_c - c >= TI_DOT_ROWS; c += TI_DOT_ROWS, w += TI_DOT_ROWS * k) {
        uint32_t sums[TI_DOT_ROWS];
        ti_dot_block(x, w, k, sums);
        store(&stage, sums, c, out);
    }
    for (; c < out_c; c++, w += k) {
        out[c] = ti_stage_apply(&stage, ti_dot(x, w, k), c);
    }
}

void ti_matmul_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out) {
    for (; vectors >= TI_DOT_VECTORS; vectors -= TI_DOT_VECTORS) {
        run_pair(mm, x, out);
        x += TI_DOT_VECTORS * mm->k;
        out += TI_DOT_VECTORS * mm->out_c;
    }
    if (vectors) {
        run_one(mm, x, out);
    }
}
