#include <string.h>

#include "ti_core.h"
#include "ti_kernels.h"

ti_fault ti_continue(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes, uint8_t *state) {
    const ti_header *h = (const void *)blob;
    uint32_t beside = state ? h->state_bytes : 0;
    uint32_t misaligned = ((uintptr_t)pool | (uintptr_t)state) % TI_BLOB_ALIGN;
    ti_fault fault = {TI_OK, TI_AT_HEADER, 0, 0, 0};
    if (misaligned) {
        fault.code = TI_FAULT_ALIGN;
        fault.a = misaligned;
    } else if (pool_bytes < h->pool_bytes - beside) {
        fault.code = TI_FAULT_POOL_SMALL;
        fault.a = (uint32_t)pool_bytes;
        fault.b = h->pool_bytes - beside;
    } else {
        m->header = h;
        m->tensors = (const void *)(blob + h->tensors);
        m->ops = (const void *)(blob + h->ops);
        m->steps = (const void *)(blob + h->steps);
        m->segments = TI_HAS(SEGMENTS) && h->n_segments ? (const void *)&m->ops[h->n_ops] : NULL;
        m->load = NULL;
        m->fault = fault;
        m->base[TI_BLOB] = (uintptr_t)blob;
        m->base[TI_POOL] = (uintptr_t)pool - beside;
        m->base[TI_STATE] = (uintptr_t)(state ? state : pool);
        ti_restart(m);
    }
    return fault;
}

ti_fault ti_open(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes, uint8_t *state) {
    ti_fault fault = ti_continue(m, blob, pool, pool_bytes, state);
    if (fault.code == TI_OK) {
        ti_reset(m);
    }
    return fault;
}

/* Have the segment of the next op at hand. What was loaded is proved for each row anew: whoever else uses the pool may
 * have written to it. Not inlined, so that tests/bench/stack.py can tell its call through a pointer from a kernel's. */
__attribute__((noinline)) static int have_segment(ti_model *m) {
    const ti_step *step = &m->steps[m->step];
    if (step->op == TI_INPUT_ROWS) {
        return 1;
    }
    const ti_op *op = &m->ops[step->op];
    const ti_segment *s = &m->segments[op->segment];
    if (!m->load) {
        m->base[TI_BLOB] = (uintptr_t)m->header + s->offset;
        return 1;
    }
    uint32_t held = m->held;
    m->held = TI_NONE;  /* to be read again, whichever way this is left */
    if (held != op->segment && !m->load(m, op->segment)) {
        return 0;
    }
    m->base[TI_BLOB] = m->base[TI_POOL] + s->window;
    m->fault = ti_check_data(m, op);
    if (m->fault.code != TI_OK) {
        return 0;
    }
    m->held = op->segment;
    return 1;
}

/* On to the next of the steps first .. past - 1, in which the model stands. */
static int next_step(ti_model *m, uint16_t first, uint16_t past) {
    m->row = 0;
    if (++m->step == past) {
        m->step = first;
        m->fed = 0;
        m->held = TI_NONE;
        return TI_DONE;
    }
    return TI_MORE;
}

int8_t *ti_row(const ti_model *m, const ti_tensor *t, uint32_t row) {
    if (row >= t->ring) {
        row %= t->ring;
    }
    return (int8_t *)ti_memory(m, t) + row * t->row_bytes;
}

int8_t *ti_output_row(const ti_model *m, const ti_op *op, uint32_t row) {
    return ti_row(m, &m->tensors[op->output], row);
}

/* The next row of the steps first .. past - 1; where `many`, as many of the step's rows as its kernel makes at a time. */
static int step_row(ti_model *m, uint16_t first, uint16_t past, int many) {
    if (first == past) {
        return TI_DONE;
    }
    const ti_step *step = &m->steps[m->step];
    if (TI_HAS(FEED) && step->op == TI_INPUT_ROWS) {
        return m->fed < step->row + step->rows ? TI_WAITS : next_step(m, first, past);
    }
    const ti_op *op = &m->ops[step->op];
    uint32_t rows = (uint32_t)(step->rows > 0 ? step->rows : -step->rows), row = ti_step_at(step, m->row);
    if (TI_HAS(FULLY_CONNECTED) && TI_HAS(PAIRS) && many && op->kernel == TI_FULLY_CONNECTED) {
        m->row += ti_fully_connected_rows(m, op, row, rows - m->row, step->rows < 0);
    } else {
        ti_kernels[ti_slot(op->kernel)].row(m, op, row);
        m->row++;
    }
    if (m->row == rows) {
        return next_step(m, first, past);
    }
    return TI_MORE;
}

/* The same, of whatever blob. */
static int any_row(ti_model *m, uint16_t first, uint16_t past) {
    return TI_HAS(SEGMENTS) && first != past && m->segments && !have_segment(m) ? TI_STOPPED : step_row(m, first, past, 0);
}

int ti_step_row(ti_model *m) {
    return any_row(m, m->header->n_init_steps, m->header->n_steps);
}

int ti_is_busy(const ti_model *m) {
    return m->step != m->header->n_init_steps || m->row || m->fed;
}

uint32_t ti_next_op(const ti_model *m) {
    uint32_t op = m->step < m->header->n_steps ? m->steps[m->step].op : 0;
    return op == TI_INPUT_ROWS ? 0 : op;
}

int ti_run(ti_model *m) {
    int progress = TI_MORE;
    while (TI_HAS(SEGMENTS) && m->segments && progress == TI_MORE) {
        progress = ti_step_row(m);
    }
    while (progress == TI_MORE) {
        progress = step_row(m, m->header->n_init_steps, m->header->n_steps, 1);
    }
    return progress;
}

int ti_feed(ti_model *m, const uint8_t *row, uint8_t flip) {
    if (ti_run(m) != TI_WAITS) {
        return TI_MORE;
    }
    const ti_tensor *t = &m->tensors[ti_edges(m)->tensor];
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
    m->held = TI_NONE;
}

void ti_reset(ti_model *m) {
    memset((void *)m->base[TI_STATE], 0, m->header->state_bytes);
    m->step = 0;
    m->row = 0;
    m->fed = 0;
    while (any_row(m, 0, m->header->n_init_steps) == TI_MORE) {
    }
    ti_restart(m);
}
