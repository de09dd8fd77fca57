/* MAX_POOL, AVERAGE_POOL, and POOL16, whose parameters begin as theirs. */
#include "../ti_element.h"
#include "../ti_fixed.h"
#include "../ti_window.h"

const ti_claim ti_pool2d_claims[] = {
    TI_ORDERED(INT8, TI_I16(ti_pool2d, min), TI_I16(ti_pool2d, max)),
    TI_END,
};

const ti_claim ti_pool16_claims[] = {
    TI_ORDERED(VALUE, TI_I16(ti_pool16, min), TI_I16(ti_pool16, max)),
    TI_IS(FLAG, TI_U16(ti_pool16, average)),
    TI_IS(RESERVED, TI_U16(ti_pool16, reserved)),
    TI_END,
};

/* Each window begins before the input's end and ends after its start. */
static void require_never_empty(ti_proof *p, uint32_t in, uint32_t out, uint32_t taps, uint32_t stride, uint32_t pad) {
    if (pad >= taps) {
        ti_refuse(p, TI_FAULT_SHAPE, pad + 1, taps);
    }
    if ((out - 1) * stride >= in + pad) {
        ti_refuse(p, TI_FAULT_SHAPE, (out - 1) * stride + 1, in + pad);
    }
}

/* No dilation, no channel mixed, no window without an element. */
void ti_pool_check(ti_proof *p, const ti_op *op) {
    const ti_window *w = (const void *)(p->blob + op->params);
    ti_require_window(p, op, w);
    ti_require_equal(p, w->in_c, w->out_c);
    ti_require_between(p, w->dilation_h, 1, 1, offsetof(ti_window, dilation_h));
    ti_require_between(p, w->dilation_w, 1, 1, offsetof(ti_window, dilation_w));
    require_never_empty(p, w->in_h, w->out_h, w->k_h, w->stride_h, w->pad_top);
    require_never_empty(p, w->in_w, w->out_w, w->k_w, w->stride_w, w->pad_left);
}

void ti_pool_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_pool16 *pool = ti_params(m, op);
    const ti_window *w = &pool->window;
    const uint32_t is_int16 = TI_HAS(POOL16) && op->kernel == TI_POOL16;
    const int average = is_int16 ? pool->average : !TI_HAS(MAX_POOL) || op->kernel == TI_AVERAGE_POOL;
    const uint32_t step = (uint32_t)w->in_c << is_int16;
    void *out = ti_output_row(m, op, row);
    uint32_t to = 0;
    ti_window_rows open;
    ti_window_open(&open, m, op, row);
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
                const int8_t *x = rows.base + rows.at + (at << is_int16);
                for (const int8_t *past = x + width * step; x != past; x += step) {
                    int32_t v = ti_load(x, 0, is_int16);
                    best = v > best ? v : best;
                    sum += (uint32_t)v;
                }
                ti_rows_next(&rows);
            }
            if (average) {
                best = ti_average((int32_t)sum, (open.taps.past - open.taps.first) * width);
            }
            ti_store(out, to++, ti_clamp(best, pool->min, pool->max), is_int16);
        }
    }
}
