#include "../ti_broadcast.h"
#include "../ti_fixed.h"
#include "../ti_reciprocal.h"

const ti_claim ti_binary_claims[] = {
    TI_IS(RESERVED, TI_U8(ti_binary, broadcast.reserved)),
    TI_ORDERED(INT8_OR_16, TI_I16(ti_binary, min), TI_I16(ti_binary, max)),
    TI_IS(UP_TO_7, TI_U8(ti_binary, op)),
    TI_IS(RESERVED, TI_U8(ti_binary, reserved[0])),
    TI_IS(RESERVED, TI_U8(ti_binary, reserved[1])),
    TI_IS(RESERVED, TI_U8(ti_binary, reserved[2])),
    TI_END,
};

void ti_binary_check(ti_proof *p, const ti_op *op) {
    ti_require_broadcast(p, op, 2, p->tensors[op->output].dtype);
    ti_require_rescales(p, op, offsetof(ti_binary, in1), 4);
}

static int32_t wrap_multiply(int32_t x, int32_t y) {
    return (int32_t)((uint32_t)x * (uint32_t)y);
}

/* SPEC.md, "Quotient". */
static int32_t quotient(int32_t x, int32_t y, int32_t multiplier, int32_t shift) {
    if (y < 0) {
        x = -x;
        y = -y;
    }
    uint32_t zeros = ti_leading_zeros((uint32_t)y);
    uint32_t headroom = ti_leading_zeros((uint32_t)(x ^ x >> 31)) - 1;
    int32_t reciprocal = zeros < 32 ? ti_reciprocal((uint32_t)y, zeros) : -1515870788;
    int32_t z = ti_high(ti_high(ti_shift_left(x, headroom), reciprocal), multiplier);
    uint32_t right = 31 - zeros + headroom - (uint32_t)shift;
    if (right == 0) {
        return z;
    }
    return right <= 31 ? ti_rounding_shift(z, right) : (z >> (right & 31)) + (z >= 0);
}

static int32_t binary(const void *params, ti_operand *in) {
    const ti_binary *b = params;
    const ti_rescale *out = &b->out;
    int32_t x = ti_next_rescaled(&in[0], &b->in1);
    int32_t y = ti_next_rescaled(&in[1], &b->in2);
    switch (b->op) {
        case TI_OP_ADD:
            x = ti_wrap_add(x, y);
            break;
        case TI_OP_SUB:
            x = ti_wrap_add(x, -y);
            break;
        case TI_OP_SQUARED_DIFFERENCE:
            x = ti_wrap_add(x, -y);
            x = wrap_multiply(x, x);
            break;
        case TI_OP_PRELU:
            if (x >= 0) {
                out = &b->positive;
                break;
            }
            /* fall through */
        case TI_OP_MUL:
            x = wrap_multiply(x, y);
            break;
        case TI_OP_MAXIMUM:
            x = x > y ? x : y;
            break;
        case TI_OP_MINIMUM:
            x = x < y ? x : y;
            break;
        default:
            x = quotient(x, y, out->multiplier, out->shift);
    }
    if (b->op != TI_OP_DIV) {
        x = ti_rescaled(x, out);
    }
    return ti_clamp(ti_wrap_add(x, b->out.zero_point), b->min, b->max);
}

void ti_binary_row(const ti_model *m, const ti_op *op, uint32_t row) {
    ti_broadcast_row(m, op, row, 2, binary);
}
