#include "../ti_fixed.h"
#include "../ti_kernels.h"

int ti_reduce_mean_check(ti_proof *p, const ti_op *op) {
    const ti_reduce_mean *r = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    return ti_prove_product(p, out->rows, r->rows, 1, in->rows)
        && (in->ring == in->rows || in->ring >= r->rows || ti_fail(p, TI_FAULT_SHAPE, r->rows, in->ring))
        && ti_prove_product(p, r->outer, r->width, r->inner, in->row_bytes)
        && ti_prove_product(p, r->outer, r->inner, 1, out->row_bytes)
        && ti_prove_between(p, r->shift, -31, 30, offsetof(ti_reduce_mean, shift))
        && ti_prove_between(p, r->multiplier, 0, INT32_MAX, offsetof(ti_reduce_mean, multiplier))
        && ti_prove_between(p, r->zero_point, INT8_MIN, INT8_MAX, offsetof(ti_reduce_mean, zero_point));
}

void ti_reduce_mean_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_reduce_mean *r = ti_params(m, op);
    const ti_rows first = ti_rows_from(m, ti_input(m, op), row * r->rows, 1);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t o = 0; o < r->outer; o++) {
        for (uint32_t i = 0; i < r->inner; i++) {
            ti_rows rows = first;
            uint32_t sum = 0;
            for (uint32_t y = 0; y < r->rows; y++) {
                uint32_t k = rows.at + o * r->width * r->inner + i;
                for (uint32_t x = 0; x < r->width; x++, k += r->inner) {
                    int32_t v = rows.base[k];
                    sum += (uint32_t)v;
                }
                ti_rows_next(&rows);
            }
            int32_t y = ti_requantise((int32_t)(sum + (uint32_t)r->bias), r->multiplier, r->shift);
            *out++ = (int8_t)ti_clamp(ti_wrap_add(y, r->zero_point), INT8_MIN, INT8_MAX);
        }
    }
}
