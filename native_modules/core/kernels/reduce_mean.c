#include "../ti_element.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_reduction.h"

int ti_reduce_mean_check(ti_proof *p, const ti_op *op) {
    const ti_reduce_mean *r = (const void *)(p->blob + op->params);
    int32_t dtype = p->tensors[op->inputs[0]].dtype;
    int32_t least = dtype == TI_INT16 ? INT16_MIN : INT8_MIN;
    return ti_prove_between(p, p->tensors[op->output].dtype, dtype, dtype, offsetof(ti_op, output))
        && ti_prove_reduction(p, op, r->outer, r->width, r->inner, r->rows)
        && ti_prove_shift(p, r->shift, offsetof(ti_reduce_mean, shift))
        && ti_prove_multiplier(p, r->multiplier, offsetof(ti_reduce_mean, multiplier))
        && ti_prove_between(p, r->zero_point, least, -least - 1, offsetof(ti_reduce_mean, zero_point));
}

void ti_reduce_mean_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_reduce_mean *r = ti_params(m, op);
    const ti_rows first = ti_rows_from(m, ti_input(m, op), row * r->rows, 1);
    const int is_int16 = ti_input(m, op)->dtype == TI_INT16;
    const int32_t least = is_int16 ? INT16_MIN : INT8_MIN;
    void *out = ti_output_row(m, op, row);
    uint32_t to = 0;
    for (uint32_t o = 0; o < r->outer; o++) {
        for (uint32_t i = 0; i < r->inner; i++) {
            ti_rows rows = first;
            uint32_t sum = 0;
            for (uint32_t y = 0; y < r->rows; y++) {
                const void *in = rows.base + rows.at;
                uint32_t k = o * r->width * r->inner + i;
                for (uint32_t x = 0; x < r->width; x++, k += r->inner) {
                    sum += (uint32_t)ti_load(in, k, is_int16);
                }
                ti_rows_next(&rows);
            }
            int32_t y = ti_requantise_call((int32_t)(sum + (uint32_t)r->bias), r->multiplier, r->shift);
            ti_store(out, to++, ti_clamp(ti_wrap_add(y, r->zero_point), least, -least - 1), is_int16);
        }
    }
}
