#include <string.h>

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
        ti_reset(m);
    }
    return fault;
}

/* The next row of the steps first .. past - 1, in which the model stands. */
static int step_row(ti_model *m, uint16_t first, uint16_t past) {
    if (first == past) {
        return 0;
    }
    const ti_step *step = &m->steps[m->step];
    const ti_op *op = &m->ops[step->op];
    ti_kernels[op->kernel].row(m, op, ti_step_at(step, m->row));
    if (++m->row == (step->rows > 0 ? step->rows : -step->rows)) {
        m->row = 0;
        if (++m->step == past) {
            m->step = first;
            return 0;
        }
    }
    return 1;
}

int ti_step_row(ti_model *m) {
    return step_row(m, m->header->n_init_steps, m->header->n_steps);
}

uint32_t ti_next_op(const ti_model *m) {
    return m->step < m->header->n_steps ? m->steps[m->step].op : 0;
}

void ti_run(ti_model *m) {
    while (ti_step_row(m)) {
    }
}

void ti_restart(ti_model *m) {
    m->step = m->header->n_init_steps;
    m->row = 0;
}

void ti_reset(ti_model *m) {
    memset(m->pool, 0, m->header->state_bytes);
    m->step = 0;
    m->row = 0;
    while (step_row(m, 0, m->header->n_init_steps)) {
    }
    ti_restart(m);
}
