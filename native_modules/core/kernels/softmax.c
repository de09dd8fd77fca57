#include "../ti_fixed.h"
#include "../ti_kernels.h"

int ti_softmax_check(ti_proof *p, const ti_op *op) {
    const ti_softmax *s = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    if (!ti_prove_reserved(p, s->reserved)
        || !ti_prove_equal(p, in->rows, out->rows)
        || !ti_prove_product(p, s->count, s->depth, 1, in->row_bytes)
        || !ti_prove_equal(p, in->row_bytes, out->row_bytes)
        || !ti_prove_between(p, s->exp_count, 1, 256, offsetof(ti_softmax, exp_count))
        || !ti_prove_offset(p, s->exp_table, s->exp_count * sizeof(int32_t), 4)) {
        return 0;
    }
    /* Up to 4095 values of at most 1.0 in Q12.19 cannot overflow the sum; table[0] is in it and keeps it from zero. */
    if (s->depth > 4095) {
        return ti_fail(p, TI_FAULT_VALUE, s->depth, offsetof(ti_softmax, depth));
    }
    const int32_t *table = (const void *)(p->blob + s->exp_table);
    for (uint32_t i = 0; i < s->exp_count; i++) {
        if (!ti_prove_between(p, table[i], i == 0 ? 1 << 30 : 0, INT32_MAX, offsetof(ti_softmax, exp_table))) {
            return 0;
        }
    }
    return 1;
}

/* x * 2^n, saturating. */
static int32_t saturating_shift(int32_t x, uint32_t n) {
    int32_t limit = INT32_MAX >> n;
    return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : ti_shift_left(x, n);
}

/* 1 / (sum / 2^31 * 2^zeros) in Q0.31, halved; `zeros` are sum's leading zeros. Newton-Raphson, as SPEC.md says. */
static int32_t reciprocal(uint32_t sum, uint32_t zeros) {
    int32_t half = (int32_t)((sum << zeros) >> 1);
    int32_t y = 1515870810 + ti_high(half, -1010580540);
    for (uint32_t i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - ti_high(half, y);
        y = ti_wrap_add(y, saturating_shift(ti_high(y, error), 2));
    }
    return saturating_shift(y, 1);
}

static void softmax(const int8_t *x, uint32_t depth, const int32_t *table, uint32_t exp_count, int8_t *out) {
    int32_t max = INT8_MIN;
    for (uint32_t c = 0; c < depth; c++) {
        max = x[c] > max ? x[c] : max;
    }
    uint32_t sum = 0;
    for (uint32_t c = 0; c < depth; c++) {
        uint32_t below = (uint32_t)(max - x[c]);
        if (below < exp_count) {
            sum += (uint32_t)ti_rounding_shift(table[below], 12);
        }
    }
    uint32_t zeros = 0;
    while (sum << zeros < (uint32_t)1 << 31) {
        zeros++;
    }
    int32_t scale = reciprocal(sum, zeros);
    uint32_t shift = 12 + 23 - zeros;
    for (uint32_t c = 0; c < depth; c++) {
        uint32_t below = (uint32_t)(max - x[c]);
        int32_t y = 0;
        if (below < exp_count && shift <= 31) {
            y = ti_rounding_shift(ti_high(scale, table[below]), shift);
        }
        out[c] = (int8_t)ti_clamp(y - 128, INT8_MIN, INT8_MAX);
    }
}

void ti_softmax_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_softmax *s = ti_params(m, op);
    const int32_t *table = (const void *)(m->blob + s->exp_table);
    const int8_t *x = ti_row(m, ti_input(m, op), row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < s->count; i++, x += s->depth, out += s->depth) {
        softmax(x, s->depth, table, s->exp_count, out);
    }
}
