/* What SOFTMAX and LOG_SOFTMAX share. */
#ifndef TI_EXPS_H
#define TI_EXPS_H

#include "ti_format.h"

/* The sum, in Q12.19, of the exponentials of x[s->depth] less the greatest of them, which is given back. */
uint32_t ti_sum_of_exps(const ti_softmax *s, const int32_t *table, const int8_t *x, int32_t *greatest);

#endif
