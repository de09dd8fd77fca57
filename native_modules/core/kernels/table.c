#include "../ti_kernels.h"

const ti_claim ti_table_claims[] = {
    TI_ELEMENTS_IN_A_ROW(TI_32(ti_table, count)),
    TI_TIMES_CONSTANT(256), TI_BYTES_AT(TI_32(ti_table, table)),
    TI_END,
};

void ti_table_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_table *t = ti_params(m, op);
    const int8_t *table = ti_data(m, t->table);
    const int8_t *in = ti_row(m, ti_input(m, op), row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < t->count; i++) {
        out[i] = table[(uint8_t)in[i]];
    }
}
