#include <string.h>

#include "../ti_kernels.h"

/* `count` steps of `step` bytes stay within `*room` bytes, which shrink by what they reach. */
static void require_reach(ti_proof *p, uint32_t count, uint32_t step, uint32_t *room) {
    if (step && count > *room / step) {
        ti_refuse(p, TI_FAULT_SHAPE, count, *room / step);
    }
    *room -= count * step;
}

/* The same for a signed stride: up or down. */
static void require_reach_signed(ti_proof *p, uint32_t count, int32_t stride, uint32_t room[2]) {
    require_reach(p, count, stride < 0 ? 0 - (uint32_t)stride : (uint32_t)stride, &room[stride >= 0]);
}

const ti_claim ti_copy_claims[] = {
    TI_IS(RESERVED, TI_U8(ti_copy, reserved[0])),
    TI_IS(RESERVED, TI_U8(ti_copy, reserved[1])),
    TI_IS(RESERVED, TI_U8(ti_copy, reserved[2])),
    TI_IS(UP_TO_5, TI_U8(ti_copy, row_dims)),
    TI_END,
};

void ti_copy_check(ti_proof *p, const ti_op *op) {
    const ti_copy *c = (const void *)(p->blob + op->params);
    const ti_tensor *in = &p->tensors[op->inputs[0]];
    const ti_tensor *out = &p->tensors[op->output];
    uint32_t bytes = in->rows * in->row_bytes;  /* of a ring it may be more than its memory, even than 32 bits */
    ti_require_equal(p, ti_times(in->rows, in->row_bytes), bytes);
    /* What a row may read: anything, or one row of an input that is a ring. */
    uint32_t unit = in->ring == in->rows ? bytes : in->row_bytes;
    uint32_t in_row = c->in_start % unit;
    uint32_t above = c->in_start - in_row;
    if (c->in_start >= bytes) {
        ti_refuse(p, TI_FAULT_SHAPE, c->in_start, bytes);
    }
    if (c->out_start >= out->row_bytes) {
        ti_refuse(p, TI_FAULT_SHAPE, c->out_start, out->row_bytes);
    }
    uint32_t room[2] = {in_row, unit - 1 - in_row};
    uint32_t out_room = out->row_bytes - 1 - c->out_start;
    uint32_t i = TI_COPY_DIMS;
    while (i-- > c->row_dims) {
        uint32_t count = c->size[i] - 1;
        if (c->size[i] == 0) {
            ti_refuse(p, TI_FAULT_VALUE, 0, (uint32_t)(offsetof(ti_copy, size) + i * sizeof(uint32_t)));
        }
        /* No byte is written twice: each stride is beyond what the dimensions inside it reach. */
        uint32_t reached = out->row_bytes - 1 - c->out_start - out_room;
        if (count && c->out_stride[i] <= reached) {
            ti_refuse(p, TI_FAULT_SHAPE, reached + 1, c->out_stride[i]);
        }
        require_reach_signed(p, count, c->in_stride[i], room);
        require_reach(p, count, c->out_stride[i], &out_room);
    }
    if (unit != bytes) {
        room[0] = above;
        room[1] = bytes - unit - above;
    }
    uint32_t rows = 1;
    for (i = 0; i < c->row_dims; i++) {
        int32_t stride = c->in_stride[i];
        uint32_t part = (stride < 0 ? 0 - (uint32_t)stride : (uint32_t)stride) % unit;
        ti_require_between(p, (int32_t)c->size[i], 1, UINT16_MAX, offsetof(ti_copy, size) + i * sizeof(uint32_t));
        ti_require_reserved(p, c->out_stride[i]);
        require_reach_signed(p, c->size[i] - 1, stride, room);
        if (unit != bytes) {
            ti_require_equal(p, 0, part);
        }
        rows *= c->size[i];
        if (rows > out->rows) {
            break;
        }
    }
    ti_require_equal(p, rows, out->rows);
}

void ti_copy_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_copy *c = ti_params(m, op);
    const ti_tensor *in = ti_input(m, op);
    int8_t *out = ti_output_row(m, op, row);
    uint32_t to = c->out_start;
    uint32_t at = c->in_start;
    uint32_t i = c->row_dims;
    while (i-- > 0) {
        uint32_t next = row / c->size[i];
        at += (row - next * c->size[i]) * (uint32_t)c->in_stride[i];
        row = next;
    }
    /* From here on `at` counts from the start of the tensor's memory, where a ring begins again and again. */
    uint32_t y = at / in->row_bytes;
    at -= (y - y % in->ring) * in->row_bytes;
    const int8_t *base = ti_memory(m, in);
    uint32_t index[TI_COPY_DIMS] = {0};
    const uint32_t last = TI_COPY_DIMS - 1;
    for (;;) {
        uint32_t step = (uint32_t)c->in_stride[last];
        if (step == 1 && c->out_stride[last] == 1) {
            memmove(out + to, base + at, c->size[last]);
        } else {
            for (uint32_t k = 0; k < c->size[last]; k++) {
                out[to + k * c->out_stride[last]] = base[(uint32_t)(at + k * step)];
            }
        }
        for (i = last; ; index[i] = 0) {
            if (i-- == c->row_dims) {
                return;
            }
            at += (uint32_t)c->in_stride[i];
            to += c->out_stride[i];
            if (++index[i] < c->size[i]) {
                break;
            }
            at -= c->size[i] * (uint32_t)c->in_stride[i];
            to -= c->size[i] * c->out_stride[i];
        }
    }
}
