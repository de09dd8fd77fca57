/* Windows of 2-D kernels: their proof, and which of their taps lie inside the input. */
#ifndef TI_WINDOW_H
#define TI_WINDOW_H

#include "ti_kernels.h"

/* Everything SPEC.md, "Windows", asks for. */
TI_PROVES(window, (ti_proof *p, const ti_op *op, const ti_window *w), (p, op, w))

/* Taps first .. past - 1 of a window's taps lie inside the input. */
typedef struct {
    uint32_t first, past;
} ti_taps;

ti_taps ti_taps_clipped(int32_t origin, uint32_t taps, uint32_t dilation, uint32_t size);

/* For a window whose tap 0 looks at `origin` (negative in the padding) of an axis of `size` elements. */
static inline ti_taps ti_taps_inside(int32_t origin, uint32_t taps, uint32_t dilation, uint32_t size) {
    if (origin >= 0 && (uint32_t)origin + (taps - 1) * dilation < size) {
        ti_taps all = {0, taps};
        return all;
    }
    return ti_taps_clipped(origin, taps, dilation, size);
}

/* Where an output row's windows lie: the taps of ky inside the image, and the input row of the first of them. */
typedef struct {
    ti_taps taps;
    ti_rows rows;
} ti_window_rows;

/* For output row `row` of an op whose parameters begin with its window. */
void ti_window_open(ti_window_rows *open, const ti_model *m, const ti_op *op, uint32_t row);

/* sum / count, rounded half away from zero. */
int32_t ti_average(int32_t sum, uint32_t count);

#endif
