/* One row of a depthwise convolution, the inner routine of DEPTHWISE_CONV2D. One interface, one file for each form:
 *
 *   ti_depthwise.c       any window, plain C (TI_LANES neighbouring channels at once, ti_lanes.h)
 *   ti_depthwise_armv6m.c  any window, in assembly for most
 *   ti_depthwise_rv32.c  3 x 3 with the weights in registers
 *   ti_depthwise_dsp.c   3 x 3, four channels at a time
 *
 * The output row never lies over a row that the windows look at, so a form may make its elements in any order.
 */
#ifndef TI_DEPTHWISE_H
#define TI_DEPTHWISE_H

#include "ti_config.h"
#include "ti_stage.h"
#include "ti_window.h"

typedef struct {
    const ti_window *window;
    const int8_t *weights;  /* (k_h, k_w, out_c) */
    ti_window_rows open;    /* the taps of ky inside the input, and the input rows there */
    ti_stage stage;
    int8_t padding;         /* what an element outside the input counts as */
} ti_depthwise;

/* Output pixels first .. past - 1 of the row `out`, of any window. */
void ti_depthwise_any(const ti_depthwise *d, uint32_t first, uint32_t past, int8_t *out);

/* The whole row `out`: with the core's own form, and ti_depthwise_any() for what that does not do. */
#if defined(TI_RV32) || defined(TI_DSP) || defined(TI_ARMV6M)
void ti_depthwise_row(const ti_depthwise *d, int8_t *out);
#else
static inline void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    ti_depthwise_any(d, 0, d->window->out_w, out);
}
#endif

#endif
