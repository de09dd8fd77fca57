#include "ti_broadcast.h"

#include "ti_fixed.h"

/* Bits of ti_broadcast.single: one for each of its dimensions. */
enum { DIMENSIONS_OF_ROWS = 4, ROWS = 15, OUTER = 16, INNER = 32 };

/* A tensor is of the sizes of `b`, or 1 along the dimensions of `single`. */
static void require_sizes(ti_proof *p, const ti_broadcast *b, uint32_t single, const ti_tensor *t) {
    uint32_t rows = 1;
    for (uint32_t i = 0; i < DIMENSIONS_OF_ROWS && rows <= UINT16_MAX; i++) {
        rows *= single >> i & 1 ? 1 : b->rows[i];
    }
    ti_require_equal(p, rows, t->rows);
    ti_require_product(p, single & OUTER ? 1 : b->outer, single & INNER ? 1 : b->inner, ti_element_bytes(t->dtype),
                       t->row_bytes);
}

void ti_require_broadcast(ti_proof *p, const ti_op *op, uint32_t inputs, uint32_t dtype) {
    const ti_broadcast *b = (const void *)(p->blob + op->params);
    /* The output's sizes are proved first: they are at least 1, and an input has no other. */
    require_sizes(p, b, 0, &p->tensors[op->output]);
    for (uint32_t k = 0; k < 3; k++) {
        uint32_t single = b->single[k];
        ti_require_between(p, (int32_t)single, 0, k < inputs ? 63 : 0, offsetof(ti_broadcast, single) + k);
        if (k < inputs) {
            const ti_tensor *in = &p->tensors[op->inputs[k]];
            if (k + 2 >= inputs && in->dtype != dtype) {
                ti_refuse(p, TI_FAULT_VALUE, op->inputs[k], (uint32_t)(offsetof(ti_op, inputs) + 2 * k));
            }
            require_sizes(p, b, single, in);
            if (single & ROWS) {
                ti_require_equal(p, in->rows, in->ring);
            }
        }
    }
}

static const ti_claim rescale[] = {
    TI_IS(NOT_NEGATIVE, TI_32(ti_rescale, multiplier)),
    TI_IS(INT8_OR_16, TI_I16(ti_rescale, zero_point)),
    TI_IS(SHIFT, TI_I8(ti_rescale, shift)),
    TI_IS(LEFT_SHIFT, TI_U8(ti_rescale, left_shift)),
    TI_END,
};

void ti_require_rescales(ti_proof *p, const ti_op *op, size_t at, uint32_t count) {
    for (; count > 0; count--, at += sizeof(ti_rescale)) {
        ti_require_claims(p, op, rescale, at);
    }
}

/* The row of an input for output row `row`: its index along the dimensions that the input has. */
static uint32_t input_row(const ti_broadcast *b, uint32_t single, uint32_t row) {
    uint32_t in = 0;
    uint32_t place = 1;
    for (uint32_t i = DIMENSIONS_OF_ROWS; i-- > 0;) {
        uint32_t rest = row / b->rows[i];
        if (!(single >> i & 1)) {
            in += (row - rest * b->rows[i]) * place;
            place *= b->rows[i];
        }
        row = rest;
    }
    return in;
}

static void put(void *out, uint32_t bytes, int32_t x) {
    if (bytes == 4) {
        *(int32_t *)out = x;
    } else if (bytes == 2) {
        *(int16_t *)out = (int16_t)x;
    } else {
        *(int8_t *)out = (int8_t)x;
    }
}

void ti_broadcast_row(const ti_model *m, const ti_op *op, uint32_t row, uint32_t inputs,
                      int32_t (*element)(const void *params, ti_operand *in)) {
    const ti_broadcast *b = ti_params(m, op);
    uint32_t bytes = ti_element_bytes(m->tensors[op->output].dtype);
    int8_t *out = ti_output_row(m, op, row);
    ti_operand in[3];
    for (uint32_t k = 0; k < inputs; k++) {
        const ti_tensor *t = &m->tensors[op->inputs[k]];
        uint32_t single = b->single[k];
        ti_operand *x = &in[k];
        x->row = (const uint8_t *)ti_row(m, t, input_row(b, single, row));
        x->at = 0;
        x->bytes = ti_element_bytes(t->dtype);
        x->step = single & INNER ? 0 : x->bytes;
        x->skip = single & OUTER ? 0 - b->inner * x->step : x->bytes - x->step;
    }
    for (uint32_t o = 0; o < b->outer; o++) {
        for (uint32_t i = 0; i < b->inner; i++, out += bytes) {
            put(out, bytes, element(b, in));
        }
        for (uint32_t k = 0; k < inputs; k++) {
            in[k].at += in[k].skip;
        }
    }
}

int32_t ti_next(ti_operand *x) {
    const void *at = x->row + x->at;
    x->at += x->step;
    return x->bytes == 4 ? *(const int32_t *)at : x->bytes == 2 ? *(const int16_t *)at : *(const int8_t *)at;
}

int32_t ti_rescaled(int32_t x, const ti_rescale *r) {
    return r->multiplier ? ti_requantise(ti_shift_left(x, r->left_shift), r->multiplier, r->shift) : x;
}

int32_t ti_next_rescaled(ti_operand *x, const ti_rescale *r) {
    return ti_rescaled(ti_wrap_add(ti_next(x), -r->zero_point), r);
}
