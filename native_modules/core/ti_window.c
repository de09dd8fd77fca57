#include "ti_window.h"

int ti_prove_window(ti_proof *p, const ti_op *op, const ti_window *w) {
    const uint16_t *fields = &w->in_h;  /* in_h .. dilation_w, each at least 1 */
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    for (uint32_t i = 0; i < 12; i++) {
        if (!ti_prove_between(p, fields[i], 1, i < 8 ? UINT16_MAX : 256, i * sizeof(uint16_t))) {
            return 0;
        }
    }
    uint32_t images = in->rows / w->in_h;
    uint32_t window_rows = (w->k_h - 1u) * w->dilation_h + 1;
    return ti_prove_product(p, images, w->in_h, 1, in->rows)
        && ti_prove_product(p, images, w->out_h, 1, out->rows)
        && ti_prove_product(p, w->in_w, w->in_c, in->dtype == TI_INT16 ? 2 : 1, in->row_bytes)
        && ti_prove_product(p, w->out_w, w->out_c, out->dtype == TI_INT16 ? 2 : 1, out->row_bytes)
        && (in->ring == in->rows || in->ring >= window_rows || ti_fail(p, TI_FAULT_SHAPE, window_rows, in->ring));
}

/* Each window begins before the input's end and ends after its start. */
static int prove_never_empty(ti_proof *p, uint32_t in, uint32_t out, uint32_t taps, uint32_t stride, uint32_t pad) {
    return (pad < taps || ti_fail(p, TI_FAULT_SHAPE, pad + 1, taps))
        && ((out - 1) * stride < in + pad || ti_fail(p, TI_FAULT_SHAPE, (out - 1) * stride + 1, in + pad));
}

int ti_prove_pool_window(ti_proof *p, const ti_op *op, const ti_window *w) {
    return ti_prove_window(p, op, w)
        && ti_prove_equal(p, w->in_c, w->out_c)
        && ti_prove_between(p, w->dilation_h, 1, 1, offsetof(ti_window, dilation_h))
        && ti_prove_between(p, w->dilation_w, 1, 1, offsetof(ti_window, dilation_w))
        && prove_never_empty(p, w->in_h, w->out_h, w->k_h, w->stride_h, w->pad_top)
        && prove_never_empty(p, w->in_w, w->out_w, w->k_w, w->stride_w, w->pad_left);
}

int ti_prove_pool2d(ti_proof *p, const ti_op *op) {
    const ti_pool2d *pool = (const void *)(p->blob + op->params);
    return ti_prove_pool_window(p, op, &pool->window)
        && ti_prove_min_max(p, pool->min, pool->max, offsetof(ti_pool2d, min));
}

/* ti_taps_inside() for a window that lies partly or wholly in the padding. */
ti_taps ti_taps_clipped(int32_t origin, uint32_t taps, uint32_t dilation, uint32_t size) {
    ti_taps inside = {0, taps};
    if (origin < 0) {
        uint32_t outside = (uint32_t)-origin;
        inside.first = (outside + dilation - 1) / dilation;
    }
    int32_t room = (int32_t)size - origin;  /* taps at less than this distance from tap 0 begin before the end */
    if (room <= (int32_t)((taps - 1) * dilation)) {
        inside.past = room > 0 ? ((uint32_t)room + dilation - 1) / dilation : 0;
    }
    if (inside.first > inside.past) {
        inside.first = inside.past;
    }
    return inside;
}

ti_window_rows ti_window_open(const ti_model *m, const ti_op *op, const ti_window *w, uint32_t row) {
    uint32_t image = row / w->out_h;
    int32_t origin = (int32_t)((row - image * w->out_h) * w->stride_h) - w->pad_top;
    ti_window_rows open;
    open.taps = ti_taps_inside(origin, w->k_h, w->dilation_h, w->in_h);
    uint32_t first = open.taps.first == open.taps.past ? 0 : (uint32_t)origin + open.taps.first * w->dilation_h;
    open.rows = ti_rows_from(m, ti_input(m, op), image * w->in_h + first, w->dilation_h);
    return open;
}

int32_t ti_average(int32_t sum, uint32_t count) {
    uint32_t size = sum < 0 ? 0 - (uint32_t)sum : (uint32_t)sum;
    int32_t quotient = (int32_t)((size + count / 2) / count);
    return sum < 0 ? -quotient : quotient;
}
