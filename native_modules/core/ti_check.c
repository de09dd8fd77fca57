/* The loader's proof (SPEC.md, "What a loader proves"): header, tensors, ops, steps, inputs and outputs. What each
 * kernel proves of its parameters stands beside the kernel.
 */
#include "ti_kernels.h"

/* What can be said before the CRC: enough to know which bytes it covers. */
static int check_frame(ti_proof *p, size_t bytes) {
    const ti_header *h = p->header;
    uint32_t given = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
    if (given < sizeof(ti_header) + sizeof(uint32_t)) {
        return ti_fail(p, TI_FAULT_SHORT, given, 0);
    }
    for (uint32_t i = 0; i < sizeof(h->magic); i++) {
        if (h->magic[i] != TI_MAGIC[i]) {
            return ti_fail(p, TI_FAULT_MAGIC, 0, 0);
        }
    }
    if (h->version != TI_VERSION) {
        return ti_fail(p, TI_FAULT_VERSION, h->version, TI_VERSION);
    }
    if (h->header_bytes != sizeof(ti_header)) {
        return ti_fail(p, TI_FAULT_VALUE, h->header_bytes, offsetof(ti_header, header_bytes));
    }
    if (h->blob_bytes > given || h->blob_bytes < sizeof(ti_header) + sizeof(uint32_t) || h->blob_bytes % 4) {
        return ti_fail(p, TI_FAULT_SIZE, given, h->blob_bytes);
    }
    p->end = h->blob_bytes - (uint32_t)sizeof(uint32_t);
    return 1;
}

static int check_crc(ti_proof *p) {
    uint32_t stored = *(const uint32_t *)(const void *)(p->blob + p->end);
    uint32_t computed = ti_crc32(0, p->blob, p->end);
    return stored == computed || ti_fail(p, TI_FAULT_CRC, stored, computed);
}

static int check_header(ti_proof *p) {
    const ti_header *h = p->header;
    uint32_t n_io = (uint32_t)h->n_inputs + h->n_outputs;
    return ti_prove_reserved(p, h->reserved)
        && (h->state_bytes <= h->pool_bytes || ti_fail(p, TI_FAULT_POOL_RANGE, h->state_bytes, h->pool_bytes))
        && ti_prove_between(p, h->n_init_steps, 0, h->n_steps, offsetof(ti_header, n_init_steps))
        && ti_prove_between(p, h->golden_seed, 1, UINT16_MAX, offsetof(ti_header, golden_seed))
        && ti_prove_offset(p, h->tensors, h->n_tensors * sizeof(ti_tensor), 4)
        && ti_prove_offset(p, h->ops, h->n_ops * sizeof(ti_op), 4)
        && ti_prove_offset(p, h->steps, h->n_steps * sizeof(ti_step), 2)
        && ti_prove_offset(p, h->io, n_io * sizeof(ti_io), 4)
        && ti_prove_offset(p, h->strings, h->strings_bytes, 1)
        && (h->strings_bytes > 0 || ti_fail(p, TI_FAULT_VALUE, 0, offsetof(ti_header, strings_bytes)))
        && (p->blob[h->strings + h->strings_bytes - 1] == 0 || ti_fail(p, TI_FAULT_STRING, h->strings, 0))
        && ti_prove_string(p, h->name)
        && (h->metadata == 0 || ti_prove_string(p, h->metadata));
}

static int check_tensor(ti_proof *p, const ti_tensor *t) {
    uint64_t bytes = (uint64_t)t->ring * t->row_bytes;
    if (!ti_prove_reserved(p, t->reserved)
        || !ti_prove_between(p, t->dtype, TI_INT8, TI_BOOL, offsetof(ti_tensor, dtype))
        || !ti_prove_between(p, t->space, TI_POOL, TI_BLOB, offsetof(ti_tensor, space))
        || !ti_prove_between(p, t->rows, 1, UINT16_MAX, offsetof(ti_tensor, rows))
        || !ti_prove_between(p, t->ring, 1, t->rows, offsetof(ti_tensor, ring))) {
        return 0;
    }
    if (t->row_bytes == 0) {
        return ti_fail(p, TI_FAULT_VALUE, 0, offsetof(ti_tensor, row_bytes));
    }
    uint32_t align = ti_element_bytes(t->dtype);
    if (t->space == TI_BLOB) {
        return ti_prove_offset(p, t->offset, bytes, align);
    }
    if (t->offset % align) {
        return ti_fail(p, TI_FAULT_VALUE, t->offset, offsetof(ti_tensor, offset));
    }
    return ti_prove_pool(p, t->offset, bytes);
}

/* A tensor in the pool, or a constant where the kernel takes one, of a dtype that it takes. */
static int check_op_tensor(ti_proof *p, uint16_t index, uint32_t dtypes, int constant, size_t at) {
    if (index >= p->header->n_tensors) {
        return ti_fail(p, TI_FAULT_INDEX, index, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[index];
    int allowed = (dtypes >> t->dtype & 1) && (t->space == TI_POOL || constant);
    return allowed || ti_fail(p, TI_FAULT_VALUE, index, (uint32_t)at);
}

static int check_op(ti_proof *p, const ti_op *op) {
    if (!ti_prove_flag(p, op->partial, offsetof(ti_op, partial))
        || !ti_prove_reserved(p, op->reserved)
        || !ti_prove_between(p, op->kernel, TI_FULLY_CONNECTED, TI_KERNEL_COUNT - 1, offsetof(ti_op, kernel))) {
        return 0;
    }
    const ti_kernel *kernel = &ti_kernels[op->kernel];
    if (!kernel->check) {
        return ti_fail(p, TI_FAULT_VALUE, op->kernel, offsetof(ti_op, kernel));
    }
    for (uint32_t i = 0; i < 3; i++) {
        size_t at = offsetof(ti_op, inputs) + i * sizeof(uint16_t);
        if (i < kernel->inputs ? !check_op_tensor(p, op->inputs[i], kernel->input_dtypes, kernel->constant_inputs >> i & 1, at)
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
        && kernel->check(p, op);
}

/* Rows of the streamed input, in steps that are not for reset. */
static int check_input_step(ti_proof *p, const ti_step *step) {
    const ti_header *h = p->header;
    const ti_io *io = (const void *)(p->blob + h->io);
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
        return check_input_step(p, step);
    }
    if (step->op >= p->header->n_ops) {
        return ti_fail(p, TI_FAULT_INDEX, step->op, p->header->n_ops);
    }
    const ti_op *op = (const ti_op *)(const void *)(p->blob + p->header->ops) + step->op;
    uint32_t rows = p->tensors[op->output].rows;
    int32_t last = step->row + step->rows + (step->rows > 0 ? -1 : 1);
    if (step->rows == 0) {
        return ti_fail(p, TI_FAULT_VALUE, 0, offsetof(ti_step, rows));
    }
    return (step->row < rows || ti_fail(p, TI_FAULT_SHAPE, step->row + 1u, rows))
        && (last >= 0 || ti_fail(p, TI_FAULT_VALUE, (uint32_t)step->rows, offsetof(ti_step, rows)))
        && (last < (int32_t)rows || ti_fail(p, TI_FAULT_SHAPE, (uint32_t)last + 1u, rows));
}

static int check_io(ti_proof *p, const ti_io *io) {
    if (io->tensor >= p->header->n_tensors) {
        return ti_fail(p, TI_FAULT_INDEX, io->tensor, p->header->n_tensors);
    }
    const ti_tensor *t = &p->tensors[io->tensor];
    if (t->space != TI_POOL) {
        return ti_fail(p, TI_FAULT_VALUE, io->tensor, offsetof(ti_io, tensor));
    }
    int may_stream = p->fault.place == TI_AT_INPUT && p->header->n_inputs == 1;
    if (!ti_prove_between(p, io->stream, 0, may_stream, offsetof(ti_io, stream))
        || !(io->stream || ti_prove_equal(p, t->rows, t->ring))
        || !ti_prove_between(p, io->dtype, t->dtype, t->dtype, offsetof(ti_io, dtype))
        || !ti_prove_between(p, io->edge, TI_INT8, TI_BOOL, offsetof(ti_io, edge))
        || !ti_prove_between(p, io->ndim, 0, TI_MAX_DIMS, offsetof(ti_io, ndim))
        || !ti_prove_reserved(p, (uint32_t)io->reserved[0] | io->reserved[1])) {
        return 0;
    }
    uint64_t has = (uint64_t)t->rows * t->row_bytes;  /* inside the pool, so below 2^32 */
    uint64_t bytes = ti_element_bytes(t->dtype);
    for (uint32_t i = 0; i < TI_MAX_DIMS; i++) {
        uint32_t size = io->shape[i];
        if ((size == 0) != (i >= io->ndim)) {
            return ti_fail(p, TI_FAULT_VALUE, size, (uint32_t)(offsetof(ti_io, shape) + i * sizeof(uint32_t)));
        }
        if (size && bytes <= has) {
            bytes *= size;
        }
    }
    if (bytes != has) {
        return ti_fail(p, TI_FAULT_SHAPE, bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes, (uint32_t)has);
    }
    return ti_prove_string(p, io->name);
}

static int check_tables(ti_proof *p) {
    const ti_header *h = p->header;
    const ti_op *ops = (const void *)(p->blob + h->ops);
    const ti_step *steps = (const void *)(p->blob + h->steps);
    const ti_io *io = (const void *)(p->blob + h->io);
    uint32_t n_io = (uint32_t)h->n_inputs + h->n_outputs;

    p->tensors = (const void *)(p->blob + h->tensors);
    p->fault.place = TI_AT_TENSOR;
    for (uint32_t i = 0; i < h->n_tensors; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_tensor(p, &p->tensors[i])) {
            return 0;
        }
    }
    p->fault.place = TI_AT_OP;
    for (uint32_t i = 0; i < h->n_ops; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_op(p, &ops[i])) {
            return 0;
        }
    }
    p->fault.place = TI_AT_STEP;
    for (uint32_t i = 0; i < h->n_steps; i++) {
        p->fault.index = (uint16_t)i;
        if (!check_step(p, &steps[i])) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < n_io; i++) {
        p->fault.place = i < h->n_inputs ? TI_AT_INPUT : TI_AT_OUTPUT;
        p->fault.index = (uint16_t)(i < h->n_inputs ? i : i - h->n_inputs);
        if (!check_io(p, &io[i])) {
            return 0;
        }
    }
    return 1;
}

ti_fault ti_check(const uint8_t *blob, size_t bytes) {
    ti_proof p = {0};
    uint32_t misaligned = (uint32_t)((uintptr_t)blob % TI_BLOB_ALIGN);
    p.blob = blob;
    p.header = (const void *)blob;
    if (misaligned) {
        ti_fail(&p, TI_FAULT_ALIGN, misaligned, 0);
    } else if (check_frame(&p, bytes) && check_crc(&p) && check_header(&p) && check_tables(&p)) {
        p.fault.place = TI_AT_HEADER;
        p.fault.index = 0;
    }
    return p.fault;
}
