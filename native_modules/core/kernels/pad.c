#include <string.h>

#include "../ti_kernels.h"

/* `in` elements at distance `pad` from the start of `out` elements stay within them. */
static void require_fits(ti_proof *p, uint32_t pad, uint32_t in, uint32_t out) {
    uint32_t past = pad > UINT32_MAX - in ? UINT32_MAX : pad + in;
    if (in > out || pad > out - in) {
        ti_refuse(p, TI_FAULT_SHAPE, past, out);
    }
}

const ti_claim ti_pad_claims[] = {
    TI_IS(POSITIVE, TI_U16(ti_pad, in_h)),
    TI_IS(POSITIVE, TI_U16(ti_pad, out_h)),
    TI_IS(INT8, TI_I16(ti_pad, fill)),
    TI_PRODUCT(TI_32(ti_pad, in_w), TI_32(ti_pad, in_c), TI_ROW_BYTES(TI_IN)),
    TI_PRODUCT(TI_32(ti_pad, out_w), TI_32(ti_pad, out_c), TI_ROW_BYTES(TI_OUT)),
    TI_END,
};

void ti_pad_check(ti_proof *p, const ti_op *op) {
    const ti_pad *pad = (const void *)(p->blob + op->params);
    ti_require_images(p, op, pad->in_h, pad->out_h);
    require_fits(p, pad->pad_top, pad->in_h, pad->out_h);
    require_fits(p, pad->pad_left, pad->in_w, pad->out_w);
    require_fits(p, pad->pad_c, pad->in_c, pad->out_c);
}

void ti_pad_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_pad *pad = ti_params(m, op);
    const ti_tensor *output = &m->tensors[op->output];
    int8_t *out = ti_row(m, output, row);
    uint32_t image = row / pad->out_h;
    uint32_t y = row - image * pad->out_h - pad->pad_top;  /* wraps to a large number above the input */
    memset(out, pad->fill, output->row_bytes);
    if (y >= pad->in_h) {
        return;
    }
    const int8_t *in = ti_row(m, ti_input(m, op), image * pad->in_h + y);
    uint32_t piece = pad->in_c;
    uint32_t pieces = pad->in_w;
    if (pad->in_c == pad->out_c) {
        piece *= pieces;
        pieces = 1;
    }
    uint32_t at = pad->pad_left * pad->out_c + pad->pad_c;
    for (uint32_t i = 0; i < pieces; i++, at += pad->out_c) {
        memmove(out + at, in + i * piece, piece);
    }
}
