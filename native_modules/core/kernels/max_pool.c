#include "../ti_fixed.h"
#include "../ti_window.h"

int ti_max_pool_check(ti_proof *p, const ti_op *op) {
    return ti_prove_pool2d(p, op);
}

void ti_max_pool_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_pool2d *pool = ti_params(m, op);
    const ti_window *w = &pool->window;
    const ti_window_rows open = ti_window_open(m, op, w, row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t x = 0; x < w->out_w; x++) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        ti_taps inside = ti_taps_inside(origin, w->k_w, 1, w->in_w);
        uint32_t at = ((uint32_t)origin + inside.first) * w->in_c;
        uint32_t width = inside.past - inside.first;
        for (uint32_t c = 0; c < w->in_c; c++, at++) {
            ti_rows rows = open.rows;
            int32_t best = INT8_MIN;
            for (uint32_t ky = open.taps.first; ky < open.taps.past; ky++) {
                uint32_t k = rows.at + at;
                for (uint32_t kx = 0; kx < width; kx++, k += w->in_c) {
                    best = rows.base[k] > best ? rows.base[k] : best;
                }
                ti_rows_next(&rows);
            }
            *out++ = (int8_t)ti_clamp(best, pool->min, pool->max);
        }
    }
}
