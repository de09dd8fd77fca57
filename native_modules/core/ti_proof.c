#include "ti_kernels.h"

int ti_fail(ti_proof *p, uint8_t code, uint32_t a, uint32_t b) {
    p->fault.code = code;
    p->fault.a = a;
    p->fault.b = b;
    return 0;
}

static uint32_t saturate(uint64_t x) {
    return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

int ti_prove_between(ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at) {
    return (value >= low && value <= high) || ti_fail(p, TI_FAULT_VALUE, (uint32_t)value, (uint32_t)at);
}

int ti_prove_int8(ti_proof *p, int32_t value, size_t at) {
    return ti_prove_between(p, value, INT8_MIN, INT8_MAX, at);
}

int ti_prove_flag(ti_proof *p, int32_t value, size_t at) {
    return ti_prove_between(p, value, 0, 1, at);
}

int ti_prove_shift(ti_proof *p, int32_t value, size_t at) {
    return ti_prove_between(p, value, -31, 30, at);
}

int ti_prove_multiplier(ti_proof *p, int32_t value, size_t at) {
    return ti_prove_between(p, value, 0, INT32_MAX, at);
}

int ti_prove_reserved(ti_proof *p, uint32_t value) {
    return value == 0 || ti_fail(p, TI_FAULT_RESERVED, value, 0);
}

int ti_prove_equal(ti_proof *p, uint32_t needed, uint32_t has) {
    return needed == has || ti_fail(p, TI_FAULT_SHAPE, needed, has);
}

int ti_prove_product(ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has) {
    uint64_t product = (uint64_t)a * b;
    if (product <= UINT32_MAX) {
        product *= c;
    }
    return product == has || ti_fail(p, TI_FAULT_SHAPE, saturate(product), has);
}

int ti_prove_offset(ti_proof *p, uint32_t offset, uint64_t bytes, uint32_t align) {
    if (offset % align == 0 && offset >= sizeof(ti_header) && offset <= p->end && bytes <= p->end - offset) {
        return 1;
    }
    return ti_fail(p, TI_FAULT_OFFSET, offset, saturate(bytes));
}

int ti_prove_elements(ti_proof *p, const ti_op *op, uint32_t count, uint32_t depth) {
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    return ti_prove_equal(p, in->rows, out->rows)
        && ti_prove_product(p, count, depth, ti_element_bytes(in->dtype), in->row_bytes)
        && ti_prove_product(p, count, depth, ti_element_bytes(out->dtype), out->row_bytes);
}

int ti_prove_string(ti_proof *p, uint32_t offset) {
    uint32_t strings = p->header->strings;
    if (offset >= strings && offset - strings < p->header->strings_bytes) {
        return 1;
    }
    return ti_fail(p, TI_FAULT_STRING, offset, 0);
}

int ti_prove_pool(ti_proof *p, uint32_t offset, uint64_t bytes) {
    uint64_t past = offset + bytes;
    return past <= p->header->pool_bytes || ti_fail(p, TI_FAULT_POOL_RANGE, saturate(past), p->header->pool_bytes);
}

int ti_prove_multipliers(ti_proof *p, const int32_t *multiplier, size_t multiplier_at, const int8_t *shift,
                         size_t shift_at, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (!ti_prove_between(p, multiplier[i], 0, INT32_MAX, multiplier_at)
            || !ti_prove_between(p, shift[i], -31, 30, shift_at)) {
            return 0;
        }
    }
    return 1;
}

int ti_prove_min_max(ti_proof *p, int32_t min, int32_t max, size_t at) {
    return ti_prove_between(p, min, INT8_MIN, INT8_MAX, at)
        && ti_prove_between(p, max, min, INT8_MAX, at + sizeof(int16_t));
}
