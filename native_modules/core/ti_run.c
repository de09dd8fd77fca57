#include "ti_core.h"
#include "ti_kernels.h"

ti_fault ti_open(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes) {
    const ti_header *h = (const void *)blob;
    ti_fault fault = {TI_OK, TI_AT_HEADER, 0, 0, 0};
    if ((uintptr_t)pool % TI_BLOB_ALIGN) {
        fault.code = TI_FAULT_ALIGN;
        fault.a = (uint32_t)((uintptr_t)pool % TI_BLOB_ALIGN);
    } else if (pool_bytes < h->pool_bytes) {
        fault.code = TI_FAULT_POOL_SMALL;
        fault.a = (uint32_t)pool_bytes;
        fault.b = h->pool_bytes;
    } else {
        m->blob = blob;
        m->header = h;
        m->tensors = (const void *)(blob + h->tensors);
        m->ops = (const void *)(blob + h->ops);
        m->steps = (const void *)(blob + h->steps);
        m->pool = pool;
        ti_restart(m);
    }
    return fault;
}

int ti_step_row(ti_model *m) {
    uint32_t n_steps = m->header->n_steps;
    if (n_steps == 0) {
        return 0;
    }
    const ti_step *step = &m->steps[m->step];
    const ti_op *op = &m->ops[step->op];
    ti_kernels[op->kernel].row(m, op, (uint32_t)step->row + m->row);
    if (++m->row == step->rows) {
        m->row = 0;
        if (++m->step == n_steps) {
            m->step = 0;
            return 0;
        }
    }
    return 1;
}

uint32_t ti_next_op(const ti_model *m) {
    return m->header->n_steps ? m->steps[m->step].op : 0;
}

void ti_run(ti_model *m) {
    while (ti_step_row(m)) {
    }
}

void ti_restart(ti_model *m) {
    m->step = 0;
    m->row = 0;
}
