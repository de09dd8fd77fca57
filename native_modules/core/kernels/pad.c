#include <string.h>

#include "../ti_kernels.h"

/* `in` elements at distance `pad` from the start of `out` elements stay within them. */
static int prove_fits(ti_proof *p, uint32_t pad, uint32_t in, uint32_t out) {
    uint32_t past = pad > UINT32_MAX - in ? UINT32_MAX : pad + in;
    return (in <= out && pad <= out - in) || ti_fail(p, TI_FAULT_SHAPE, past, out);
}

int ti_pad_check(ti_proof *p, const ti_op *op) {
    const ti_pad *pad = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    if (!ti_prove_between(p, pad->in_h, 1, UINT16_MAX, offsetof(ti_pad, in_h))
        || !ti_prove_between(p, pad->out_h, 1, UINT16_MAX, offsetof(ti_pad, out_h))) {
        return 0;
    }
    uint32_t images = in->rows / pad->in_h;
    return ti_prove_product(p, images, pad->in_h, 1, in->rows)
        && ti_prove_product(p, images, pad->out_h, 1, out->rows)
        && ti_prove_product(p, pad->in_w, pad->in_c, 1, in->row_bytes)
        && ti_prove_product(p, pad->out_w, pad->out_c, 1, out->row_bytes)
        && prove_fits(p, pad->pad_top, pad->in_h, pad->out_h)
        && prove_fits(p, pad->pad_left, pad->in_w, pad->out_w)
        && prove_fits(p, pad->pad_c, pad->in_c, pad->out_c)
        && ti_prove_int8(p, pad->fill, offsetof(ti_pad, fill));
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
