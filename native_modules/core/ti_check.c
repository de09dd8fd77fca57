/* The loader's proof (SPEC.md, "What a loader proves"): header, tensors, ops, steps, inputs and outputs. What each
 * kernel proves of its parameters stands beside the kernel.
 */
#include "ti_kernels.h"

#define TI_MAGIC_WORD ((uint32_t)TI_MAGIC[3] << 24 | (uint32_t)TI_MAGIC[2] << 16 | (uint32_t)TI_MAGIC[1] << 8 | TI_MAGIC[0])

/* A blob with segments is refused where this build does not have them. */
static uint32_t n_segments(const ti_header *h) {
    return TI_HAS(SEGMENTS) ? h->n_segments : 0;
}

static int is_resident(const ti_proof *p) {
    return TI_HAS(SEGMENTS) && p->resident;
}

/* What can be said before the checksum: enough to know which bytes it covers. */
static int check_frame(ti_proof *p, size_t bytes) {
    const ti_header *h = p->header;
    uint32_t given = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
    if (given < sizeof(ti_header) + sizeof(uint32_t)) {
        return ti_fail(p, TI_FAULT_SHORT, given, 0);
    }
    if (*(const uint32_t *)(const void *)h->magic != TI_MAGIC_WORD) {
        return ti_fail(p, TI_FAULT_MAGIC, 0, 0);
    }
    if (h->version != TI_VERSION) {
        return ti_fail(p, TI_FAULT_VERSION, h->version, TI_VERSION);
    }
    if (h->header_bytes != sizeof(ti_header)) {
        return ti_fail(p, TI_FAULT_VALUE, h->header_bytes, offsetof(ti_header, header_bytes));
    }
    if ((h->blob_bytes > given) != is_resident(p) || h->blob_bytes < sizeof(ti_header) + sizeof(uint32_t) || h->blob_bytes % 4) {
        return ti_fail(p, TI_FAULT_SIZE, given, h->blob_bytes);
    }
    p->first = sizeof(ti_header);
    p->data_end = h->blob_bytes - (uint32_t)sizeof(uint32_t);
    p->end = is_resident(p) && given < p->data_end ? given : p->data_end;
    return 1;
}

static int check_sum(ti_proof *p) {
    uint32_t stored = *(const uint32_t *)(const void *)(p->blob + p->end);
    uint32_t computed = ti_checksum(0, p->blob, p->end);
    return stored == computed || ti_fail(p, TI_FAULT_CHECKSUM, stored, computed);
}

static const ti_claim header_claims[] = {
    TI_IS(POSITIVE, TI_U16(ti_header, golden_seed)),
    TI_TIMES(TI_U16(ti_header, n_tensors)), TI_TIMES_CONSTANT(sizeof(ti_tensor) / 4), TI_INT32S_AT(TI_32(ti_header, tensors)),
    TI_TIMES(TI_U16(ti_header, n_steps)), TI_TIMES_CONSTANT(sizeof(ti_step) / 2), TI_INT16S_AT(TI_32(ti_header, steps)),
    TI_TIMES(TI_32(ti_header, strings_bytes)), TI_BYTES_AT(TI_32(ti_header, strings)),
    TI_IS(POSITIVE, TI_32(ti_header, strings_bytes)),
    TI_END,
};

static int check_header(ti_proof *p) {
    const ti_header *h = p->header;
    uint32_t n_io = (uint32_t)h->n_inputs + h->n_outputs;
    if (h->n_segments != n_segments(h)) {
        return ti_fail(p, TI_FAULT_MISSING, TI_SEGMENTS, 0);
    }
    if (!ti_prove_offset(p, h->ops, h->n_ops * sizeof(ti_op) + n_segments(h) * sizeof(ti_segment), 4)
        || (is_resident(p) && !ti_prove_between(p, n_segments(h), 1, UINT16_MAX, offsetof(ti_header, n_segments)))) {
        return 0;
    }
    if (n_segments(h)) {
        p->segments = (const void *)(p->blob + h->ops + h->n_ops * sizeof(ti_op));
        if (!ti_prove_offset(p, p->segments->offset, 0, 4)) {
            return 0;
        }
        p->end = p->segments->offset;
    }
    return (h->state_bytes <= h->pool_bytes || ti_fail(p, TI_FAULT_POOL_RANGE, h->state_bytes, h->pool_bytes))
        && (h->state_bytes % 4 == 0 || ti_fail(p, TI_FAULT_VALUE, h->state_bytes, offsetof(ti_header, state_bytes)))
        && ti_prove_between(p, h->n_init_steps, 0, h->n_steps, offsetof(ti_header, n_init_steps))
        && ti_prove_offset(p, h->io, n_io * sizeof(ti_io), 4)
        && ti_prove_fields(p, NULL, h, header_claims, 0)
        && (p->blob[h->strings + h->strings_bytes - 1] == 0 || ti_fail(p, TI_FAULT_STRING, h->strings, 0))
        && ti_prove_string(p, h->name)
        && (h->metadata == 0 || ti_prove_string(p, h->metadata));
}

/* They follow each other, and their windows lie in the pool. */
static int check_segment(ti_proof *p, const ti_segment *s) {
    uint32_t least = p->fault.index ? s[-1].offset + s[-1].bytes : p->end;
    if (s->offset < least || s->offset % 4 || s->offset > p->data_end || s->bytes > p->data_end - s->offset) {
        return ti_fail(p, TI_FAULT_OFFSET, s->offset, s->bytes);
    }
    return (s->window % 4 == 0 || ti_fail(p, TI_FAULT_VALUE, s->window, offsetof(ti_segment, window)))
        && ti_prove_pool(p, s->window, s->bytes);
}

/* Where a tensor lies; a constant of a blob with segments lies in that of the op that reads it. */
static int check_place(ti_proof *p, const ti_tensor *t) {
    uint32_t bytes = ti_times(t->ring, t->row_bytes);
    uint32_t align = ti_element_bytes(t->dtype);
    if (t->space == TI_BLOB) {
        return ti_prove_offset(p, t->offset, bytes, align);
    }
    if (t->offset % align) {
        return ti_fail(p, TI_FAULT_VALUE, t->offset, offsetof(ti_tensor, offset));
    }
    return ti_prove_memory(p, t->space, t->offset, bytes);
}

static const ti_claim tensor_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_tensor, reserved)),
    TI_IS(DTYPE, TI_U8(ti_tensor, dtype)),
    TI_IS(UP_TO_2, TI_U8(ti_tensor, space)),
    TI_IS(POSITIVE, TI_U16(ti_tensor, rows)),
    TI_IS(POSITIVE, TI_32(ti_tensor, row_bytes)),
    TI_END,
};

static int check_tensor(ti_proof *p, const ti_tensor *t) {
    if (!ti_prove_fields(p, NULL, t, tensor_claims, 0)
        || !ti_prove_between(p, t->ring, 1, t->rows, offsetof(ti_tensor, ring))) {
        return 0;
    }
    return (t->space == TI_BLOB && n_segments(p->header)) || check_place(p, t);
}

/* A tensor in the pool, or a constant where the kernel takes one, of a dtype that it takes. */
static int check_op_tensor(ti_proof *p, uint16_t index, uint32_t dtypes, int constant, size_t at) {
    if (index >= p->header->n_tensors) {
        return ti_fail(p, TI_FAULT_INDEX, index, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[index];
    int allowed = (dtypes >> t->dtype & 1) && (t->space != TI_BLOB || constant);
    return allowed ? !n_segments(p->header) || check_place(p, t) : ti_fail(p, TI_FAULT_VALUE, index, (uint32_t)at);
}

/* What follows is about an op of that segment, whose bytes begin at `data`. */
static void enter_segment(ti_proof *p, const ti_segment *s, const uint8_t *data) {
    p->segment = s;
    p->blob = data;
    p->first = 0;
    p->end = s->bytes;
}

/* What the kernel claims of its parameters and their data. */
static int check_params(ti_proof *p, const ti_op *op) {
    const ti_kernel *kernel = &ti_kernels[ti_slot(op->kernel)];
    return ti_prove_claims(p, op, kernel->claims, 0) && (!kernel->check || kernel->check(p, op));
}

ti_fault ti_check_data(const ti_model *m, const ti_op *op) {
    ti_proof p = {0};
    p.header = m->header;
    p.tensors = m->tensors;
    p.fault.place = TI_AT_OP;
    p.fault.index = (uint16_t)(op - m->ops);
    enter_segment(&p, &m->segments[op->segment], ti_data(m, 0));
    check_params(&p, op);
    return p.fault;
}

static int check_op(ti_proof *p, const ti_op *op) {
    uint32_t count = n_segments(p->header);
    if (op->segment >= count + !count) {
        return ti_fail(p, TI_FAULT_INDEX, op->segment, count);
    }
    if (count) {
        const ti_segment *s = &p->segments[op->segment];
        enter_segment(p, s, (const uint8_t *)p->header + (is_resident(p) ? 0 : s->offset));
    }
    if (!ti_prove_flag(p, op->partial, offsetof(ti_op, partial))
        || !ti_prove_between(p, op->kernel, TI_FULLY_CONNECTED, TI_KERNEL_COUNT - 1, offsetof(ti_op, kernel))) {
        return 0;
    }
    const ti_signature *kernel = &ti_signatures[ti_slot(op->kernel)];
    if (TI_SELECTED != ~0ull && !kernel->params_bytes) {
        return ti_fail(p, TI_FAULT_MISSING, op->kernel, 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        size_t at = offsetof(ti_op, inputs) + i * sizeof(uint16_t);
        uint32_t dtypes = kernel->input_dtypes[i];
        if (dtypes ? !check_op_tensor(p, op->inputs[i], dtypes, kernel->constant_inputs >> i & 1, at)
                   : !ti_prove_between(p, op->inputs[i], TI_NONE, TI_NONE, at)) {
            return 0;
        }
    }
    if (op->scratch % 4 || (op->scratch && !kernel->scratch)) {
        return ti_fail(p, TI_FAULT_VALUE, op->scratch, offsetof(ti_op, scratch));
    }
    return check_op_tensor(p, op->output, kernel->output_dtypes, 0, offsetof(ti_op, output))
        && ti_prove_string(p, op->name)
        && ti_prove_offset(p, op->params, kernel->params_bytes, 4)
        && (is_resident(p) || check_params(p, op));
}

/* Rows of the streamed input, in steps that are not for reset. */
static int check_input_step(ti_proof *p, const ti_step *step) {
    const ti_header *h = p->header;
    const ti_io *io = (const void *)((const uint8_t *)h + h->io);
    uint32_t past = (uint32_t)step->row + (uint32_t)step->rows;
    if (h->n_inputs != 1 || !io->stream || io->tensor >= h->n_tensors || p->fault.index < h->n_init_steps) {
        return ti_fail(p, TI_FAULT_VALUE, step->op, offsetof(ti_step, op));
    }
    uint32_t rows = p->tensors[io->tensor].rows;
    return ti_prove_between(p, step->rows, 1, INT16_MAX, offsetof(ti_step, rows))
        && (past <= rows || ti_fail(p, TI_FAULT_SHAPE, past, rows));
}

static int check_step(ti_proof *p, const ti_step *step) {
    if (step->op == TI_INPUT_ROWS) {
        return TI_HAS(FEED) ? check_input_step(p, step) : ti_fail(p, TI_FAULT_MISSING, TI_FEED, 0);
    }
    if (step->op >= p->header->n_ops) {
        return ti_fail(p, TI_FAULT_INDEX, step->op, p->header->n_ops);
    }
    const ti_op *op = (const ti_op *)(const void *)((const uint8_t *)p->header + p->header->ops) + step->op;
    uint32_t rows = p->tensors[op->output].rows;
    int32_t last = step->row + step->rows + (step->rows > 0 ? -1 : 1);
    if (step->rows == 0) {
        return ti_fail(p, TI_FAULT_VALUE, 0, offsetof(ti_step, rows));
    }
    return (step->row < rows || ti_fail(p, TI_FAULT_SHAPE, step->row + 1u, rows))
        && (last >= 0 || ti_fail(p, TI_FAULT_VALUE, (uint32_t)step->rows, offsetof(ti_step, rows)))
        && (last < (int32_t)rows || ti_fail(p, TI_FAULT_SHAPE, (uint32_t)last + 1u, rows));
}

static const ti_claim io_claims[] = {
    TI_IS(DTYPE, TI_U8(ti_io, edge)),
    TI_IS(UP_TO_6, TI_U8(ti_io, ndim)),
    TI_IS(RESERVED, TI_U16(ti_io, reserved)),
    TI_END,
};

static int check_io(ti_proof *p, const ti_io *io) {
    if (io->tensor >= p->header->n_tensors) {
        return ti_fail(p, TI_FAULT_INDEX, io->tensor, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[io->tensor];
    if (t->space == TI_BLOB) {
        return ti_fail(p, TI_FAULT_VALUE, io->tensor, offsetof(ti_io, tensor));
    }
    int may_stream = p->fault.place == TI_AT_INPUT && p->header->n_inputs == 1;
    if (!ti_prove_between(p, io->stream, 0, may_stream, offsetof(ti_io, stream))
        || !(io->stream || ti_prove_equal(p, t->rows, t->ring))
        || !ti_prove_between(p, io->dtype, t->dtype, t->dtype, offsetof(ti_io, dtype))
        || !ti_prove_fields(p, NULL, io, io_claims, 0)) {
        return 0;
    }
    uint32_t has = ti_times(t->rows, t->row_bytes);
    uint32_t bytes = ti_element_bytes(t->dtype);
    for (uint32_t i = 0; i < TI_MAX_DIMS; i++) {
        uint32_t size = io->shape[i];
        if ((size == 0) != (i >= io->ndim)) {
            return ti_fail(p, TI_FAULT_VALUE, size, (uint32_t)(offsetof(ti_io, shape) + i * sizeof(uint32_t)));
        }
        if (size && bytes <= has) {
            bytes = ti_times(bytes, size);
        }
    }
    return ti_prove_equal(p, bytes, has) && ti_prove_string(p, io->name);
}

static int check_tables(ti_proof *p) {
    const ti_header *h = p->header;
    const uint8_t *start = p->blob;
    p->tensors = (const void *)(start + h->tensors);
    p->fault.place = TI_AT_TENSOR;
    for (uint32_t i = 0; i < h->n_tensors; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_tensor(p, &p->tensors[i])) {
            return 0;
        }
    }
    p->fault.place = TI_AT_SEGMENT;
    for (uint32_t i = 0; i < n_segments(h); i++) {
        p->fault.index = (uint16_t)i;
        if (!check_segment(p, &p->segments[i])) {
            return 0;
        }
    }
    p->fault.place = TI_AT_OP;
    for (uint32_t i = 0; i < h->n_ops; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_op(p, (const ti_op *)(const void *)(start + h->ops) + i)) {
            return 0;
        }
    }
    p->fault.place = TI_AT_STEP;
    for (uint32_t i = 0; i < h->n_steps; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_step(p, (const ti_step *)(const void *)(start + h->steps) + i)) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < (uint32_t)h->n_inputs + h->n_outputs; i++) {
        p->fault.place = i < h->n_inputs ? TI_AT_INPUT : TI_AT_OUTPUT;
        p->fault.index = (uint16_t)(i < h->n_inputs ? i : i - h->n_inputs);
        if (!check_io(p, (const ti_io *)(const void *)(start + h->io) + i)) {
            return 0;
        }
    }
    return 1;
}

static ti_fault check(const uint8_t *blob, size_t bytes, int resident) {
    ti_proof p = {0};
    uint32_t misaligned = (uint32_t)((uintptr_t)blob % TI_BLOB_ALIGN);
    p.blob = blob;
    p.header = (const void *)blob;
    p.resident = resident;
    if (misaligned) {
        ti_fail(&p, TI_FAULT_ALIGN, misaligned, 0);
    } else if (check_frame(&p, bytes) && (is_resident(&p) || check_sum(&p)) && check_header(&p) && check_tables(&p)) {
        p.fault.place = TI_AT_HEADER;
        p.fault.index = 0;
    }
    return p.fault;
}

ti_fault ti_check(const uint8_t *blob, size_t bytes) {
    return check(blob, bytes, 0);
}

ti_fault ti_check_resident(const uint8_t *blob, size_t bytes) {
    return check(blob, bytes, 1);
}
