#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_squash.h"

const ti_claim ti_table16_claims[] = {
    TI_ELEMENTS_IN_A_ROW(TI_32(ti_table16, count)),
    TI_TIMES_CONSTANT(256), TI_INT16S_AT(TI_32(ti_table16, table)),
    TI_IS(UP_TO_31, TI_U8(ti_table16, shift)),
    TI_IS(FLAG, TI_U8(ti_table16, is_tanh)),
    TI_END,
};

void ti_table16_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_table16 *t = ti_params(m, op);
    const uint16_t *table = ti_data(m, t->table);
    const int16_t *in = (const void *)ti_row(m, ti_input(m, op), row);
    int16_t *out = (void *)ti_output_row(m, op, row);
    int32_t half = t->shift ? 1 << (t->shift - 1) : 0;
    for (uint32_t i = 0; i < t->count; i++) {
        int32_t x = ti_wrap_add(in[i] * (int32_t)t->multiplier, half) >> t->shift;
        out[i] = (int16_t)ti_squash(table, x, t->is_tanh);
    }
}
