#include "ti_reduction.h"

#include "ti_kernels.h"

int ti_prove_reduction(ti_proof *p, const ti_op *op, uint32_t outer, uint32_t width, uint32_t inner, uint32_t rows) {
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    uint32_t bytes = ti_element_bytes(in->dtype);
    return ti_prove_product(p, out->rows, rows, 1, in->rows)
        && (in->ring == in->rows || in->ring >= rows || ti_fail(p, TI_FAULT_SHAPE, rows, in->ring))
        && (in->row_bytes % bytes == 0 || ti_fail(p, TI_FAULT_SHAPE, bytes, in->row_bytes))
        && ti_prove_product(p, outer, width, inner, in->row_bytes / bytes)
        && ti_prove_product(p, outer, inner, ti_element_bytes(out->dtype), out->row_bytes);
}
