/* What a kernel is: it proves its parameters once, then makes one output row at a time from rows of its inputs.
 *
 * A kernel trusts everything its `check` and ti_check() proved and tests nothing again. It reads rows through ti_row()
 * or ti_rows, so that a tensor may be a ring of which only some rows exist at a time.
 */
#ifndef TI_KERNELS_H
#define TI_KERNELS_H

#include "ti_core.h"
#include "ti_proof.h"

typedef struct {
    int (*check)(ti_proof *p, const ti_op *op);
    void (*row)(const ti_model *m, const ti_op *op, uint32_t row);
    uint8_t params_bytes;
    uint8_t inputs;           /* tensors it reads, 1 to 3 */
    uint8_t constant_inputs;  /* bit i: input i may lie in the blob */
    uint8_t scratch;          /* whether it has scratch memory, which its check then proves */
    uint8_t input_dtypes;     /* bit d: inputs may be of dtype d; what they must have in common is for `check` */
    uint8_t output_dtypes;
} ti_kernel;

/* Bits for input_dtypes and output_dtypes. */
#define TI_BIT(dtype) (1u << (dtype))

extern const ti_kernel ti_kernels[TI_KERNEL_COUNT];  /* indexed by enum ti_kernel_id; entry 0 is no kernel */

#define TI_DECLARE_KERNEL(name)                       \
    int ti_##name##_check(ti_proof *p, const ti_op *op); \
    void ti_##name##_row(const ti_model *m, const ti_op *op, uint32_t row)

TI_DECLARE_KERNEL(fully_connected);
TI_DECLARE_KERNEL(conv2d);
TI_DECLARE_KERNEL(depthwise_conv2d);
TI_DECLARE_KERNEL(max_pool);
TI_DECLARE_KERNEL(average_pool);
TI_DECLARE_KERNEL(softmax);
TI_DECLARE_KERNEL(add);
TI_DECLARE_KERNEL(pad);
TI_DECLARE_KERNEL(reduce_mean);
TI_DECLARE_KERNEL(table);
TI_DECLARE_KERNEL(reduce_max);
TI_DECLARE_KERNEL(l2_norm);
TI_DECLARE_KERNEL(log_softmax);
TI_DECLARE_KERNEL(convert);
TI_DECLARE_KERNEL(table16);
TI_DECLARE_KERNEL(softmax16);
TI_DECLARE_KERNEL(binary);
TI_DECLARE_KERNEL(compare);
TI_DECLARE_KERNEL(select);
TI_DECLARE_KERNEL(copy);
TI_DECLARE_KERNEL(gather);
TI_DECLARE_KERNEL(batch_matmul);
TI_DECLARE_KERNEL(resize_bilinear);
TI_DECLARE_KERNEL(general_conv);
TI_DECLARE_KERNEL(pool16);
TI_DECLARE_KERNEL(lstm);
TI_DECLARE_KERNEL(svdf);

/* The row that a step makes after `done` rows. */
static inline uint32_t ti_step_at(const ti_step *step, uint32_t done) {
    return step->rows > 0 ? step->row + done : step->row - done;
}

static inline uint32_t ti_element_bytes(uint32_t dtype) {
    return dtype == TI_INT32 || dtype == TI_FLOAT32 ? 4 : dtype == TI_INT16 ? 2 : 1;
}

static inline const void *ti_params(const ti_model *m, const ti_op *op) {
    return m->blob + op->params;
}

static inline const ti_tensor *ti_input(const ti_model *m, const ti_op *op) {
    return &m->tensors[op->inputs[0]];
}

/* Row `row` of a tensor in the pool. */
int8_t *ti_row(const ti_model *m, const ti_tensor *t, uint32_t row);

/* Row `row` of a tensor in the pool or the blob. */
const int8_t *ti_source_row(const ti_model *m, const ti_tensor *t, uint32_t row);

int8_t *ti_output_row(const ti_model *m, const ti_op *op, uint32_t row);

/* A walk over rows of a tensor in the pool, `step` bytes further at a time, back to the start at the ring's end. */
typedef struct {
    const int8_t *base;
    uint32_t at;     /* offset of the present row from base */
    uint32_t step;
    uint32_t bytes;  /* of the whole ring */
} ti_rows;

/* Start at `row`, to go on `by` rows at a time; `by` is less than the ring wherever a second row is read. */
static inline ti_rows ti_rows_from(const ti_model *m, const ti_tensor *t, uint32_t row, uint32_t by) {
    ti_rows rows;
    rows.base = (const int8_t *)(m->pool + t->offset);
    rows.at = (row >= t->ring ? row % t->ring : row) * t->row_bytes;
    rows.step = by * t->row_bytes;
    rows.bytes = t->ring * t->row_bytes;
    return rows;
}

static inline void ti_rows_next(ti_rows *rows) {
    uint32_t left = rows->bytes - rows->at;
    rows->at = rows->step < left ? rows->at + rows->step : rows->step - left;
}

#endif
