/* What the kernels that reduce over rows and over width share (SPEC.md, "REDUCE_MEAN"). */
#ifndef TI_REDUCTION_H
#define TI_REDUCTION_H

#include "ti_proof.h"

/* The op's input and output are of these sizes, and the input holds `rows` rows at a time. */
int ti_prove_reduction(ti_proof *p, const ti_op *op, uint32_t outer, uint32_t width, uint32_t inner, uint32_t rows);

#endif
