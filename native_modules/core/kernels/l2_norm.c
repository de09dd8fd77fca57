#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_reciprocal.h"

const ti_claim ti_l2_norm_claims[] = {
    TI_ELEMENTS(TI_32(ti_l2_norm, count), TI_32(ti_l2_norm, depth)),
    TI_IS(INT8, TI_32(ti_l2_norm, zero_point)),
    TI_END,
};

void ti_l2_norm_check(ti_proof *p, const ti_op *op) {
    const ti_l2_norm *n = (const void *)(p->blob + op->params);
    /* that many squares of at most 255 fit 31 bits */
    if (n->depth > 33025) {
        ti_refuse(p, TI_FAULT_VALUE, n->depth, offsetof(ti_l2_norm, depth));
    }
}

/* 1 / sqrt(x) as a multiplier and, in `shift`, its shift: SPEC.md, "Inverse square root". */
static int32_t inverse_sqrt(uint32_t x, int32_t *shift) {
    *shift = 0;
    if (x <= 1) {
        return INT32_MAX;
    }
    int32_t right = 11;
    while (x >= (uint32_t)1 << 29) {
        x /= 4;
        right++;
    }
    uint32_t pairs = (ti_leading_zeros(x) - 1) / 2 - 1;
    right -= (int32_t)pairs;
    int32_t input = (int32_t)(x << 2 * pairs >> 1);  /* Q3.28, in [1/4, 1) */
    int32_t half = ti_rounding_shift(input, 1);
    int32_t y = 1 << 28;
    for (uint32_t i = 0; i < 5; i++) {
        int32_t cube = ti_high_call(ti_high_call(y, y), y) * (1 << 6);
        y = (ti_high_call((1 << 28) + (1 << 27), y) - ti_high_call(half, cube)) * (1 << 3);
    }
    y = ti_high_call(y, 1518500250);
    if (right < 0) {
        return y << -right;
    }
    *shift = -right;
    return y;
}

void ti_l2_norm_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_l2_norm *n = ti_params(m, op);
    const int8_t *x = ti_row(m, ti_input(m, op), row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < n->count; i++, x += n->depth) {
        uint32_t sum = 0;
        int32_t shift;
        for (uint32_t c = 0; c < n->depth; c++) {
            int32_t v = x[c] - n->zero_point;
            sum += (uint32_t)(v * v);
        }
        int32_t multiplier = inverse_sqrt(sum, &shift);
        for (uint32_t c = 0; c < n->depth; c++) {
            int32_t y = ti_requantise_call(x[c] - n->zero_point, multiplier, shift + 7);
            *out++ = (int8_t)ti_clamp(y, INT8_MIN, INT8_MAX);
        }
    }
}
