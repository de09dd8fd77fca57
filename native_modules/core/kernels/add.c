#include "../ti_fixed.h"
#include "../ti_kernels.h"

int ti_add_check(ti_proof *p, const ti_op *op) {
    const ti_add *a = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *in2 = &p->tensors[op->inputs[1]];
    const ti_tensor *out = &p->tensors[op->output];
    const int32_t *multipliers = &a->multiplier1;  /* of the inputs and of the output, as the zero points are */
    const int16_t *zero_points = &a->zero_point1;
    if (!ti_prove_reserved(p, a->reserved)
        || !ti_prove_equal(p, out->rows, in->rows)
        || !ti_prove_equal(p, out->rows, in2->rows)
        || !ti_prove_equal(p, a->count, out->row_bytes)
        || !ti_prove_equal(p, a->count, in->row_bytes)
        || !ti_prove_equal(p, a->count, in2->row_bytes)) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        if (!ti_prove_multiplier(p, multipliers[i], offsetof(ti_add, multiplier1) + i * sizeof(int32_t))) {
            return 0;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (!ti_prove_int8(p, zero_points[i], offsetof(ti_add, zero_point1) + i * sizeof(int16_t))) {
            return 0;
        }
    }
    return ti_prove_min_max(p, a->min, a->max, offsetof(ti_add, min))
        && ti_prove_between(p, a->shift1, -31, 0, offsetof(ti_add, shift1))
        && ti_prove_between(p, a->shift2, -31, 0, offsetof(ti_add, shift2))
        && ti_prove_shift(p, a->shift_out, offsetof(ti_add, shift_out))
        && ti_prove_between(p, a->left_shift, 0, 20, offsetof(ti_add, left_shift));
}

/* An input element on the common scale of both; the shift is -31..0. */
static inline int32_t rescale(int32_t x, int32_t zero_point, uint32_t left, int32_t multiplier, int32_t shift) {
    return ti_requantise(ti_shift_left(x - zero_point, left), multiplier, shift);
}

void ti_add_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_add a = *(const ti_add *)ti_params(m, op);  /* a copy: it cannot change with what is stored to `out` */
    const int8_t *x1 = ti_source_row(m, &m->tensors[op->inputs[0]], row);
    const int8_t *x2 = ti_source_row(m, &m->tensors[op->inputs[1]], row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < a.count; i++) {
        int32_t y1 = rescale(x1[i], a.zero_point1, a.left_shift, a.multiplier1, a.shift1);
        int32_t y2 = rescale(x2[i], a.zero_point2, a.left_shift, a.multiplier2, a.shift2);
        int32_t y = ti_wrap_add(ti_requantise(y1 + y2, a.multiplier_out, a.shift_out), a.zero_point_out);
        out[i] = (int8_t)ti_clamp(y, a.min, a.max);
    }
}
