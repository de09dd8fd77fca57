#include "ti_window.h"

void ti_require_window(ti_proof *p, const ti_op *op, const ti_window *w) {
    const uint16_t *fields = &w->in_h;  /* in_h .. dilation_w, each at least 1 */
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    for (uint32_t i = 0; i < 12; i++) {
        ti_require_between(p, fields[i], 1, i < 8 ? UINT16_MAX : 256, i * sizeof(uint16_t));
    }
    ti_require_images(p, op, w->in_h, w->out_h);
    ti_require_product(p, w->in_w, w->in_c, ti_element_bytes(in->dtype), in->row_bytes);
    ti_require_product(p, w->out_w, w->out_c, ti_element_bytes(out->dtype), out->row_bytes);
    ti_require_ring(p, op, (w->k_h - 1u) * w->dilation_h + 1);
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

void ti_window_open(ti_window_rows *open, const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_window *w = ti_params(m, op);
    uint32_t image = row / w->out_h;
    int32_t origin = (int32_t)((row - image * w->out_h) * w->stride_h) - w->pad_top;
    open->taps = ti_taps_inside(origin, w->k_h, w->dilation_h, w->in_h);
    uint32_t first = open->taps.first == open->taps.past ? 0 : (uint32_t)origin + open->taps.first * w->dilation_h;
    open->rows = ti_rows_from(m, ti_input(m, op), image * w->in_h + first, w->dilation_h);
}

int32_t ti_average(int32_t sum, uint32_t count) {
    uint32_t size = sum < 0 ? 0 - (uint32_t)sum : (uint32_t)sum;
    int32_t quotient = (int32_t)((size + count / 2) / count);
    return sum < 0 ? -quotient : quotient;
}
