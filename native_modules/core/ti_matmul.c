#include "ti_matmul.h"
#include "ti_dot.h"

static inline void store(const ti_stage *stage, const uint32_t sums[TI_DOT_ROWS], uint32_t c, int8_t *out) {
    for (uint32_t j = 0; j < TI_DOT_ROWS; j++) {
        out[c + j] = ti_stage_apply(stage, sums[j], c + j);
    }
}

#if TI_DOT_VECTORS == 2
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
#endif

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
#if TI_DOT_VECTORS == 2
    for (; vectors >= 2; vectors -= 2, x += 2 * mm->k, out += 2 * mm->out_c) {
        run_pair(mm, x, out);
    }
#endif
    for (; vectors; vectors--, x += mm->k, out += mm->out_c) {
        run_one(mm, x, out);
    }
}
