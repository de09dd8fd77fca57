#include "../ti_fixed.h"
#include "../ti_window.h"

int ti_pool16_check(ti_proof *p, const ti_op *op) {
    const ti_pool16 *pool = (const void *)(p->blob + op->params);
    return ti_prove_pool_window(p, op, &pool->window)
        && ti_prove_between(p, pool->max, pool->min, INT16_MAX, offsetof(ti_pool16, max))
        && ti_prove_flag(p, pool->average, offsetof(ti_pool16, average))
        && ti_prove_reserved(p, pool->reserved);
}

void ti_pool16_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_pool16 *pool = ti_params(m, op);
    const ti_window *w = &pool->window;
    const ti_window_rows open = ti_window_open(m, op, w, row);
    int16_t *out = (void *)ti_output_row(m, op, row);
    for (uint32_t x = 0; x < w->out_w; x++) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        ti_taps inside = ti_taps_inside(origin, w->k_w, 1, w->in_w);
        uint32_t at = ((uint32_t)origin + inside.first) * w->in_c;
        uint32_t width = inside.past - inside.first;
        for (uint32_t c = 0; c < w->in_c; c++, at++) {
            ti_rows rows = open.rows;
            int32_t best = INT16_MIN;
            uint32_t sum = 0;
            for (uint32_t ky = open.taps.first; ky < open.taps.past; ky++) {
                const int16_t *v = (const int16_t *)(const void *)(rows.base + rows.at) + at;
                for (uint32_t kx = 0; kx < width; kx++, v += w->in_c) {
                    best = *v > best ? *v : best;
                    sum += (uint32_t)(int32_t)*v;
                }
                ti_rows_next(&rows);
            }
            if (pool->average) {
                best = ti_average((int32_t)sum, (open.taps.past - open.taps.first) * width);
            }
            *out++ = (int16_t)ti_clamp(best, pool->min, pool->max);
        }
    }
}
