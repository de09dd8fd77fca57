#include "../ti_broadcast.h"

const ti_claim ti_compare_claims[] = {
    TI_IS(RESERVED, TI_U8(ti_compare, broadcast.reserved)),
    TI_IS(UP_TO_7, TI_32(ti_compare, holds)),
    TI_END,
};

void ti_compare_check(ti_proof *p, const ti_op *op) {
    ti_require_broadcast(p, op, 2, p->tensors[op->inputs[0]].dtype);
    ti_require_rescales(p, op, offsetof(ti_compare, in1), 2);
}

static int32_t compare(const void *params, ti_operand *in) {
    const ti_compare *c = params;
    int32_t x = ti_next_rescaled(&in[0], &c->in1);
    int32_t y = ti_next_rescaled(&in[1], &c->in2);
    return c->holds >> ((x >= y) + (x > y)) & 1;
}

void ti_compare_row(const ti_model *m, const ti_op *op, uint32_t row) {
    ti_broadcast_row(m, op, row, 2, compare);
}
