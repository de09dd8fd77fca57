#include "ti_depthwise.h"
#include "ti_lanes.h"

#if !defined(TI_ARMV6M)  /* which has its own for any window */

/* One pixel's window. */
typedef struct {
    const ti_depthwise *row;
    ti_taps inside;         /* of kx */
    uint32_t at;            /* offset in an input row of its first pixel inside */
    uint32_t x_step;        /* from one kx to the next, in bytes of the input row */
    int whole;              /* no tap lies in the padding */
} pixel;

#if !defined(TI_SMALL)
/* Sums of TI_LANES output channels from c on. Their input channels are in_c and on, or, where spread is 0, all in_c. */
static void sum_lanes(const pixel *p, uint32_t in_c, uint32_t c, uint32_t spread, uint32_t sums[TI_LANES]) {
    const ti_depthwise *d = p->row;
    const ti_window *w = d->window;
    uint32_t out_c = w->out_c, x_step = p->x_step, taps = p->inside.past - p->inside.first;
    ti_rows rows = d->open.rows;
    ti_lanes s = ti_lanes_zero();
    for (uint32_t ky = d->open.taps.first; ky < d->open.taps.past; ky++) {
        const int8_t *x = rows.base + rows.at + p->at + in_c;
        const int8_t *k = d->weights + (ky * w->k_w + p->inside.first) * out_c + c;
        for (uint32_t n = 0; n < taps; n++) {
            ti_lanes_add(&s, x + n * x_step, spread, k + n * out_c);
        }
        ti_rows_next(&rows);
    }
    if (!p->whole) {
        const int8_t *k = d->weights + c;
        for (uint32_t ky = 0; ky < w->k_h; ky++) {
            int row_inside = ky >= d->open.taps.first && ky < d->open.taps.past;
            for (uint32_t kx = 0; kx < w->k_w; kx++) {
                if (!row_inside || kx < p->inside.first || kx >= p->inside.past) {
                    ti_lanes_add(&s, &d->padding, 0, k + (ky * w->k_w + kx) * out_c);
                }
            }
        }
    }
    ti_lanes_store(&s, sums);
}
#endif

/* The sum of one output channel, from input channel in_c. */
static uint32_t sum_one(const pixel *p, uint32_t in_c, uint32_t c) {
    const ti_depthwise *d = p->row;
    const uint32_t out_c = d->window->out_c, k_w = d->window->k_w, k_h = d->window->k_h, x_step = p->x_step;
    const int8_t *k = d->weights + c;
    ti_rows rows = d->open.rows;
    uint32_t sum = 0, padded = 0;  /* of products; of weights that meet padding */
    for (uint32_t ky = 0; ky < k_h; ky++) {
        uint32_t kx = 0, first = k_w, past = k_w;
        const int8_t *x = rows.base + rows.at + p->at + in_c;
        if (ky >= d->open.taps.first && ky < d->open.taps.past) {
            first = p->inside.first;
            past = p->inside.past;
            ti_rows_next(&rows);
        }
        for (; kx < first; kx++, k += out_c) {
            padded += (uint32_t)*k;
        }
        for (; kx < past; kx++, k += out_c, x += x_step) {
            sum += (uint32_t)(*x * *k);
        }
        for (; kx < k_w; kx++, k += out_c) {
            padded += (uint32_t)*k;
        }
    }
    return sum + padded * (uint32_t)d->padding;
}

/* All channels of a pixel. Returns where the next pixel's go. */
#if defined(TI_SMALL)
static int8_t *make(pixel *p, const ti_stage *stage, int8_t *out) {
    const ti_window *w = p->row->window;
    const uint32_t out_c = w->out_c, multiplier = out_c / w->in_c;
    uint32_t in_c = 0, next = multiplier;
    for (uint32_t c = 0; c < out_c; c++) {
        if (c == next) {
            next += multiplier;
            in_c++;
        }
        *out++ = ti_stage_apply(stage, sum_one(p, in_c, c), c);
    }
    return out;
}
#else
static int8_t *make(pixel *p, const ti_stage *from, int8_t *out) {
    const ti_window *w = p->row->window;
    const ti_window_rows *open = &p->row->open;
    const ti_stage stage = *from;
    const uint32_t out_c = w->out_c, multiplier = out_c / w->in_c, spread = multiplier == 1;
    const uint32_t run = spread ? out_c : multiplier;  /* neighbouring output channels that lanes may hold together */
    p->whole = p->inside.past - p->inside.first == w->k_w && open->taps.past - open->taps.first == w->k_h;
    for (uint32_t start = 0, in_c = 0; start < out_c; start += run, in_c++) {
        uint32_t c = start, end = start + run;
        for (; end - c >= TI_LANES; c += TI_LANES) {
            uint32_t sums[TI_LANES];
            sum_lanes(p, spread ? c : in_c, c, spread, sums);
            for (uint32_t j = 0; j < TI_LANES; j++) {
                *out++ = ti_stage_apply(&stage, sums[j], c + j);
            }
        }
        for (; c < end; c++) {
            *out++ = ti_stage_apply(&stage, sum_one(p, spread ? c : in_c, c), c);
        }
    }
    return out;
}
#endif

void ti_depthwise_any(const ti_depthwise *d, uint32_t first, uint32_t past, int8_t *out) {
    const ti_window *w = d->window;
    pixel p;
    p.row = d;
    p.x_step = (uint32_t)w->dilation_w * w->in_c;
    out += first * w->out_c;
    for (uint32_t x = first; x < past; x++) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        p.inside = ti_taps_inside(origin, w->k_w, w->dilation_w, w->in_w);
        p.at = (uint32_t)origin * w->in_c + p.inside.first * p.x_step;
        out = make(&p, &d->stage, out);
    }
}

#endif
