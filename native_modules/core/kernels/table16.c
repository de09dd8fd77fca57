#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_squash.h"

int ti_table16_check(ti_proof *p, const ti_op *op) {
    const ti_table16 *t = (const void *)(p->blob + op->params);
    return ti_prove_elements(p, op, t->count, 1)
        && ti_prove_offset(p, t->table, 256 * sizeof(uint16_t), 2)
        && ti_prove_between(p, t->shift, 0, 31, offsetof(ti_table16, shift))
        && ti_prove_flag(p, t->is_tanh, offsetof(ti_table16, is_tanh));
}

void ti_table16_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_table16 *t = ti_params(m, op);
    const uint16_t *table = (const void *)(m->blob + t->table);
    const int16_t *in = (const void *)ti_row(m, ti_input(m, op), row);
    int16_t *out = (void *)ti_output_row(m, op, row);
    int32_t half = t->shift ? 1 << (t->shift - 1) : 0;
    for (uint32_t i = 0; i < t->count; i++) {
        int32_t x = ti_wrap_add(in[i] * (int32_t)t->multiplier, half) >> t->shift;
        out[i] = (int16_t)ti_squash(table, x, t->is_tanh);
    }
}
