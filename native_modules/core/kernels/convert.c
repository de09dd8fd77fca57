#include "../ti_fixed.h"
#include "../ti_kernels.h"

const ti_claim ti_convert_claims[] = {
    TI_ELEMENTS_IN_A_ROW(TI_32(ti_convert, count)),
    TI_ORDERED(VALUE, TI_32(ti_convert, min), TI_32(ti_convert, max)),
    TI_IS_SCALE(TI_32(ti_convert, multiplier[0]), TI_I8(ti_convert, shift[0])),
    TI_IS_SCALE(TI_32(ti_convert, multiplier[1]), TI_I8(ti_convert, shift[1])),
    TI_IS(UP_TO_2, TI_U8(ti_convert, negate_below)),
    TI_IS(FLAG, TI_U8(ti_convert, cast)),
    TI_END,
};

static int32_t load(const void *row, uint32_t dtype, uint32_t i) {
    switch (dtype) {
        case TI_INT8: return ((const int8_t *)row)[i];
        case TI_INT16: return ((const int16_t *)row)[i];
        case TI_INT32: return ((const int32_t *)row)[i];
        default: return ((const uint8_t *)row)[i];
    }
}

/* `value` modulo the dtype's range. */
static void store(void *row, uint32_t dtype, uint32_t i, int32_t value) {
    switch (dtype) {
        case TI_INT16: ((int16_t *)row)[i] = (int16_t)value; break;
        case TI_INT32: ((int32_t *)row)[i] = value; break;
        case TI_BOOL: value = value != 0;  /* fall through */
        default: ((uint8_t *)row)[i] = (uint8_t)value;
    }
}

void ti_convert_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_convert c = *(const ti_convert *)ti_params(m, op);  /* a copy: it cannot change with what is stored */
    const uint32_t from = ti_input(m, op)->dtype, to = m->tensors[op->output].dtype;
    const void *in = ti_row(m, ti_input(m, op), row);
    void *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < c.count; i++) {
        int32_t x = load(in, from, i);
        if (!c.cast) {
            x = (int32_t)((uint32_t)x - (uint32_t)c.zero_point);
            const uint32_t below = x < 0;
            const uint32_t negate = below ? c.negate_below : 0;
            x = negate == 1 ? (int32_t)(0 - (uint32_t)x) : x;
            x = ti_requantise_call(x, c.multiplier[below], c.shift[below]);
            x = negate == 2 ? -x : x;
            x = ti_clamp(ti_wrap_add(x, c.zero_point_out), c.min, c.max);
        }
        store(out, to, i, x);
    }
}
