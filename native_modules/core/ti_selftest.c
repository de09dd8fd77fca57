#include "ti_core.h"
#include "ti_kernels.h"

uint32_t ti_crc32(uint32_t crc, const uint8_t *data, size_t bytes) {
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (uint32_t bit = 0; bit < 8; bit++) {  /* the selftest's bytes are few; a table would be as large as all of this */
            crc = (crc >> 1) ^ (0xedb88320 & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

/* `count` bytes of the generator whose state is `s`; returns its next state. */
static uint32_t fill(uint32_t s, uint8_t *bytes, uint32_t count) {
    for (uint32_t k = 0; k < count; k++) {
        s ^= s << 7 & 0xffff;
        s ^= s >> 9;
        s ^= s << 8 & 0xffff;
        bytes[k] = (uint8_t)s;
    }
    return s;
}

void ti_fill_inputs(ti_model *m, uint16_t seed) {
    const ti_io *io = ti_edges(m);
    uint32_t s = seed;
    for (uint32_t i = 0; i < m->header->n_inputs; i++) {
        const ti_tensor *t = &m->tensors[io[i].tensor];
        if (!io[i].stream) {
            s = fill(s, ti_memory(m, t), t->rows * t->row_bytes);
        }
    }
}

int32_t ti_selftest(ti_model *m, uint32_t *crc) {
    const ti_tensor *streamed = &m->tensors[ti_edges(m)->tensor];
    uint32_t n_ops = m->header->n_ops;
    uint32_t s = m->header->golden_seed;  /* a streamed input is the only one, and gets its bytes as it goes */
    for (uint32_t i = 0; i < n_ops; i++) {
        crc[i] = 0;
    }
    ti_reset(m);
    ti_fill_inputs(m, m->header->golden_seed);
    int progress = m->header->n_steps > m->header->n_init_steps ? TI_MORE : TI_DONE;
    while (progress != TI_DONE) {
        const ti_step *step = &m->steps[m->step];
        if (progress == TI_WAITS) {
            s = fill(s, (uint8_t *)ti_row(m, streamed, m->fed++), streamed->row_bytes);
        }
        if (step->op == TI_INPUT_ROWS) {
            progress = ti_step_row(m);
            continue;
        }
        const ti_op *op = &m->ops[step->op];
        const int8_t *row = ti_output_row(m, op, ti_step_at(step, m->row));
        progress = ti_step_row(m);
        if (progress == TI_STOPPED) {
            return step->op;
        }
        if (!op->partial) {
            crc[step->op] = ti_crc32(crc[step->op], (const uint8_t *)row, m->tensors[op->output].row_bytes);
        }
    }
    for (uint32_t i = 0; i < n_ops; i++) {
        if (crc[i] != m->ops[i].check) {
            return (int32_t)i;
        }
    }
    return -1;
}
