/* REDUCE_MEAN, REDUCE_MAX and ARG_MAX: an element from elements of `rows` input rows and of the width. Their parameters
 * begin alike (SPEC.md, "REDUCE_MEAN"). */
#include "../ti_element.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"

#define SIZES(params)                                                                               \
    TI_PRODUCT(TI_ROWS(TI_OUT), TI_U16(params, rows), TI_ROWS(TI_IN)),                              \
    TI_TIMES(TI_32(params, outer)), TI_TIMES(TI_32(params, width)), TI_TIMES(TI_32(params, inner)), \
    TI_TIMES(TI_ELEMENT_BYTES(TI_IN)), TI_EQUALS(TI_ROW_BYTES(TI_IN)),                              \
    TI_PRODUCT3(TI_32(params, outer), TI_32(params, inner), TI_ELEMENT_BYTES(TI_OUT), TI_ROW_BYTES(TI_OUT))

const ti_claim ti_reduce_mean_claims[] = {
    TI_EQUAL(TI_DTYPE(TI_IN), TI_DTYPE(TI_OUT)),
    SIZES(ti_reduce_mean),
    TI_IS(SHIFT, TI_32(ti_reduce_mean, shift)),
    TI_IS(NOT_NEGATIVE, TI_32(ti_reduce_mean, multiplier)),
    TI_IS(INT8_OR_16, TI_I16(ti_reduce_mean, zero_point)),
    TI_END,
};

const ti_claim ti_reduce_max_claims[] = {
    SIZES(ti_reduce_max),
    TI_IS(FLAG, TI_U16(ti_reduce_max, minimum)),
    TI_END,
};

void ti_reduce_check(ti_proof *p, const ti_op *op) {
    const ti_reduce_max *r = (const void *)(p->blob + op->params);
    ti_require_ring(p, op, r->rows);
}

/* The mean; the first of the greatest elements, or its index where the output is int32. */
void ti_reduce_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_reduce_mean *mean = ti_params(m, op);
    const ti_reduce_max *r = ti_params(m, op);
    const ti_rows first = ti_rows_from(m, ti_input(m, op), row * r->rows, 1);
    const int is_int16 = ti_input(m, op)->dtype == TI_INT16;
    const int32_t least = is_int16 ? INT16_MIN : INT8_MIN;
    const int is_mean = op->kernel == TI_REDUCE_MEAN;
    const int32_t flip = !is_mean && r->minimum ? -1 : 0;  /* x ^ -1 is -x - 1: the least becomes the greatest */
    int8_t *out = ti_output_row(m, op, row);
    int32_t *indexes = m->tensors[op->output].dtype == TI_INT32 ? (void *)out : 0;
    uint32_t to = 0;
    for (uint32_t o = 0; o < r->outer; o++) {
        for (uint32_t i = 0; i < r->inner; i++, to++) {
            ti_rows rows = first;
            int32_t best = INT8_MIN, index = 0, best_index = 0;
            uint32_t sum = 0;
            for (uint32_t y = 0; y < r->rows; y++) {
                uint32_t k = o * r->width * r->inner + i;
                for (uint32_t x = 0; x < r->width; x++, k += r->inner, index++) {
                    int32_t v = ti_load(rows.base + rows.at, k, is_int16) ^ flip;
                    sum += (uint32_t)v;
                    if (v > best) {
                        best = v;
                        best_index = index;
                    }
                }
                ti_rows_next(&rows);
            }
            if (indexes) {
                indexes[to] = best_index;
                continue;
            }
            best ^= flip;
            if (is_mean) {
                best = ti_requantise_call((int32_t)(sum + (uint32_t)mean->bias), mean->multiplier, mean->shift);
                best = ti_clamp(ti_wrap_add(best, mean->zero_point), least, -least - 1);
            }
            ti_store(out, to, best, is_int16);
        }
    }
}
