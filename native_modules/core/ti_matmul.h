/* Vectors times a weight matrix, with the output stage: the inner routine that FULLY_CONNECTED and CONV2D share. */
#ifndef TI_MATMUL_H
#define TI_MATMUL_H

#include "ti_stage.h"

typedef struct {
    const int8_t *weights;  /* (out_c, k) */
    uint32_t k;             /* elements of a vector */
    uint32_t out_c;
    ti_stage stage;
} ti_matmul;

/* out (vectors, out_c) from x (vectors, k). */
void ti_matmul_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out);

#endif
