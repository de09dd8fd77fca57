#include "../ti_depthwise.h"

const ti_claim ti_depthwise_conv2d_claims[] = {
    TI_IS(INT8, TI_I16(ti_depthwise_conv2d, in_zero_point)),
    TI_IS(RESERVED, TI_U16(ti_depthwise_conv2d, reserved)),
    TI_TIMES(TI_U16(ti_depthwise_conv2d, window.k_h)), TI_TIMES(TI_U16(ti_depthwise_conv2d, window.k_w)),
    TI_TIMES(TI_U16(ti_depthwise_conv2d, window.out_c)), TI_BYTES_AT(TI_32(ti_depthwise_conv2d, weights)),
    TI_END,
};

void ti_depthwise_conv2d_check(ti_proof *p, const ti_op *op) {
    const ti_depthwise_conv2d *conv = (const void *)(p->blob + op->params);
    const ti_window *w = &conv->window;
    ti_require_window(p, op, w);
    ti_require_product(p, w->out_c / w->in_c, w->in_c, 1, w->out_c);
    ti_require_stage(p, op, offsetof(ti_depthwise_conv2d, stage), w->out_c);
}

void ti_depthwise_conv2d_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_depthwise_conv2d *conv = ti_params(m, op);
    ti_depthwise d;
    d.window = &conv->window;
    d.weights = ti_data(m, conv->weights);
    ti_window_open(&d.open, m, op, row);
    ti_stage_open(&d.stage, m, &conv->stage);
    d.padding = (int8_t)conv->in_zero_point;
    ti_depthwise_row(&d, ti_output_row(m, op, row));
}
