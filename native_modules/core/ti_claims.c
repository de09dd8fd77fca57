#include "ti_claims.h"

#include "ti_kernels.h"

/* INT16_MAX stands for no limit. */
static const struct {
    int16_t low, high;
} ranges[] = {
    [TI_C_INT8_OR_16 - TI_C_INT8_OR_16] = {INT8_MIN, INT8_MAX},
    [TI_C_RESERVED - TI_C_INT8_OR_16] = {0, 0},
    [TI_C_FLAG - TI_C_INT8_OR_16] = {0, 1},
    [TI_C_INT8 - TI_C_INT8_OR_16] = {INT8_MIN, INT8_MAX},
    [TI_C_NOT_NEGATIVE - TI_C_INT8_OR_16] = {0, INT16_MAX},
    [TI_C_POSITIVE - TI_C_INT8_OR_16] = {1, INT16_MAX},
    [TI_C_1_TO_256 - TI_C_INT8_OR_16] = {1, 256},
    [TI_C_UP_TO_2 - TI_C_INT8_OR_16] = {0, 2},
    [TI_C_DTYPE - TI_C_INT8_OR_16] = {TI_INT8, TI_BOOL},
    [TI_C_UP_TO_5 - TI_C_INT8_OR_16] = {0, 5},
    [TI_C_UP_TO_6 - TI_C_INT8_OR_16] = {0, 6},
    [TI_C_UP_TO_7 - TI_C_INT8_OR_16] = {0, 7},
    [TI_C_UP_TO_31 - TI_C_INT8_OR_16] = {0, 31},
    [TI_C_SHIFT - TI_C_INT8_OR_16] = {-31, 30},
    [TI_C_RIGHT_SHIFT - TI_C_INT8_OR_16] = {-31, 0},
    [TI_C_LEFT_SHIFT - TI_C_INT8_OR_16] = {0, 20},
    [TI_C_TANH_SHIFT - TI_C_INT8_OR_16] = {-30, 14},
};

/* The number of a claim. */
static int32_t load(const uint8_t *from, uint32_t type) {
    if (type == TI_C_U16) {
        return *(const uint16_t *)(const void *)from;
    }
    if (type == TI_C_32) {
        return *(const int32_t *)(const void *)from;
    }
    if (type == TI_C_I16) {
        return *(const int16_t *)(const void *)from;
    }
    if (type == TI_C_I8) {
        return *(const int8_t *)from;
    }
    return type == TI_C_U8 ? *from : (int32_t)ti_element_bytes(*from);
}

static void require_range(ti_proof *p, const ti_op *op, uint32_t kind, int32_t value, size_t at) {
    if (kind == TI_C_INT8_OR_16 && p->tensors[op->inputs[0]].dtype == TI_INT16) {
        return;
    }
    int32_t low = ranges[kind - TI_C_INT8_OR_16].low, high = ranges[kind - TI_C_INT8_OR_16].high;
    if (value >= low && (value <= high || high == INT16_MAX)) {
        return;
    }
    if (kind == TI_C_RESERVED) {
        at = 0;
    }
    ti_refuse(p, kind == TI_C_RESERVED ? TI_FAULT_RESERVED : TI_FAULT_VALUE, (uint32_t)value, (uint32_t)at);
}

void ti_require_fields(ti_proof *p, const ti_op *op, const void *fields, const ti_claim *claims, size_t fields_at) {
    uint32_t product = 1;
    int32_t value = 0, previous;
    for (; *claims != TI_END; claims++) {
        const uint32_t claim = *claims, kind = claim >> 11, type = claim >> 8 & 7, at = claim & 0x7f;
        const uint8_t *from = (const uint8_t *)fields + at;
        previous = value;
        if (claim & 0x80) {
            const uint16_t *tensors = &op->output;  /* the inputs follow */
            from = (const uint8_t *)&p->tensors[tensors[at >> 5]] + (at & 31);
        }
        value = type == TI_C_CONSTANT ? *++claims : load(from, type);
        if (kind == TI_C_TIMES) {
            product = ti_times(product, (uint32_t)value);
            continue;
        }
        if (kind == TI_C_EQUALS) {
            ti_require_equal(p, product, (uint32_t)value);
        } else if (kind <= TI_C_ARRAY4) {
            uint32_t bytes = 1u << (kind - TI_C_ARRAY1);
            ti_require_offset(p, (uint32_t)value, ti_times(product, bytes), bytes);
        } else if (kind == TI_C_NOT_BELOW) {
            if (value < previous) {
                ti_refuse(p, TI_FAULT_VALUE, (uint32_t)value, (uint32_t)(fields_at + at));
            }
        } else if (kind != TI_C_VALUE) {
            require_range(p, op, kind, value, fields_at + at);
        }
        product = 1;
    }
}

void ti_require_claims(ti_proof *p, const ti_op *op, const ti_claim *claims, size_t at) {
    ti_require_fields(p, op, p->blob + op->params + at, claims, at);
}
