#include "../ti_kernels.h"
#include "../ti_reduction.h"

int ti_reduce_max_check(ti_proof *p, const ti_op *op) {
    const ti_reduce_max *r = (const void *)(p->blob + op->params);
    return ti_prove_reduction(p, op, r->outer, r->width, r->inner, r->rows)
        && ti_prove_flag(p, r->minimum, offsetof(ti_reduce_max, minimum));
}

/* The first of the greatest elements, or its index where the output is int32. */
void ti_reduce_max_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_reduce_max *r = ti_params(m, op);
    const ti_rows first = ti_rows_from(m, ti_input(m, op), row * r->rows, 1);
    const int32_t flip = r->minimum ? -1 : 0;  /* x ^ -1 is -x - 1: the least becomes the greatest */
    int8_t *out = ti_output_row(m, op, row);
    int32_t *indexes = m->tensors[op->output].dtype == TI_INT32 ? (void *)out : 0;
    for (uint32_t o = 0; o < r->outer; o++) {
        for (uint32_t i = 0; i < r->inner; i++) {
            ti_rows rows = first;
            int32_t best = INT8_MIN, index = 0, best_index = 0;
            for (uint32_t y = 0; y < r->rows; y++) {
                uint32_t k = rows.at + o * r->width * r->inner + i;
                for (uint32_t x = 0; x < r->width; x++, k += r->inner, index++) {
                    int32_t v = rows.base[k] ^ flip;
                    if (v > best) {
                        best = v;
                        best_index = index;
                    }
                }
                ti_rows_next(&rows);
            }
            if (indexes) {
                *indexes++ = best_index;
            } else {
                *out++ = (int8_t)(best ^ flip);
            }
        }
    }
}
