/* What a kernel is: it proves its parameters once, then makes one output row at a time from rows of its inputs.
 *
 * A kernel trusts everything its `check` and ti_check() proved and tests nothing again. It reads rows through ti_row()
 * or ti_rows, so that a tensor may be a ring of which only some rows exist at a time.
 */
#ifndef TI_KERNELS_H
#define TI_KERNELS_H

#include "ti_claims.h"
#include "ti_core.h"
#include "ti_parts.h"
#include "ti_proof.h"

typedef struct {
    const ti_claim *claims;                      /* of its parameters and tensors */
    void (*check)(ti_proof *p, const ti_op *op);  /* the rest of its proof; null where the claims are all of it */
    void (*row)(const ti_model *m, const ti_op *op, uint32_t row);
} ti_kernel;

/* What an op of a kernel consists of. */
typedef struct {
    uint8_t params_bytes;
    uint8_t constant_inputs;  /* bit i: input i may lie in the blob */
    uint8_t scratch;          /* whether it has scratch memory, which its check then proves */
    uint8_t input_dtypes[3];  /* bit d: this input may be of dtype d; 0: the kernel has no such input */
    uint8_t output_dtypes;
} ti_signature;

/* Bits for input_dtypes and output_dtypes. */
#define TI_BIT(dtype) (1u << (dtype))

/* Indexed by a kernel's slot, its number among those that this build has; entry 0 is no kernel. */
#define TI_KERNELS_BELOW(id) (TI_SELECTED & ((1ull << (id)) - 1) & ~1ull)
#define TI_SLOT(id) (TI_HAS(id) ? 1 + __builtin_popcountll(TI_KERNELS_BELOW(TI_##id)) : 0)
#define TI_SLOTS (1 + __builtin_popcountll(TI_KERNELS_BELOW(TI_KERNEL_COUNT)))
extern const ti_kernel ti_kernels[TI_SLOTS];
extern const ti_signature ti_signatures[TI_SLOTS];

/* The slot of an enum ti_kernel_id. */
#if defined(TI_ONLY)
extern const uint8_t ti_slots[TI_KERNEL_COUNT];
#define ti_slot(kernel) ti_slots[kernel]
#else
#define ti_slot(kernel) (kernel)
#endif

#define TI_DECLARE_KERNEL(name)                          \
    extern const ti_claim ti_##name##_claims[];          \
    void ti_##name##_check(ti_proof *p, const ti_op *op); \
    void ti_##name##_row(const ti_model *m, const ti_op *op, uint32_t row)

TI_DECLARE_KERNEL(fully_connected);
TI_DECLARE_KERNEL(conv2d);
TI_DECLARE_KERNEL(depthwise_conv2d);
TI_DECLARE_KERNEL(softmax);
TI_DECLARE_KERNEL(add);
TI_DECLARE_KERNEL(pad);
TI_DECLARE_KERNEL(table);
TI_DECLARE_KERNEL(binary);
TI_DECLARE_KERNEL(compare);
TI_DECLARE_KERNEL(select);
TI_DECLARE_KERNEL(copy);
TI_DECLARE_KERNEL(gather);
TI_DECLARE_KERNEL(batch_matmul);
TI_DECLARE_KERNEL(resize_bilinear);
TI_DECLARE_KERNEL(l2_norm);
TI_DECLARE_KERNEL(log_softmax);
TI_DECLARE_KERNEL(convert);
TI_DECLARE_KERNEL(table16);
TI_DECLARE_KERNEL(softmax16);
TI_DECLARE_KERNEL(general_conv);
TI_DECLARE_KERNEL(lstm);
TI_DECLARE_KERNEL(svdf);

/* Shared by pools, and by the kernels that reduce. */
extern const ti_claim ti_pool2d_claims[], ti_pool16_claims[];
extern const ti_claim ti_reduce_mean_claims[], ti_reduce_max_claims[];
void ti_pool_check(ti_proof *p, const ti_op *op);
void ti_pool_row(const ti_model *m, const ti_op *op, uint32_t row);
void ti_reduce_check(ti_proof *p, const ti_op *op);
void ti_reduce_row(const ti_model *m, const ti_op *op, uint32_t row);

/* FULLY_CONNECTED's rows from `row` on, upwards or `down`: as many of `rows` as lie one after the other in both tensors, so that
 * rows of an odd number of pixels leave only their last one without a partner. Returns how many. */
uint32_t ti_fully_connected_rows(const ti_model *m, const ti_op *op, uint32_t row, uint32_t rows, int down);

/* The row that a step makes after `done` rows. */
static inline uint32_t ti_step_at(const ti_step *step, uint32_t done) {
    return step->rows > 0 ? step->row + done : step->row - done;
}

static inline uint32_t ti_element_bytes(uint32_t dtype) {
    return dtype == TI_INT32 || dtype == TI_FLOAT32 ? 4 : dtype == TI_INT16 ? 2 : 1;
}

/* Prove the parameters and data of an op whose segment is at base[TI_BLOB]; what comes before the segments was proved. Not
 * the core's, as ti_leave(): it returns what is wrong, or raises it. */
ti_fault ti_check_data(const ti_model *m, const ti_op *op);

static inline const void *ti_params(const ti_model *m, const ti_op *op) {
    return ti_data(m, op->params);
}

static inline void *ti_scratch(const ti_model *m, const ti_op *op) {
    return (void *)(m->base[TI_POOL] + op->scratch);
}

static inline const ti_tensor *ti_input(const ti_model *m, const ti_op *op) {
    return &m->tensors[op->inputs[0]];
}

/* Row `row` of a tensor. */
int8_t *ti_row(const ti_model *m, const ti_tensor *t, uint32_t row);

int8_t *ti_output_row(const ti_model *m, const ti_op *op, uint32_t row);

/* A walk over rows of a tensor, `step` bytes further at a time, back to the start at the ring's end. */
typedef struct {
    const int8_t *base;
    uint32_t at;     /* offset of the present row from base */
    uint32_t step;
    uint32_t bytes;  /* of the whole ring */
} ti_rows;

/* Start at `row`, to go on `by` rows at a time; `by` is less than the ring wherever a second row is read. */
static inline ti_rows ti_rows_from(const ti_model *m, const ti_tensor *t, uint32_t row, uint32_t by) {
    ti_rows rows;
    rows.base = ti_memory(m, t);
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
