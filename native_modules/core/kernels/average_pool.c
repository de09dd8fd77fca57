#include "../ti_fixed.h"
#include "../ti_window.h"

int ti_average_pool_check(ti_proof *p, const ti_op *op) {
    return ti_prove_pool2d(p, op);
}

void ti_average_pool_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_pool2d *pool = ti_params(m, op);
    const ti_window *w = &pool->window;
    const ti_window_rows open = ti_window_open(m, op, w, row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t x = 0; x < w->out_w; x++) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        ti_taps inside = ti_taps_inside(origin, w->k_w, 1, w->in_w);
        uint32_t at = ((uint32_t)origin + inside.first) * w->in_c;
        uint32_t width = inside.past - inside.first;
        uint32_t count = (open.taps.past - open.taps.first) * width;
        for (uint32_t c = 0; c < w->in_c; c++, at++) {
            ti_rows rows = open.rows;
            uint32_t sum = 0;
            for (uint32_t ky = open.taps.first; ky < open.taps.past; ky++) {
                uint32_t k = rows.at + at;
                for (uint32_t kx = 0; kx < width; kx++, k += w->in_c) {
                    int32_t v = rows.base[k];
                    sum += (uint32_t)v;
                }
                ti_rows_next(&rows);
            }
            *out++ = (int8_t)ti_clamp(ti_average((int32_t)sum, count), pool->min, pool->max);
        }
    }
}
