#include "../ti_dot.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"

int ti_svdf_check(ti_proof *p, const ti_op *op) {
    const ti_svdf *s = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *state = &p->tensors[op->inputs[1]];
    const ti_tensor *out = &p->tensors[op->output];
    uint32_t filters = (uint32_t)s->units * s->rank;
    uint32_t size = state->dtype == TI_INT16 ? sizeof(int16_t) : sizeof(int8_t);
    return ti_prove_reserved(p, s->reserved)
        && ti_prove_between(p, in->dtype, TI_INT8, TI_INT8, offsetof(ti_op, inputs))
        && ti_prove_equal(p, out->rows, in->rows)
        && ti_prove_equal(p, out->rows, state->rows)
        && ti_prove_equal(p, s->in_c, in->row_bytes)
        && ti_prove_equal(p, s->units, out->row_bytes)
        && ti_prove_product(p, filters, s->memory, size, state->row_bytes)
        && ti_prove_offset(p, s->weights, (uint64_t)filters * s->in_c, 1)
        && ti_prove_offset(p, s->time_weights, state->row_bytes, size)
        && ti_prove_offset(p, s->filter_bias, filters * (uint64_t)sizeof(int32_t), 4)
        && ti_prove_offset(p, s->bias, s->units * sizeof(int32_t), 4)
        && ti_prove_int8(p, s->zero_point, offsetof(ti_svdf, zero_point))
        && ti_prove_multipliers(p, s->multiplier, offsetof(ti_svdf, multiplier), s->shift, offsetof(ti_svdf, shift), 2);
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
    const int32_t *filter_bias = (const void *)(m->blob + s->filter_bias);
    const int32_t *bias = (const void *)(m->blob + s->bias);
    const int8_t *weights = (const int8_t *)(m->blob + s->weights);
    const int8_t *time_weights = (const int8_t *)(m->blob + s->time_weights);
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
