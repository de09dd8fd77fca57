#include "ti_kernels.h"

int ti_fail(ti_proof *p, uint8_t code, uint32_t a, uint32_t b) {
    p->fault.code = code;
    p->fault.a = a;
    p->fault.b = b;
    return 0;
}

uint32_t ti_times(uint32_t product, uint32_t by) {
    if ((product | by) <= UINT16_MAX) {
        return product * by;  /* most are, and a Cortex-M0 has no wider product */
    }
    return product == UINT32_MAX ? product : ti_saturate((uint64_t)product * by);
}

int ti_prove_between(ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at) {
    return (value >= low && value <= high) || ti_fail(p, TI_FAULT_VALUE, (uint32_t)value, (uint32_t)at);
}

int ti_prove_flag(ti_proof *p, int32_t value, size_t at) {
    return ti_prove_between(p, value, 0, 1, at);
}

int ti_prove_reserved(ti_proof *p, uint32_t value) {
    return value == 0 || ti_fail(p, TI_FAULT_RESERVED, value, 0);
}

int ti_prove_equal(ti_proof *p, uint32_t needed, uint32_t has) {
    return needed == has || ti_fail(p, TI_FAULT_SHAPE, needed, has);
}

int ti_prove_product(ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has) {
    return ti_prove_equal(p, ti_times(ti_times(a, b), c), has);
}

int ti_prove_offset(ti_proof *p, uint32_t offset, uint32_t bytes, uint32_t align) {
    if ((offset & (align - 1)) == 0 && offset >= p->first && offset <= p->end && bytes <= p->end - offset) {
        return 1;
    }
    return ti_fail(p, TI_FAULT_OFFSET, offset, bytes);
}

int ti_prove_images(ti_proof *p, const ti_op *op, uint32_t in_h, uint32_t out_h) {
    uint32_t in_rows = p->tensors[op->inputs[0]].rows;
    uint32_t images = in_rows / in_h;
    return ti_prove_product(p, images, in_h, 1, in_rows)
        && ti_prove_product(p, images, out_h, 1, p->tensors[op->output].rows);
}

int ti_prove_ring(ti_proof *p, const ti_op *op, uint32_t rows) {
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    return in->ring == in->rows || in->ring >= rows || ti_fail(p, TI_FAULT_SHAPE, rows, in->ring);
}

int ti_prove_string(ti_proof *p, uint32_t offset) {
    uint32_t strings = p->header->strings;
    if (offset >= strings && offset - strings < p->header->strings_bytes) {
        return 1;
    }
    return ti_fail(p, TI_FAULT_STRING, offset, 0);
}

int ti_prove_memory(ti_proof *p, uint32_t space, uint32_t offset, uint32_t bytes) {
    uint32_t state_bytes = p->header->state_bytes;
    uint32_t first = space == TI_STATE ? 0 : state_bytes;
    uint32_t past = space == TI_STATE ? state_bytes : p->header->pool_bytes;
    const ti_segment *s = p->segment;
    uint32_t end = bytes < UINT32_MAX - offset ? offset + bytes : UINT32_MAX;  /* which no memory reaches */
    if (offset < first || end > past || end == UINT32_MAX) {
        return ti_fail(p, TI_FAULT_POOL_RANGE, end, past);
    }
    if (s && space == TI_POOL && offset < s->window + s->bytes && s->window < end) {
        return ti_fail(p, TI_FAULT_WINDOW, offset, s->window);
    }
    return 1;
}

int ti_prove_pool(ti_proof *p, uint32_t offset, uint32_t bytes) {
    return ti_prove_memory(p, TI_POOL, offset, bytes);
}
