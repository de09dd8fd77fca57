#include "../ti_dot.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"

const ti_claim ti_svdf_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_svdf, reserved)),
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN)),
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN2)),
    TI_EQUAL(TI_U16(ti_svdf, in_c), TI_ROW_BYTES(TI_IN)),
    TI_EQUAL(TI_U16(ti_svdf, units), TI_ROW_BYTES(TI_OUT)),
    TI_TIMES(TI_U16(ti_svdf, units)), TI_TIMES(TI_U16(ti_svdf, rank)), TI_TIMES(TI_U16(ti_svdf, memory)),
    TI_TIMES(TI_ELEMENT_BYTES(TI_IN2)), TI_EQUALS(TI_ROW_BYTES(TI_IN2)),
    TI_TIMES(TI_U16(ti_svdf, units)), TI_TIMES(TI_U16(ti_svdf, rank)), TI_TIMES(TI_U16(ti_svdf, in_c)),
    TI_BYTES_AT(TI_32(ti_svdf, weights)),
    TI_TIMES(TI_U16(ti_svdf, units)), TI_TIMES(TI_U16(ti_svdf, rank)), TI_INT32S_AT(TI_32(ti_svdf, filter_bias)),
    TI_TIMES(TI_U16(ti_svdf, units)), TI_INT32S_AT(TI_32(ti_svdf, bias)),
    TI_IS(INT8, TI_I16(ti_svdf, zero_point)),
    TI_IS_SCALE(TI_32(ti_svdf, multiplier[0]), TI_I8(ti_svdf, shift[0])),
    TI_IS_SCALE(TI_32(ti_svdf, multiplier[1]), TI_I8(ti_svdf, shift[1])),
    TI_END,
};

void ti_svdf_check(ti_proof *p, const ti_op *op) {
    const ti_svdf *s = (const void *)(p->blob + op->params);
    const ti_tensor *state = &p->tensors[op->inputs[1]];
    ti_require_offset(p, s->time_weights, state->row_bytes, ti_element_bytes(state->dtype));
}

/* Let a filter's memory, of int8 or int16, forget its oldest value and take in `newest`, as far as it fits; its sum of
 * products with the weights. */
static uint32_t remember(int8_t *state, const int8_t *weights, uint32_t last, int32_t newest, int32_t wide) {
    int16_t *state16 = (void *)state;
    const int16_t *weights16 = (const void *)weights;
    uint32_t sum = 0;
    for (uint32_t i = 0; i <= last; i++) {
        int32_t x, w;
        if (wide) {
            x = state16[i] = i < last ? state16[i + 1] : (int16_t)newest;
            w = weights16[i];
        } else {
            x = state[i] = i < last ? state[i + 1] : (int8_t)newest;
            w = weights[i];
        }
        sum += (uint32_t)(x * w);
    }
    return sum;
}

/* x by multiplier k plus a zero point, in -limit - 1 .. limit. */
static int32_t scaled(const ti_svdf *s, uint32_t k, int32_t x, int32_t zero_point, int32_t limit) {
    return ti_clamp(ti_wrap_add(ti_requantise_call(x, s->multiplier[k], s->shift[k]), zero_point), -limit - 1, limit);
}

void ti_svdf_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_svdf *s = ti_params(m, op);
    const ti_tensor *memory = &m->tensors[op->inputs[1]];
    const int32_t wide = memory->dtype == TI_INT16;
    const int32_t limit = wide ? INT16_MAX : INT8_MAX;
    const int32_t *filter_bias = ti_data(m, s->filter_bias);
    const int32_t *bias = ti_data(m, s->bias);
    const int8_t *weights = ti_data(m, s->weights);
    const int8_t *time_weights = ti_data(m, s->time_weights);
    const int8_t *in = ti_row(m, ti_input(m, op), row);
    int8_t *state = ti_row(m, memory, row);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t u = 0; u < s->units; u++) {
        uint32_t sum = (uint32_t)bias[u];
        for (uint32_t r = 0; r < s->rank; r++) {
            int32_t x = (int32_t)(ti_dot(in, weights, s->in_c) + (uint32_t)*filter_bias++);
            x = scaled(s, 0, x, 0, limit) + s->state_zero_point;  /* which may wrap, in TFLite Micro, too */
            sum += remember(state, time_weights, s->memory - 1u, x, wide);
            weights += s->in_c;
            state += (uint32_t)s->memory << wide;
            time_weights += (uint32_t)s->memory << wide;
        }
        out[u] = (int8_t)scaled(s, 1, (int32_t)sum, s->zero_point, INT8_MAX);
    }
}
