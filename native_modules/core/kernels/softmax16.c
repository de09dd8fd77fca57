#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_reciprocal.h"

enum { ENTRIES = 513 };

const ti_claim ti_softmax16_claims[] = {
    TI_IS(RESERVED, TI_U8(ti_softmax16, reserved[0])),
    TI_IS(RESERVED, TI_U8(ti_softmax16, reserved[1])),
    TI_IS(RESERVED, TI_U8(ti_softmax16, reserved[2])),
    TI_ELEMENTS(TI_32(ti_softmax16, count), TI_32(ti_softmax16, depth)),
    TI_IS_SCALE(TI_32(ti_softmax16, multiplier), TI_I8(ti_softmax16, shift)),
    TI_TIMES_CONSTANT(ENTRIES), TI_INT16S_AT(TI_32(ti_softmax16, exp_table)),
    TI_TIMES_CONSTANT(ENTRIES), TI_INT16S_AT(TI_32(ti_softmax16, reciprocal_table)),
    TI_END,
};

void ti_softmax16_check(ti_proof *p, const ti_op *op) {
    const ti_softmax16 *s = (const void *)(p->blob + op->params);
    /* Up to 65536 values below 1 cannot overflow the sum; the greatest element's, between the last two, keeps it from 0. */
    if (s->depth > 65536) {
        ti_refuse(p, TI_FAULT_VALUE, s->depth, offsetof(ti_softmax16, depth));
    }
    const int16_t *exps = (const void *)(p->blob + s->exp_table);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        if (exps[i] < (i < ENTRIES - 2 ? 0 : 1 << 14)) {
            ti_refuse(p, TI_FAULT_VALUE, (uint32_t)exps[i], offsetof(ti_softmax16, exp_table));
        }
    }
}

/* The value at x between two of 512 entries, which lie 128 apart. */
static int32_t look_up(const int16_t *table, int32_t x) {
    x = ti_clamp(x, INT16_MIN, INT16_MAX) - INT16_MIN;
    const int16_t *base = table + (x >> 7);
    return (int16_t)(base[0] + (((base[1] - base[0]) * (x & 127) + 64) >> 7));
}

static void softmax16(const ti_model *m, const ti_softmax16 *s, const int16_t *x, int16_t *out) {
    const int16_t *exps = ti_data(m, s->exp_table);
    int32_t max = INT16_MIN;
    for (uint32_t c = 0; c < s->depth; c++) {
        max = x[c] > max ? x[c] : max;
    }
    uint32_t sum = 0;
    for (uint32_t c = 0; c < s->depth; c++) {
        int32_t e = look_up(exps, ti_wrap_add(ti_requantise_call(x[c] - max, s->multiplier, s->shift), INT16_MAX));
        out[c] = (int16_t)e;
        sum += (uint32_t)e;
    }
    uint32_t zeros = ti_leading_zeros(sum);
    int32_t above_one = (int32_t)(((sum << (zeros - 1)) + (1 << 13)) >> 14) - (1 << 16) - (1 << 15);
    int32_t reciprocal = look_up(ti_data(m, s->reciprocal_table), above_one);
    uint32_t shift = 31 - zeros;
    for (uint32_t c = 0; c < s->depth; c++) {
        out[c] = (int16_t)ti_clamp((out[c] * reciprocal + (1 << (shift - 1))) >> shift, 0, INT16_MAX);
    }
}

void ti_softmax16_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_softmax16 *s = ti_params(m, op);
    const int16_t *x = (const void *)ti_row(m, ti_input(m, op), row);
    int16_t *out = (void *)ti_output_row(m, op, row);
    for (uint32_t i = 0; i < s->count; i++, x += s->depth, out += s->depth) {
        softmax16(m, s, x, out);
    }
}
