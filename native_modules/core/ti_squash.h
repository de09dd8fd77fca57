#ifndef TI_SQUASH_H
#define TI_SQUASH_H

#include <stdint.h>

/* The logistic function of x / 12288, or its tanh, by 256 values of the logistic function at i / 24; as Q0.15.
 * `table` is Q0.16. SPEC.md, "TABLE16". */
int32_t ti_squash(const uint16_t *table, int32_t x, int is_tanh);

#endif
