/* ADD on a core that multiplies 32 bits: three 64-bit products an element would take most of the time. */
#ifndef TI_ADD_ARMV6M_H
#define TI_ADD_ARMV6M_H

#include "ti_config.h"
#include "ti_format.h"

#if defined(TI_ARMV6M)

/* A row, for left_shift from 15 on and shift_out -31..-1. */
void ti_add_armv6m(const ti_add *a, const int8_t *x1, const int8_t *x2, int8_t *out);

#endif
#endif
