#include <string.h>

#include "../ti_kernels.h"

const ti_claim ti_gather_claims[] = {
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN)),
    TI_PRODUCT(TI_ROWS(TI_IN2), TI_32(ti_gather, repeat), TI_ROWS(TI_OUT)),
    TI_PRODUCT3(TI_32(ti_gather, vectors), TI_32(ti_gather, depth), TI_32(ti_gather, inner), TI_ROW_BYTES(TI_IN)),
    TI_PRODUCT3(TI_32(ti_gather, vectors), TI_32(ti_gather, count), TI_32(ti_gather, inner), TI_ROW_BYTES(TI_OUT)),
    TI_PRODUCT(TI_32(ti_gather, count), TI_ELEMENT_BYTES(TI_IN2), TI_ROW_BYTES(TI_IN2)),
    TI_END,
};

void ti_gather_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_gather *g = ti_params(m, op);
    const int8_t *in = ti_row(m, ti_input(m, op), row);
    const int32_t *index = (const void *)ti_row(m, &m->tensors[op->inputs[1]], row / g->repeat);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t v = 0; v < g->vectors; v++, in += g->depth * g->inner) {
        for (uint32_t i = 0; i < g->count; i++, out += g->inner) {
            uint32_t k = index[i] < 0 ? 0 : (uint32_t)index[i];
            k = k < g->depth ? k : g->depth - 1;
            memmove(out, in + k * g->inner, g->inner);
        }
    }
}
