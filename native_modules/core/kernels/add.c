#include "../ti_add_armv6m.h"
#include "../ti_dsp.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"

const ti_claim ti_add_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_add, reserved)),
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN)),
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN2)),
    TI_EQUAL(TI_32(ti_add, count), TI_ROW_BYTES(TI_OUT)),
    TI_EQUAL(TI_32(ti_add, count), TI_ROW_BYTES(TI_IN)),
    TI_EQUAL(TI_32(ti_add, count), TI_ROW_BYTES(TI_IN2)),
    TI_IS(NOT_NEGATIVE, TI_32(ti_add, multiplier1)),
    TI_IS(NOT_NEGATIVE, TI_32(ti_add, multiplier2)),
    TI_IS(NOT_NEGATIVE, TI_32(ti_add, multiplier_out)),
    TI_IS(INT8, TI_I16(ti_add, zero_point1)),
    TI_IS(INT8, TI_I16(ti_add, zero_point2)),
    TI_IS(INT8, TI_I16(ti_add, zero_point_out)),
    TI_ORDERED(INT8, TI_I16(ti_add, min), TI_I16(ti_add, max)),
    TI_IS(RIGHT_SHIFT, TI_I8(ti_add, shift1)),
    TI_IS(RIGHT_SHIFT, TI_I8(ti_add, shift2)),
    TI_IS(SHIFT, TI_I8(ti_add, shift_out)),
    TI_IS(LEFT_SHIFT, TI_U8(ti_add, left_shift)),
    TI_END,
};

#if defined(TI_SMALL)
#define requantise ti_requantise_call  /* next to nothing is left for it there */
#else
#define requantise ti_requantise
#endif

/* An input element on the common scale of both; the shift is -31..0. */
static inline int32_t rescale(int32_t x, int32_t zero_point, uint32_t left, int32_t multiplier, int32_t shift) {
    return requantise(ti_shift_left(x - zero_point, left), multiplier, shift);
}

#if defined(TI_DSP)
/* The same as ti_add_row(), in the way ti_dsp.h says; the output's shift is -23..-1. */
static void add(const ti_add *a, const int8_t *x1, const int8_t *x2, int8_t *out) {
    const uint32_t count = a->count, left = a->left_shift + 1u;
    const uint32_t n1 = (uint32_t)-a->shift1, n2 = (uint32_t)-a->shift2, n = (uint32_t)-a->shift_out;
    const int32_t zero1 = ti_shift_left(a->zero_point1, left), zero2 = ti_shift_left(a->zero_point2, left);
    const int32_t multiplier1 = a->multiplier1, multiplier2 = a->multiplier2, multiplier = a->multiplier_out;
    const int32_t half1 = (1 << n1) >> 1, half2 = (1 << n2) >> 1;
    const int32_t rounding = ti_shift_left(2 * a->zero_point_out + 1, n - 1);
    /* Where nothing is shifted out, there is no second rounding, which takes ties away from zero. */
    const int32_t away1 = n1 ? -1 : 0, away2 = n2 ? -1 : 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t y1 = ti_shift_left(x1[i], left) - zero1, y2 = ti_shift_left(x2[i], left) - zero2;
        y1 = (ti_smmlar(y1, multiplier1, half1) + (y1 >> 31 & away1)) >> n1;
        y2 = (ti_smmlar(y2, multiplier2, half2) + (y2 >> 31 & away2)) >> n2;
        int32_t sum = y1 + y2;
        sum = (ti_smmlar(ti_shift_left(sum, 1), multiplier, rounding) + (sum >> 31)) >> n;
        out[i] = ti_ssat8(sum);
    }
    ti_clamp_row(out, count, a->min, a->max);
}
#endif

#if defined(TI_RV32)
/* An input element as rescale() makes it from x, which is four times too large, |x| < 2^30: ti_requantise_quick(), whose
 * proof holds as long as x fits 32 bits, since the core has all of the product's high word. Where nothing is shifted out,
 * ti_high() is (4 * x * multiplier + 2^32) / 2^33 rounded down: `rounding` is 1 then, else 1 + 2^n, and `away`, what is added
 * below 0, is 0, else -2. */
static inline int32_t rescale_quick(int32_t x, int32_t multiplier, int32_t rounding, int32_t away, uint32_t n) {
    return (ti_high_word(x, multiplier) + rounding + (x >> 31 & away)) >> (n + 1);
}

/* The same as ti_add_row(), for a left shift up to 20 and shifts down to -29, the output's at most -1: either input is below 2^28 then, and so
 * is what becomes of it, and their sum below 2^29. */
static void add(const ti_add *a, const int8_t *x1, const int8_t *x2, int8_t *out) {
    const int8_t *past = out + a->count;
    const uint32_t left = a->left_shift + 2u;
    const uint32_t n1 = (uint32_t)-a->shift1, n2 = (uint32_t)-a->shift2, n = (uint32_t)-a->shift_out;
    const int32_t zero1 = ti_shift_left(a->zero_point1, left), zero2 = ti_shift_left(a->zero_point2, left);
    const int32_t multiplier1 = a->multiplier1, multiplier2 = a->multiplier2, multiplier = a->multiplier_out;
    const int32_t rounding1 = n1 ? ti_wrap_add(1, ti_shift_left(1, n1)) : 1, away1 = n1 ? -2 : 0;
    const int32_t rounding2 = n2 ? ti_wrap_add(1, ti_shift_left(1, n2)) : 1, away2 = n2 ? -2 : 0;
    const int32_t zero_point = a->zero_point_out, min = a->min, max = a->max;
    while (out != past) {
        int32_t y1 = rescale_quick(ti_shift_left(*x1++, left) - zero1, multiplier1, rounding1, away1, n1);
        int32_t y2 = rescale_quick(ti_shift_left(*x2++, left) - zero2, multiplier2, rounding2, away2, n2);
        *out++ = (int8_t)ti_clamp(ti_requantise_quick(y1 + y2, multiplier, n) + zero_point, min, max);
    }
}
#endif

void ti_add_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_add *a = ti_params(m, op);
#if !defined(TI_ARMV6M)
    const ti_add copy = *a;  /* which cannot change with what is stored to `out` */
    a = &copy;
#endif
    const int8_t *x1 = ti_row(m, &m->tensors[op->inputs[0]], row);
    const int8_t *x2 = ti_row(m, &m->tensors[op->inputs[1]], row);
    int8_t *out = ti_output_row(m, op, row);
#if defined(TI_DSP)
    if (a->shift_out >= -23 && a->shift_out < 0) {
        add(a, x1, x2, out);
        return;
    }
#endif
#if defined(TI_RV32)
    if (a->left_shift <= 20 && a->shift1 >= -29 && a->shift2 >= -29 && a->shift_out >= -29 && a->shift_out < 0) {
        add(a, x1, x2, out);
        return;
    }
#endif
#if defined(TI_ARMV6M)
    if (a->left_shift >= 15 && a->shift_out < 0) {
        ti_add_armv6m(a, x1, x2, out);
        return;
    }
#endif
    for (uint32_t i = 0; i < a->count; i++) {
        int32_t y1 = rescale(x1[i], a->zero_point1, a->left_shift, a->multiplier1, a->shift1);
        int32_t y2 = rescale(x2[i], a->zero_point2, a->left_shift, a->multiplier2, a->shift2);
        int32_t y = ti_wrap_add(requantise(y1 + y2, a->multiplier_out, a->shift_out), a->zero_point_out);
        out[i] = (int8_t)ti_clamp(y, a->min, a->max);
    }
}
