#include "../ti_element.h"
#include "../ti_exps.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_reciprocal.h"

const ti_claim ti_softmax_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_softmax, reserved)),
    TI_IS(1_TO_256, TI_U16(ti_softmax, exp_count)),
    TI_TIMES(TI_U16(ti_softmax, exp_count)), TI_INT32S_AT(TI_32(ti_softmax, exp_table)),
    TI_ELEMENTS(TI_32(ti_softmax, count), TI_32(ti_softmax, depth)),
    TI_END,
};

void ti_softmax_check(ti_proof *p, const ti_op *op) {
    const ti_softmax *s = (const void *)(p->blob + op->params);
    /* Up to 4095 values of at most 1.0 in Q12.19 cannot overflow the sum; table[0] is in it and keeps it from zero. */
    if (s->depth > 4095) {
        ti_refuse(p, TI_FAULT_VALUE, s->depth, offsetof(ti_softmax, depth));
    }
    const int32_t *table = (const void *)(p->blob + s->exp_table);
    for (uint32_t i = 0; i < s->exp_count; i++) {
        if (table[i] < (i ? 0 : 1 << 30)) {
            ti_refuse(p, TI_FAULT_VALUE, (uint32_t)table[i], offsetof(ti_softmax, exp_table));
        }
    }
}

uint32_t ti_sum_of_exps(const ti_softmax *s, const int32_t *table, const int8_t *x, int32_t *greatest) {
    int32_t max = INT8_MIN;
    for (uint32_t c = 0; c < s->depth; c++) {
        max = x[c] > max ? x[c] : max;
    }
    uint32_t sum = 0;
    for (uint32_t c = 0; c < s->depth; c++) {
        uint32_t below = (uint32_t)(max - x[c]);
        if (below < s->exp_count) {
            sum += (uint32_t)ti_rounding_shift(table[below], 12);
        }
    }
    *greatest = max;
    return sum;
}

void ti_softmax_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_softmax *s = ti_params(m, op);
    const int32_t *table = ti_data(m, s->exp_table);
    const int is_int16 = m->tensors[op->output].dtype == TI_INT16;
    const int32_t least = is_int16 ? INT16_MIN : INT8_MIN;
    const int8_t *x = ti_row(m, ti_input(m, op), row);
    void *out = ti_output_row(m, op, row);
    uint32_t to = 0;
    for (uint32_t i = 0; i < s->count; i++, x += s->depth) {
        int32_t max;
        uint32_t sum = ti_sum_of_exps(s, table, x, &max);
        uint32_t zeros = ti_leading_zeros(sum);
        int32_t scale = ti_reciprocal(sum, zeros);
        uint32_t shift = (is_int16 ? 12u + 15 : 12u + 23) - zeros;
        for (uint32_t c = 0; c < s->depth; c++) {
            uint32_t below = (uint32_t)(max - x[c]);
            int32_t y = 0;
            if (below < s->exp_count && shift <= 31) {
                y = ti_rounding_shift(ti_high_call(scale, table[below]), shift);
            }
            ti_store(out, to++, ti_clamp(y + least, least, -least - 1), is_int16);
        }
    }
}
