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
static void check_frame(ti_proof *p, size_t bytes) {
    const ti_header *h = p->header;
    uint32_t given = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
    if (given < sizeof(ti_header) + sizeof(uint32_t)) {
        ti_refuse(p, TI_FAULT_SHORT, given, 0);
    }
    if (*(const uint32_t *)(const void *)h->magic != TI_MAGIC_WORD) {
        ti_refuse(p, TI_FAULT_MAGIC, 0, 0);
    }
    if (h->version != TI_VERSION) {
        ti_refuse(p, TI_FAULT_VERSION, h->version, TI_VERSION);
    }
    if (h->header_bytes != sizeof(ti_header)) {
        ti_refuse(p, TI_FAULT_VALUE, h->header_bytes, offsetof(ti_header, header_bytes));
    }
    if ((h->blob_bytes > given) != is_resident(p) || h->blob_bytes < sizeof(ti_header) + sizeof(uint32_t) || h->blob_bytes % 4) {
        ti_refuse(p, TI_FAULT_SIZE, given, h->blob_bytes);
    }
    p->first = sizeof(ti_header);
    p->data_end = h->blob_bytes - (uint32_t)sizeof(uint32_t);
    p->end = is_resident(p) && given < p->data_end ? given : p->data_end;
}

static void check_sum(ti_proof *p) {
    uint32_t stored = *(const uint32_t *)(const void *)(p->blob + p->end);
    uint32_t computed = ti_checksum(0, p->blob, p->end);
    if (stored != computed) {
        ti_refuse(p, TI_FAULT_CHECKSUM, stored, computed);
    }
}

static const ti_claim header_claims[] = {
    TI_IS(POSITIVE, TI_U16(ti_header, golden_seed)),
    TI_TIMES(TI_U16(ti_header, n_tensors)), TI_TIMES_CONSTANT(sizeof(ti_tensor) / 4), TI_INT32S_AT(TI_32(ti_header, tensors)),
    TI_TIMES(TI_U16(ti_header, n_steps)), TI_TIMES_CONSTANT(sizeof(ti_step) / 2), TI_INT16S_AT(TI_32(ti_header, steps)),
    TI_TIMES(TI_32(ti_header, strings_bytes)), TI_BYTES_AT(TI_32(ti_header, strings)),
    TI_IS(POSITIVE, TI_32(ti_header, strings_bytes)),
    TI_END,
};

static void check_header(ti_proof *p) {
    const ti_header *h = p->header;
    uint32_t n_io = (uint32_t)h->n_inputs + h->n_outputs;
    if (h->n_segments != n_segments(h)) {
        ti_refuse(p, TI_FAULT_MISSING, TI_SEGMENTS, 0);
    }
    ti_require_offset(p, h->ops, h->n_ops * sizeof(ti_op) + n_segments(h) * sizeof(ti_segment), 4);
    if (is_resident(p)) {
        ti_require_between(p, n_segments(h), 1, UINT16_MAX, offsetof(ti_header, n_segments));
    }
    if (n_segments(h)) {
        p->segments = (const void *)(p->blob + h->ops + h->n_ops * sizeof(ti_op));
        ti_require_offset(p, p->segments->offset, 0, 4);
        p->end = p->segments->offset;
    }
    if (h->state_bytes > h->pool_bytes) {
        ti_refuse(p, TI_FAULT_POOL_RANGE, h->state_bytes, h->pool_bytes);
    }
    if (h->state_bytes % 4) {
        ti_refuse(p, TI_FAULT_VALUE, h->state_bytes, offsetof(ti_header, state_bytes));
    }
    ti_require_between(p, h->n_init_steps, 0, h->n_steps, offsetof(ti_header, n_init_steps));
    /* Once more, now that the first segment is the end. */
    ti_require_offset(p, h->ops, h->n_ops * sizeof(ti_op) + n_segments(h) * sizeof(ti_segment), 4);
    ti_require_offset(p, h->io, n_io * sizeof(ti_io), 4);
    ti_require_fields(p, NULL, h, header_claims, 0);
    if (p->blob[h->strings + h->strings_bytes - 1]) {
        ti_refuse(p, TI_FAULT_STRING, h->strings, 0);
    }
    ti_require_string(p, h->name);
    if (h->metadata) {
        ti_require_string(p, h->metadata);
    }
}

/* They follow each other, and their windows lie in the pool. */
static void check_segment(ti_proof *p, const ti_segment *s) {
    uint32_t least = p->fault.index ? s[-1].offset + s[-1].bytes : p->end;
    if (s->offset < least || s->offset % 4 || s->offset > p->data_end || s->bytes > p->data_end - s->offset) {
        ti_refuse(p, TI_FAULT_OFFSET, s->offset, s->bytes);
    }
    if (s->window % 4) {
        ti_refuse(p, TI_FAULT_VALUE, s->window, offsetof(ti_segment, window));
    }
    ti_require_pool(p, s->window, s->bytes);
}

/* Where a tensor lies; a constant of a blob with segments lies in that of the op that reads it. */
static void check_place(ti_proof *p, const ti_tensor *t) {
    uint32_t bytes = ti_times(t->ring, t->row_bytes);
    uint32_t align = ti_element_bytes(t->dtype);
    if (t->space == TI_BLOB) {
        ti_require_offset(p, t->offset, bytes, align);
        return;
    }
    if (t->offset % align) {
        ti_refuse(p, TI_FAULT_VALUE, t->offset, offsetof(ti_tensor, offset));
    }
    ti_require_memory(p, t->space, t->offset, bytes);
}

static const ti_claim tensor_claims[] = {
    TI_IS(RESERVED, TI_U16(ti_tensor, reserved)),
    TI_IS(DTYPE, TI_U8(ti_tensor, dtype)),
    TI_IS(UP_TO_2, TI_U8(ti_tensor, space)),
    TI_IS(POSITIVE, TI_U16(ti_tensor, rows)),
    TI_IS(POSITIVE, TI_32(ti_tensor, row_bytes)),
    TI_END,
};

static void check_tensor(ti_proof *p, const ti_tensor *t) {
    ti_require_fields(p, NULL, t, tensor_claims, 0);
    ti_require_between(p, t->ring, 1, t->rows, offsetof(ti_tensor, ring));
    if (t->space != TI_BLOB || !n_segments(p->header)) {
        check_place(p, t);
    }
}

/* A tensor in the pool, or a constant where the kernel takes one, of a dtype that it takes. */
static void check_op_tensor(ti_proof *p, uint16_t index, uint32_t dtypes, int constant, size_t at) {
    if (index >= p->header->n_tensors) {
        ti_refuse(p, TI_FAULT_INDEX, index, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[index];
    if (!(dtypes >> t->dtype & 1) || (t->space == TI_BLOB && !constant)) {
        ti_refuse(p, TI_FAULT_VALUE, index, (uint32_t)at);
    }
    if (n_segments(p->header)) {
        check_place(p, t);
    }
}

/* What follows is about an op of that segment, whose bytes begin at `data`. */
static void enter_segment(ti_proof *p, const ti_segment *s, const uint8_t *data) {
    p->segment = s;
    p->blob = data;
    p->first = 0;
    p->end = s->bytes;
}

/* What the kernel claims of its parameters and their data. */
static void check_params(ti_proof *p, const ti_op *op) {
    const ti_kernel *kernel = &ti_kernels[ti_slot(op->kernel)];
    ti_require_claims(p, op, kernel->claims, 0);
    if (kernel->check) {
        kernel->check(p, op);
    }
}

void ti_prove_data(ti_proof *p, const ti_model *m, const ti_op *op) {
    p->header = m->header;
    p->tensors = m->tensors;
    p->fault.place = TI_AT_OP;
    p->fault.index = (uint16_t)(op - m->ops);
    enter_segment(p, &m->segments[op->segment], ti_data(m, 0));
    check_params(p, op);
}

static void check_op(ti_proof *p, const ti_op *op) {
    uint32_t count = n_segments(p->header);
    if (op->segment >= count + !count) {
        ti_refuse(p, TI_FAULT_INDEX, op->segment, count);
    }
    if (count) {
        const ti_segment *s = &p->segments[op->segment];
        enter_segment(p, s, (const uint8_t *)p->header + (is_resident(p) ? 0 : s->offset));
    }
    ti_require_flag(p, op->partial, offsetof(ti_op, partial));
    ti_require_between(p, op->kernel, TI_FULLY_CONNECTED, TI_KERNEL_COUNT - 1, offsetof(ti_op, kernel));
    const ti_signature *kernel = &ti_signatures[ti_slot(op->kernel)];
    if (TI_SELECTED != ~0ull && !kernel->params_bytes) {
        ti_refuse(p, TI_FAULT_MISSING, op->kernel, 0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        size_t at = offsetof(ti_op, inputs) + i * sizeof(uint16_t);
        uint32_t dtypes = kernel->input_dtypes[i];
        if (dtypes) {
            check_op_tensor(p, op->inputs[i], dtypes, kernel->constant_inputs >> i & 1, at);
        } else {
            ti_require_between(p, op->inputs[i], TI_NONE, TI_NONE, at);
        }
    }
    if (op->scratch % 4 || (op->scratch && !kernel->scratch)) {
        ti_refuse(p, TI_FAULT_VALUE, op->scratch, offsetof(ti_op, scratch));
    }
    check_op_tensor(p, op->output, kernel->output_dtypes, 0, offsetof(ti_op, output));
    ti_require_string(p, op->name);
    ti_require_offset(p, op->params, kernel->params_bytes, 4);
    if (!is_resident(p)) {
        check_params(p, op);
    }
}

/* Rows of the streamed input, in steps that are not for reset. */
static void check_input_step(ti_proof *p, const ti_step *step) {
    const ti_header *h = p->header;
    const ti_io *io = (const void *)((const uint8_t *)h + h->io);
    uint32_t past = (uint32_t)step->row + (uint32_t)step->rows;
    if (h->n_inputs != 1 || !io->stream || io->tensor >= h->n_tensors || p->fault.index < h->n_init_steps) {
        ti_refuse(p, TI_FAULT_VALUE, step->op, offsetof(ti_step, op));
    }
    uint32_t rows = p->tensors[io->tensor].rows;
    ti_require_between(p, step->rows, 1, INT16_MAX, offsetof(ti_step, rows));
    if (past > rows) {
        ti_refuse(p, TI_FAULT_SHAPE, past, rows);
    }
}

static void check_step(ti_proof *p, const ti_step *step) {
    if (step->op == TI_INPUT_ROWS) {
        if (!TI_HAS(FEED)) {
            ti_refuse(p, TI_FAULT_MISSING, TI_FEED, 0);
        }
        check_input_step(p, step);
        return;
    }
    if (step->op >= p->header->n_ops) {
        ti_refuse(p, TI_FAULT_INDEX, step->op, p->header->n_ops);
    }
    const ti_op *op = (const ti_op *)(const void *)((const uint8_t *)p->header + p->header->ops) + step->op;
    uint32_t rows = p->tensors[op->output].rows;
    int32_t last = step->row + step->rows + (step->rows > 0 ? -1 : 1);
    if (step->rows == 0) {
        ti_refuse(p, TI_FAULT_VALUE, 0, offsetof(ti_step, rows));
    }
    if (step->row >= rows) {
        ti_refuse(p, TI_FAULT_SHAPE, step->row + 1u, rows);
    }
    if (last < 0) {
        ti_refuse(p, TI_FAULT_VALUE, (uint32_t)step->rows, offsetof(ti_step, rows));
    }
    if (last >= (int32_t)rows) {
        ti_refuse(p, TI_FAULT_SHAPE, (uint32_t)last + 1u, rows);
    }
}

static const ti_claim io_claims[] = {
    TI_IS(DTYPE, TI_U8(ti_io, edge)),
    TI_IS(UP_TO_6, TI_U8(ti_io, ndim)),
    TI_IS(RESERVED, TI_U16(ti_io, reserved)),
    TI_END,
};

static void check_io(ti_proof *p, const ti_io *io) {
    if (io->tensor >= p->header->n_tensors) {
        ti_refuse(p, TI_FAULT_INDEX, io->tensor, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[io->tensor];
    if (t->space == TI_BLOB) {
        ti_refuse(p, TI_FAULT_VALUE, io->tensor, offsetof(ti_io, tensor));
    }
    int may_stream = p->fault.place == TI_AT_INPUT && p->header->n_inputs == 1;
    ti_require_between(p, io->stream, 0, may_stream, offsetof(ti_io, stream));
    if (!io->stream) {
        ti_require_equal(p, t->rows, t->ring);
    }
    ti_require_between(p, io->dtype, t->dtype, t->dtype, offsetof(ti_io, dtype));
    ti_require_fields(p, NULL, io, io_claims, 0);
    uint32_t has = ti_times(t->rows, t->row_bytes);
    uint32_t bytes = ti_element_bytes(t->dtype);
    for (uint32_t i = 0; i < TI_MAX_DIMS; i++) {
        uint32_t size = io->shape[i];
        if ((size == 0) != (i >= io->ndim)) {
            ti_refuse(p, TI_FAULT_VALUE, size, (uint32_t)(offsetof(ti_io, shape) + i * sizeof(uint32_t)));
        }
        if (size && bytes <= has) {
            bytes = ti_times(bytes, size);
        }
    }
    ti_require_equal(p, bytes, has);
    ti_require_string(p, io->name);
}

static void check_tables(ti_proof *p) {
    const ti_header *h = p->header;
    const uint8_t *start = p->blob;
    p->tensors = (const void *)(start + h->tensors);
    p->fault.place = TI_AT_TENSOR;
    for (uint32_t i = 0; i < h->n_tensors; i++) {
        p->fault.index = (uint16_t)i;
        check_tensor(p, &p->tensors[i]);
    }
    p->fault.place = TI_AT_SEGMENT;
    for (uint32_t i = 0; i < n_segments(h); i++) {
        p->fault.index = (uint16_t)i;
        check_segment(p, &p->segments[i]);
    }
    p->fault.place = TI_AT_OP;
    for (uint32_t i = 0; i < h->n_ops; i++) {
        p->fault.index = (uint16_t)i;
        check_op(p, (const ti_op *)(const void *)(start + h->ops) + i);
    }
    p->fault.place = TI_AT_STEP;
    for (uint32_t i = 0; i < h->n_steps; i++) {
        p->fault.index = (uint16_t)i;
        check_step(p, (const ti_step *)(const void *)(start + h->steps) + i);
    }
    for (uint32_t i = 0; i < (uint32_t)h->n_inputs + h->n_outputs; i++) {
        p->fault.place = i < h->n_inputs ? TI_AT_INPUT : TI_AT_OUTPUT;
        p->fault.index = (uint16_t)(i < h->n_inputs ? i : i - h->n_inputs);
        check_io(p, (const ti_io *)(const void *)(start + h->io) + i);
    }
}

void ti_prove_blob(ti_proof *p, const uint8_t *blob, size_t bytes, int resident) {
    uint32_t misaligned = (uint32_t)((uintptr_t)blob % TI_BLOB_ALIGN);
    p->blob = blob;
    p->header = (const void *)blob;
    p->resident = resident;
    if (misaligned) {
        ti_refuse(p, TI_FAULT_ALIGN, misaligned, 0);
    }
    check_frame(p, bytes);
    if (!is_resident(p)) {
        check_sum(p);
    }
    check_header(p);
    check_tables(p);
}
