#include <string.h>

#include "../ti_dot.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_squash.h"

enum { GATES = 4, FORGET_CELL = 2 * GATES, INPUT_CELL, OUTPUT_TANH, MULTIPLIERS };

int ti_lstm_check(ti_proof *p, const ti_op *op) {
    const ti_lstm *l = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *hidden = &p->tensors[op->inputs[1]];
    const ti_tensor *cell = &p->tensors[op->inputs[2]];
    const ti_tensor *out = &p->tensors[op->output];
    uint64_t taps = (uint64_t)GATES * l->units * ((uint32_t)l->in_c + l->units);
    return ti_prove_between(p, in->dtype, TI_INT8, TI_INT8, offsetof(ti_op, inputs))
        && ti_prove_between(p, hidden->dtype, TI_INT8, TI_INT8, offsetof(ti_op, inputs) + 2)
        && ti_prove_between(p, cell->dtype, TI_INT16, TI_INT16, offsetof(ti_op, inputs) + 4)
        && ti_prove_equal(p, out->rows, in->rows)
        && ti_prove_equal(p, hidden->rows, cell->rows)
        && ti_prove_equal(p, l->in_c, in->row_bytes)
        && ti_prove_equal(p, l->units, out->row_bytes)
        && ti_prove_equal(p, l->units, hidden->row_bytes)
        && ti_prove_equal(p, l->units * 2u, cell->row_bytes)
        && ti_prove_between(p, l->steps, 1, UINT16_MAX, offsetof(ti_lstm, steps))
        && ti_prove_int8(p, l->zero_point, offsetof(ti_lstm, zero_point))
        && ti_prove_between(p, l->cell_max, l->cell_min, INT16_MAX, offsetof(ti_lstm, cell_max))
        && ti_prove_between(p, l->tanh_shift, -30, 14, offsetof(ti_lstm, tanh_shift))
        && ti_prove_offset(p, l->weights, taps, 1)
        && ti_prove_offset(p, l->bias, l->units * (2u * GATES * sizeof(int32_t)), 4)
        && ti_prove_offset(p, l->sigmoid, 256 * sizeof(uint16_t), 2)
        && ti_prove_multipliers(p, l->multiplier, offsetof(ti_lstm, multiplier), l->shift, offsetof(ti_lstm, shift),
                                MULTIPLIERS);
}

static int32_t saturate16(int32_t x) {
    return ti_clamp(x, INT16_MIN, INT16_MAX);
}

/* x by multiplier k, as int16. */
static int32_t scaled(const ti_lstm *l, uint32_t k, int32_t x) {
    return saturate16(ti_requantise_call(x, l->multiplier[k], l->shift[k]));
}

/* One time step of one sequence. */
void ti_lstm_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_lstm *l = ti_params(m, op);
    const ti_tensor *hidden_tensor = &m->tensors[op->inputs[1]];
    const uint32_t sequence = row / l->steps % hidden_tensor->rows;
    const uint16_t *table = (const void *)(m->blob + l->sigmoid);
    const int32_t *bias = (const void *)(m->blob + l->bias);
    const int8_t *weights = (const int8_t *)(m->blob + l->weights);
    const int8_t *in = ti_row(m, ti_input(m, op), row);
    int8_t *hidden = ti_row(m, hidden_tensor, sequence);
    int16_t *cell = (void *)ti_row(m, &m->tensors[op->inputs[2]], sequence);
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t c = 0; c < l->units; c++) {
        int32_t gate[GATES];  /* input, forget, cell, output */
        for (uint32_t g = 0; g < GATES; g++) {
            int32_t sum = 0;
            const int8_t *x = in;
            uint32_t count = l->in_c;
            for (uint32_t k = 2 * g; k < 2 * g + 2; k++) {  /* the input's part, the hidden state's */
                int32_t y = (int32_t)(ti_dot(x, weights, count) + (uint32_t)*bias++);
                sum += scaled(l, k, y);
                weights += count;
                x = hidden;
                count = l->units;
            }
            gate[g] = ti_squash(table, 3 * saturate16(sum), g == 2);
        }
        int32_t value = scaled(l, FORGET_CELL, gate[1] * cell[c]) + scaled(l, INPUT_CELL, gate[0] * gate[2]);
        value = ti_clamp(value, l->cell_min, l->cell_max);
        cell[c] = (int16_t)value;
        value *= 3;
        value = l->tanh_shift >= 0 ? value * (1 << l->tanh_shift)
                                   : (value + (1 << (-l->tanh_shift - 1))) >> -l->tanh_shift;
        value = scaled(l, OUTPUT_TANH, ti_squash(table, value, 1) * gate[3]);
        out[c] = (int8_t)ti_clamp(value + l->zero_point, INT8_MIN, INT8_MAX);
    }
    memmove(hidden, out, l->units);
}
