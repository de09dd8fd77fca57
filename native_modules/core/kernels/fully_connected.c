#include "../ti_kernels.h"
#include "../ti_matmul.h"

int ti_fully_connected_check(ti_proof *p, const ti_op *op) {
    const ti_fully_connected *f = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    return ti_prove_equal(p, in->rows, out->rows)
        && ti_prove_product(p, f->pixels, f->in_c, 1, in->row_bytes)
        && ti_prove_product(p, f->pixels, f->out_c, 1, out->row_bytes)
        && ti_prove_offset(p, f->weights, (uint64_t)f->out_c * f->in_c, 1)
        && ti_prove_stage(p, &f->stage, f->out_c, offsetof(ti_fully_connected, stage));
}

void ti_fully_connected_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_fully_connected *f = ti_params(m, op);
    ti_matmul mm;
    mm.weights = (const int8_t *)(m->blob + f->weights);
    mm.k = f->in_c;
    mm.out_c = f->out_c;
    mm.stage = ti_stage_open(m, &f->stage);
    ti_matmul_run(&mm, ti_row(m, ti_input(m, op), row), f->pixels, ti_output_row(m, op, row));
}
