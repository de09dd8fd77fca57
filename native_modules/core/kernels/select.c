#include "../ti_broadcast.h"

const ti_claim ti_select_claims[] = {
    TI_IS(RESERVED, TI_U8(ti_broadcast, reserved)),
    TI_END,
};

void ti_select_check(ti_proof *p, const ti_op *op) {
    ti_require_broadcast(p, op, 3, p->tensors[op->output].dtype);
}

static int32_t select(const void *params, ti_operand *in) {
    (void)params;
    int32_t x = ti_next(&in[1]);
    int32_t y = ti_next(&in[2]);
    return ti_next(&in[0]) ? x : y;
}

void ti_select_row(const ti_model *m, const ti_op *op, uint32_t row) {
    ti_broadcast_row(m, op, row, 3, select);
}
