/* What the kernels of several inputs share: how rows of the inputs meet in a row of the output, and their elements as
 * numbers. Their parameters begin with ti_broadcast.
 */
#ifndef TI_BROADCAST_H
#define TI_BROADCAST_H

#include "ti_kernels.h"

/* An input's elements in the order in which an output row reads them. */
typedef struct {
    const uint8_t *row;
    uint32_t at;     /* byte in the row of the next element */
    uint32_t step;   /* from an element to the next along `inner` */
    uint32_t skip;   /* what else from the end of `inner` to its next start, modulo 2^32 */
    uint32_t bytes;  /* of an element: 1, 2 or 4 */
} ti_operand;

/* The op's inputs and its output are of the sizes that its ti_broadcast says; the last two inputs are of `dtype`. */
TI_PROVES(broadcast, (ti_proof *p, const ti_op *op, uint32_t inputs, uint32_t dtype), (p, op, inputs, dtype))

/* `count` ti_rescale from byte `at` of the op's parameters on, with zero points of the inputs' dtype. */
TI_PROVES(rescales, (ti_proof *p, const ti_op *op, size_t at, uint32_t count), (p, op, at, count))

/* Make an output row: `element` makes an element from the next of each input. */
void ti_broadcast_row(const ti_model *m, const ti_op *op, uint32_t row, uint32_t inputs,
                      int32_t (*element)(const void *params, ti_operand *in));

/* The next element. */
int32_t ti_next(ti_operand *x);

/* A number rescaled. */
int32_t ti_rescaled(int32_t x, const ti_rescale *r);

/* The next element, less its zero point, rescaled. */
int32_t ti_next_rescaled(ti_operand *x, const ti_rescale *r);

#endif
