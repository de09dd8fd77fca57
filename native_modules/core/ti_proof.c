#include "ti_kernels.h"

void ti_refuse(ti_proof *p, uint8_t code, uint32_t a, uint32_t b) {
    p->fault.code = code;
    p->fault.a = a;
    p->fault.b = b;
    ti_leave(p);
}

uint32_t ti_times(uint32_t product, uint32_t by) {
    if ((product | by) <= UINT16_MAX) {
        return product * by;  /* most are, and a Cortex-M0 has no wider product */
    }
    return product == UINT32_MAX ? product : ti_saturate((uint64_t)product * by);
}

void ti_require_between(ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at) {
    if (value < low || value > high) {
        ti_refuse(p, TI_FAULT_VALUE, (uint32_t)value, (uint32_t)at);
    }
}

void ti_require_flag(ti_proof *p, int32_t value, size_t at) {
    ti_require_between(p, value, 0, 1, at);
}

void ti_require_reserved(ti_proof *p, uint32_t value) {
    if (value) {
        ti_refuse(p, TI_FAULT_RESERVED, value, 0);
    }
}

void ti_require_equal(ti_proof *p, uint32_t needed, uint32_t has) {
    if (needed != has) {
        ti_refuse(p, TI_FAULT_SHAPE, needed, has);
    }
}

void ti_require_product(ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has) {
    ti_require_equal(p, ti_times(ti_times(a, b), c), has);
}

void ti_require_offset(ti_proof *p, uint32_t offset, uint32_t bytes, uint32_t align) {
    if ((offset & (align - 1)) || offset < p->first || offset > p->end || bytes > p->end - offset) {
        ti_refuse(p, TI_FAULT_OFFSET, offset, bytes);
    }
}

void ti_require_images(ti_proof *p, const ti_op *op, uint32_t in_h, uint32_t out_h) {
    uint32_t in_rows = p->tensors[op->inputs[0]].rows;
    uint32_t images = in_rows / in_h;
    ti_require_product(p, images, in_h, 1, in_rows);
    ti_require_product(p, images, out_h, 1, p->tensors[op->output].rows);
}

void ti_require_ring(ti_proof *p, const ti_op *op, uint32_t rows) {
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    if (in->ring != in->rows && in->ring < rows) {
        ti_refuse(p, TI_FAULT_SHAPE, rows, in->ring);
    }
}

void ti_require_string(ti_proof *p, uint32_t offset) {
    uint32_t strings = p->header->strings;
    if (offset < strings || offset - strings >= p->header->strings_bytes) {
        ti_refuse(p, TI_FAULT_STRING, offset, 0);
    }
}

void ti_require_memory(ti_proof *p, uint32_t space, uint32_t offset, uint32_t bytes) {
    uint32_t state_bytes = p->header->state_bytes;
    uint32_t first = space == TI_STATE ? 0 : state_bytes;
    uint32_t past = space == TI_STATE ? state_bytes : p->header->pool_bytes;
    const ti_segment *s = p->segment;
    uint32_t end = bytes < UINT32_MAX - offset ? offset + bytes : UINT32_MAX;  /* which no memory reaches */
    if (offset < first || end > past || end == UINT32_MAX) {
        ti_refuse(p, TI_FAULT_POOL_RANGE, end, past);
    }
    if (TI_HAS(SEGMENTS) && s && space == TI_POOL && offset < s->window + s->bytes && s->window < end) {
        ti_refuse(p, TI_FAULT_WINDOW, offset, s->window);
    }
}

void ti_require_pool(ti_proof *p, uint32_t offset, uint32_t bytes) {
    ti_require_memory(p, TI_POOL, offset, bytes);
}
