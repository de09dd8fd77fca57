#include "ti_depthwise.h"

#if defined(TI_RV32)

/* Windows of 3 x 3, the rule: channel by channel along the whole row, so that the nine weights and the output stage
 * stay in registers. Each column of three input elements is loaded once and added to all the windows that it belongs
 * to. */

typedef struct {
    int32_t top, middle, bottom;
} column;

static inline uint32_t plus(uint32_t sum, column x, column w) {
    return sum + (uint32_t)(x.top * w.top) + (uint32_t)(x.middle * w.middle) + (uint32_t)(x.bottom * w.bottom);
}

/* What the channels of a row share. */
typedef struct {
    const int8_t *top, *middle, *bottom;  /* input rows; any where the row is outside the input */
    column inside;                        /* all ones where it is inside, else 0 */
    int32_t whole;                        /* whether all are */
} window_rows;

/* The weights of one kx. What the rows outside the input come to goes into `start`, and they get the weight 0. */
static inline column weights_of(const window_rows *rows, int32_t padding, const int8_t *w, uint32_t ky,
                                uint32_t *start) {
    column all = {w[0], w[ky], w[2 * ky]};
    if (rows->whole) {
        return all;
    }
    column x = {all.top & rows->inside.top, all.middle & rows->inside.middle, all.bottom & rows->inside.bottom};
    *start += (uint32_t)(padding * (all.top + all.middle + all.bottom - x.top - x.middle - x.bottom));
    return x;
}

/* Channel c of a row. `stride`, 1 or 2, is a constant. */
static inline __attribute__((always_inline)) void run_channel(const ti_depthwise *d, const window_rows *rows,
                                                              uint32_t c, uint32_t stride, int8_t *out) {
    const ti_window *window = d->window;
    const uint32_t in_c = window->in_c, past = window->in_w * in_c, k = c & d->stage.channel_mask;
    const int8_t *const top = rows->top + c, *const middle = rows->middle + c, *const bottom = rows->bottom + c;
    const int32_t multiplier = d->stage.multiplier[k], shift = d->stage.shift[k], quick = (int32_t)d->stage.quick;
    const int32_t zero_point = d->stage.zero_point, min = d->stage.min, max = d->stage.max;
    const column padding = {d->padding, d->padding, d->padding};
    uint32_t start = (uint32_t)d->stage.bias[c];
    const column w0 = weights_of(rows, d->padding, d->weights + c, 3 * in_c, &start);
    const column w1 = weights_of(rows, d->padding, d->weights + in_c + c, 3 * in_c, &start);
    const column w2 = weights_of(rows, d->padding, d->weights + 2 * in_c + c, 3 * in_c, &start);

    /* Sums of windows that the columns so far are part of: two of them, and one. */
    uint32_t two = start, one = start;
    uint32_t at = 0 - window->pad_left * in_c;  /* of the next column; left of the row it is more than `past`, too */
    int8_t *const end = out + window->out_w * in_c;
    for (uint32_t warm_up = stride == 1 ? 2 : 1; out != end; at += in_c) {
        column x = padding;
        if (at < past) {
            x.top = top[at];
            x.middle = middle[at];
            x.bottom = bottom[at];
        }
        uint32_t sum = plus(stride == 1 ? two : one, x, w2);
        if (stride == 1) {
            two = plus(one, x, w1);
        }
        one = plus(start, x, w0);
        if (warm_up) {
            warm_up--;
        } else {
            int32_t y = (int32_t)sum;
            y = quick ? ti_requantise_quick(y, multiplier, (uint32_t)-shift) : ti_requantise(y, multiplier, shift);
            *out = (int8_t)ti_clamp(ti_wrap_add(y, zero_point), min, max);
            out += in_c;
        }
        if (stride == 2) {
            at += in_c;
            x = padding;
            if (at < past) {
                x.top = top[at];
                x.middle = middle[at];
                x.bottom = bottom[at];
            }
            one = plus(one, x, w1);
        }
    }
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    const uint32_t first = d->open.taps.first, past = d->open.taps.past;
    if (w->k_h != 3 || w->k_w != 3 || w->dilation_w != 1 || w->stride_w > 2 || w->pad_left > 2 || w->in_c != w->out_c
        || first == past) {
        ti_depthwise_any(d, 0, w->out_w, out);
        return;
    }
    const int8_t *from[3];
    ti_rows next = d->open.rows;
    for (uint32_t ky = 0; ky < 3; ky++) {
        from[ky] = next.base + next.at;
        if (ky >= first && ky + 1 < past) {
            ti_rows_next(&next);
        }
    }
    const window_rows rows = {
        from[0], from[1], from[2], {-(first == 0), -(first <= 1 && past >= 2), -(past == 3)}, past - first == 3,
    };
    if (w->stride_w == 1) {
        for (uint32_t c = 0; c < w->in_c; c++) {
            run_channel(d, &rows, c, 1, out + c);
        }
    } else {
        for (uint32_t c = 0; c < w->in_c; c++) {
            run_channel(d, &rows, c, 2, out + c);
        }
    }
}

#endif
