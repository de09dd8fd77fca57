#include "../ti_exps.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_reciprocal.h"

const ti_claim ti_log_softmax_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_log_softmax, softmax.reserved)),
    TI_IS(1_TO_256, TI_U16(ti_log_softmax, softmax.exp_count)),
    TI_TIMES(TI_U16(ti_log_softmax, softmax.exp_count)), TI_INT32S_AT(TI_32(ti_log_softmax, softmax.exp_table)),
    TI_ELEMENTS(TI_32(ti_log_softmax, softmax.count), TI_32(ti_log_softmax, softmax.depth)),
    TI_IS(RESERVED, TI_U16(ti_log_softmax, reserved)),
    TI_IS_SCALE(TI_32(ti_log_softmax, multiplier[0]), TI_I8(ti_log_softmax, shift[0])),
    TI_IS_SCALE(TI_32(ti_log_softmax, multiplier[1]), TI_I8(ti_log_softmax, shift[1])),
    TI_END,
};

static int32_t min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* x * 2, saturating; x is not negative. */
static int32_t doubled(int32_t x) {
    return x >> 30 ? INT32_MAX : x << 1;
}

/* Logarithm of `z`, at least 1/4 in Q12.19, as Q5.26: SPEC.md, "Logarithm". z * 2^n is taken to within 2^(+-1/4) of
 * 2^(-1/4), from where the quotient of two polynomials approximates the logarithm. */
static int32_t logarithm(int32_t z) {
    enum { LOG_2 = 1488522236, SQRT_HALF = 1518500250, ROOT = 1805811301 };
    int32_t zeros_a = (int32_t)ti_leading_zeros((uint32_t)z);
    int32_t r_a = doubled(ti_high_call(z << (zeros_a - 1), SQRT_HALF));
    int32_t zeros_b = (int32_t)ti_leading_zeros((uint32_t)ti_high_call(z, SQRT_HALF)) - 1;
    int32_t r_b = zeros_b < zeros_a ? z << zeros_b : INT32_MAX;
    int32_t power = -min((zeros_a - 12) * (1 << 25) - (1 << 23), (zeros_b - 12) * (1 << 25) + (1 << 23));

    int32_t r = min(r_a, r_b);
    int32_t p = (int32_t)(((uint32_t)r + ROOT + 1) >> 1);
    int32_t q = 2 * (r - ROOT);
    int32_t square = ti_high_call(q, q);
    int32_t numerator = ti_high_call(q, r) + ti_high_call(ti_high_call(q, square), 117049297);
    int32_t denominator = ti_high_call(p, 1057819769 + q + ti_high_call(square, 127690142));
    denominator += ti_high_call(q, 638450708);
    int32_t y = ti_high_call(power, LOG_2);
    y += ti_high_call(ti_rounding_shift(numerator, 6), ti_reciprocal((uint32_t)denominator + ((uint32_t)1 << 31), 0));
    return ti_shift_left(y, 1);
}

void ti_log_softmax_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_log_softmax *l = ti_params(m, op);
    const ti_softmax *s = &l->softmax;
    const int32_t *table = ti_data(m, s->exp_table);
    const int8_t *x = ti_row(m, ti_input(m, op), row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < s->count; i++, x += s->depth) {
        int32_t max;
        int32_t log_sum = logarithm((int32_t)ti_sum_of_exps(s, table, x, &max));
        int32_t beyond = ti_requantise_call(ti_wrap_add(log_sum, INT32_MIN), l->multiplier[1], l->shift[1]);
        beyond = beyond > -s->exp_count ? beyond : -s->exp_count;
        for (uint32_t c = 0; c < s->depth; c++) {
            int32_t below = x[c] - max;
            int32_t y = INT8_MIN;
            if (below > beyond) {
                y = ti_wrap_add(ti_requantise_call(below, l->multiplier[0], l->shift[0]), -log_sum);
                y = ti_clamp(ti_rounding_shift(y, 22) + 127, INT8_MIN, INT8_MAX);
            }
            *out++ = (int8_t)y;
        }
    }
}
