#ifndef TI_RECIPROCAL_H
#define TI_RECIPROCAL_H

#include <stdint.h>

/* Of 32 bits; 32 for 0. */
uint32_t ti_leading_zeros(uint32_t x);

/* 1 / (x / 2^31 * 2^zeros) in Q0.31, halved; x > 0, `zeros` are its leading zeros. SPEC.md, "Reciprocal". */
int32_t ti_reciprocal(uint32_t x, uint32_t zeros);

#endif
