#include "ti_core.h"
#include "ti_kernels.h"

uint32_t ti_crc32(uint32_t crc, const uint8_t *data, size_t bytes) {
    /* Half a byte at a time: 64 bytes of table where a whole byte's would be 1 KB. */
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
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
    const ti_io *io = (const void *)(m->blob + m->header->io);
    uint32_t s = seed;
    for (uint32_t i = 0; i < m->header->n_inputs; i++) {
        const ti_tensor *t = &m->tensors[io[i].tensor];
        if (!io[i].stream) {
            s = fill(s, m->pool + t->offset, t->rows * t->row_bytes);
        }
    }
}

int32_t ti_selftest(ti_model *m, uint32_t *crc) {
    const ti_tensor *streamed = &m->tensors[((const ti_io *)(const void *)(m->blob + m->header->io))->tensor];
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
