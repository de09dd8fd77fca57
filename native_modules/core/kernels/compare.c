#include "../ti_broadcast.h"

int ti_compare_check(ti_proof *p, const ti_op *op) {
    const ti_compare *c = (const void *)(p->blob + op->params);
    uint32_t dtype = p->tensors[op->inputs[0]].dtype;
    return ti_prove_broadcast(p, op, 2, dtype)
        && ti_prove_rescales(p, op, offsetof(ti_compare, in1), 2, dtype)
        && ti_prove_between(p, (int32_t)c->holds, 0, 7, offsetof(ti_compare, holds));
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
