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

/* On to the next of the steps first .. past - 1, in which the model stands. */
static int next_step(ti_model *m, uint16_t first, uint16_t past) {
    m->row = 0;
    if (++m->step == past) {
        m->step = first;
        m->fed = 0;
        return TI_DONE;
    }
    return TI_MORE;
}

int8_t *ti_row(const ti_model *m, const ti_tensor *t, uint32_t row) {
    if (row >= t->ring) {
        row %= t->ring;
    }
    return (int8_t *)(m->pool + t->offset + row * t->row_bytes);
}

const int8_t *ti_source_row(const ti_model *m, const ti_tensor *t, uint32_t row) {
    if (t->space == TI_BLOB) {
        return (const int8_t *)(m->blob + t->offset + (row % t->ring) * t->row_bytes);
    }
    return ti_row(m, t, row);
}

int8_t *ti_output_row(const ti_model *m, const ti_op *op, uint32_t row) {
    return ti_row(m, &m->tensors[op->output], row);
}

/* The next row of the steps first .. past - 1. */
static int step_row(ti_model *m, uint16_t first, uint16_t past) {
    if (first == past) {
        return TI_DONE;
    }
    const ti_step *step = &m->steps[m->step];
    if (step->op == TI_INPUT_ROWS) {
        return m->fed < step->row + step->rows ? TI_WAITS : next_step(m, first, past);
    }
    const ti_op *op = &m->ops[step->op];
    ti_kernels[op->kernel].row(m, op, ti_step_at(step, m->row));
    if (++m->row == (step->rows > 0 ? step->rows : -step->rows)) {
        return next_step(m, first, past);
    }
    return TI_MORE;
}

int ti_step_row(ti_model *m) {
    return step_row(m, m->header->n_init_steps, m->header->n_steps);
}

uint32_t ti_next_op(const ti_model *m) {
    uint32_t op = m->step < m->header->n_steps ? m->steps[m->step].op : 0;
    return op == TI_INPUT_ROWS ? 0 : op;
}

int ti_run(ti_model *m) {
    int progress;
    do {
        progress = ti_step_row(m);
    } while (progress == TI_MORE);
    return progress;
}

int ti_feed(ti_model *m, const uint8_t *row, uint8_t flip) {
    if (ti_run(m) != TI_WAITS) {
        return TI_MORE;
    }
    const ti_io *io = (const void *)(m->blob + m->header->io);
    const ti_tensor *t = &m->tensors[io->tensor];
    uint8_t *to = (uint8_t *)ti_row(m, t, m->fed);
    for (uint32_t i = 0; i < t->row_bytes; i++) {
        to[i] = row[i] ^ flip;
    }
    m->fed++;
    return ti_run(m);
}

void ti_restart(ti_model *m) {
    m->step = m->header->n_init_steps;
    m->row = 0;
    m->fed = 0;
}

void ti_reset(ti_model *m) {
    memset(m->pool, 0, m->header->state_bytes);
    m->step = 0;
    m->row = 0;
    m->fed = 0;
    while (step_row(m, 0, m->header->n_init_steps) == TI_MORE) {
    }
    ti_restart(m);
}
