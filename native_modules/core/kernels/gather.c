#include <string.h>

#include "../ti_kernels.h"

int ti_gather_check(ti_proof *p, const ti_op *op) {
    const ti_gather *g = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *in2 = &p->tensors[op->inputs[1]];
    const ti_tensor *out = &p->tensors[op->output];
    return ti_prove_between(p, in2->dtype, TI_INT32, TI_INT32, offsetof(ti_op, inputs) + sizeof(uint16_t))
        && ti_prove_equal(p, out->rows, in->rows)
        && ti_prove_product(p, in2->rows, g->repeat, 1, out->rows)
        && ti_prove_product(p, g->vectors, g->depth, g->inner, in->row_bytes)
        && ti_prove_product(p, g->vectors, g->count, g->inner, out->row_bytes)
        && ti_prove_product(p, g->count, sizeof(int32_t), 1, in2->row_bytes);
}

void ti_gather_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_gather *g = ti_params(m, op);
    const int8_t *in = ti_source_row(m, ti_input(m, op), row);
    const int32_t *index = (const void *)ti_source_row(m, &m->tensors[op->inputs[1]], row / g->repeat);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t v = 0; v < g->vectors; v++, in += g->depth * g->inner) {
        for (uint32_t i = 0; i < g->count; i++, out += g->inner) {
            uint32_t k = index[i] < 0 ? 0 : (uint32_t)index[i];
            k = k < g->depth ? k : g->depth - 1;
            memmove(out, in + k * g->inner, g->inner);
        }
    }
}
