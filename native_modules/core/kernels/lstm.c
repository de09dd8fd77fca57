#include <string.h>

#include "../ti_dot.h"
#include "../ti_fixed.h"
#include "../ti_kernels.h"
#include "../ti_squash.h"

enum { GATES = 4, FORGET_CELL = 2 * GATES, INPUT_CELL, OUTPUT_TANH };

const ti_claim ti_lstm_claims[] = {
    TI_EQUAL(TI_ROWS(TI_OUT), TI_ROWS(TI_IN)),
    TI_EQUAL(TI_ROWS(TI_IN2), TI_ROWS(TI_IN3)),
    TI_EQUAL(TI_U16(ti_lstm, in_c), TI_ROW_BYTES(TI_IN)),
    TI_EQUAL(TI_U16(ti_lstm, units), TI_ROW_BYTES(TI_OUT)),
    TI_EQUAL(TI_U16(ti_lstm, units), TI_ROW_BYTES(TI_IN2)),
    TI_PRODUCT(TI_U16(ti_lstm, units), TI_ELEMENT_BYTES(TI_IN3), TI_ROW_BYTES(TI_IN3)),
    TI_IS(POSITIVE, TI_U16(ti_lstm, steps)),
    TI_IS(INT8, TI_I16(ti_lstm, zero_point)),
    TI_ORDERED(VALUE, TI_I16(ti_lstm, cell_min), TI_I16(ti_lstm, cell_max)),
    TI_IS(TANH_SHIFT, TI_I8(ti_lstm, tanh_shift)),
    TI_TIMES(TI_U16(ti_lstm, units)), TI_TIMES_CONSTANT(2 * GATES), TI_INT32S_AT(TI_32(ti_lstm, bias)),
    TI_TIMES_CONSTANT(256), TI_INT16S_AT(TI_32(ti_lstm, sigmoid)),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[0]), TI_I8(ti_lstm, shift[0])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[1]), TI_I8(ti_lstm, shift[1])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[2]), TI_I8(ti_lstm, shift[2])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[3]), TI_I8(ti_lstm, shift[3])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[4]), TI_I8(ti_lstm, shift[4])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[5]), TI_I8(ti_lstm, shift[5])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[6]), TI_I8(ti_lstm, shift[6])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[7]), TI_I8(ti_lstm, shift[7])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[8]), TI_I8(ti_lstm, shift[8])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[9]), TI_I8(ti_lstm, shift[9])),
    TI_IS_SCALE(TI_32(ti_lstm, multiplier[10]), TI_I8(ti_lstm, shift[10])),
    TI_END,
};

void ti_lstm_check(ti_proof *p, const ti_op *op) {
    const ti_lstm *l = (const void *)(p->blob + op->params);
    ti_require_offset(p, l->weights, ti_times(GATES * l->units, (uint32_t)l->in_c + l->units), 1);
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
    const uint16_t *table = ti_data(m, l->sigmoid);
    const int32_t *bias = ti_data(m, l->bias);
    const int8_t *weights = ti_data(m, l->weights);
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
