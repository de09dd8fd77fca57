#include "../ti_element.h"
#include "../ti_kernels.h"
#include "../ti_stage.h"

enum { BATCHES = 3, ROW = BATCHES, COLUMN, DEPTH, AXES };

/* Every element that the steps lead to is one of the tensor's, which is held as a whole, and no sum is endless. */
static void require_steps(ti_proof *p, const ti_tensor *t, const uint32_t *size, const uint32_t *step) {
    uint32_t elements = t->rows * t->row_bytes / ti_element_bytes(t->dtype);  /* below 2^32: it lies in the pool or blob */
    uint32_t past = 1;
    for (uint32_t i = 0; i < AXES; i++) {
        if (size[i] == 0 || (i == DEPTH && step[i] == 0)) {
            ti_refuse(p, TI_FAULT_VALUE, 0, i * (uint32_t)sizeof(uint32_t));
        }
        uint32_t reach = ti_times(size[i] - 1, step[i]);
        past = reach < UINT32_MAX - past ? past + reach : UINT32_MAX;
        if (past > elements) {
            ti_refuse(p, TI_FAULT_SHAPE, past, elements);
        }
    }
    ti_require_equal(p, t->rows, t->ring);
}

const ti_claim ti_batch_matmul_claims[] = {
    TI_IS(INT8, TI_I16(ti_batch_matmul, zero_point[0])),
    TI_IS(INT8, TI_I16(ti_batch_matmul, zero_point[1])),
    TI_IS(INT8, TI_I16(ti_batch_matmul, zero_point[2])),
    TI_EQUAL(TI_DTYPE(TI_IN), TI_DTYPE(TI_OUT)),
    TI_EQUAL(TI_DTYPE(TI_IN2), TI_DTYPE(TI_OUT)),
    TI_PRODUCT(TI_32(ti_batch_matmul, size[COLUMN]), TI_ELEMENT_BYTES(TI_OUT), TI_ROW_BYTES(TI_OUT)),
    TI_IS(NOT_NEGATIVE, TI_32(ti_batch_matmul, multiplier)),
    TI_IS(RESERVED, TI_U16(ti_batch_matmul, reserved)),
    TI_END,
};

void ti_batch_matmul_check(ti_proof *p, const ti_op *op) {
    const ti_batch_matmul *b = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    require_steps(p, in, b->size, b->step1);
    require_steps(p, &p->tensors[op->inputs[1]], b->size, b->step2);
    ti_require_between(p, b->shift, -31, in->dtype == TI_INT16 ? 14 : 30, offsetof(ti_batch_matmul, shift));
}

void ti_batch_matmul_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_batch_matmul *b = ti_params(m, op);
    const uint8_t *x1 = ti_memory(m, &m->tensors[op->inputs[0]]);
    const uint8_t *x2 = ti_memory(m, &m->tensors[op->inputs[1]]);
    const int wide = m->tensors[op->output].dtype == TI_INT16;
    const int32_t low = wide ? INT16_MIN : INT8_MIN;
    int8_t *out = ti_output_row(m, op, row);
    uint32_t at1 = 0, at2 = 0;
    for (uint32_t i = ROW + 1; i-- > 0;) {
        uint32_t above = row / b->size[i];
        at1 += (row - above * b->size[i]) * b->step1[i];
        at2 += (row - above * b->size[i]) * b->step2[i];
        row = above;
    }
    for (uint32_t c = 0; c < b->size[COLUMN]; c++) {
        uint32_t i1 = at1, i2 = at2;
        int64_t sum = 0;
        for (uint32_t n = 0; n < b->size[DEPTH]; n++) {
            sum += (ti_load(x1, i1, wide) - b->zero_point[0]) * (ti_load(x2, i2, wide) - b->zero_point[1]);
            i1 += b->step1[DEPTH];
            i2 += b->step2[DEPTH];
        }
        int32_t y = ti_wrap_add(ti_scale_sum(sum, b->multiplier, b->shift, wide), b->zero_point[2]);
        ti_store(out, c, ti_clamp(y, low, -low - 1), wide);
        at1 += b->step1[COLUMN];
        at2 += b->step2[COLUMN];
    }
}
