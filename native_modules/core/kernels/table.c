#include "../ti_kernels.h"

int ti_table_check(ti_proof *p, const ti_op *op) {
    const ti_table *t = (const void *)(p->blob + op->params);
    return ti_prove_elements(p, op, t->count, 1)
        && ti_prove_offset(p, t->table, 256, 1);
}

void ti_table_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_table *t = ti_params(m, op);
    const int8_t *table = (const int8_t *)(m->blob + t->table);
    const int8_t *in = ti_row(m, ti_input(m, op), row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < t->count; i++) {
        out[i] = table[(uint8_t)in[i]];
    }
}
