#include "../ti_lanes.h"
#include "../ti_stage.h"
#include "../ti_window.h"

int ti_depthwise_conv2d_check(ti_proof *p, const ti_op *op) {
    const ti_conv2d *conv = (const void *)(p->blob + op->params);
    const ti_window *w = &conv->window;
    return ti_prove_window(p, op, w)
        && ti_prove_product(p, w->out_c / w->in_c, w->in_c, 1, w->out_c)
        && ti_prove_int8(p, conv->in_zero_point, offsetof(ti_conv2d, in_zero_point))
        && ti_prove_reserved(p, conv->reserved)
        && ti_prove_offset(p, conv->weights, (uint64_t)w->k_h * w->k_w * w->out_c, 1)
        && ti_prove_stage(p, &conv->stage, w->out_c, offsetof(ti_conv2d, stage));
}

/* One window: its rows and taps inside the input, and what a row of its sums is made from. */
typedef struct {
    const ti_window *window;
    const int8_t *weights;  /* (k_h, k_w, out_c) */
    ti_window_rows open;
    ti_taps inside;         /* of kx */
    uint32_t at;            /* offset in an input row of its first pixel inside */
    uint32_t x_step;        /* from one kx to the next, in bytes of the input row */
    int whole;              /* no tap lies in the padding */
    int8_t padding;         /* what an element there counts as */
} depthwise;

/* Sums of TI_LANES output channels from c on. Their input channels are in_c and on, or, where spread is 0, all in_c. */
static void sum_lanes(const depthwise *d, uint32_t in_c, uint32_t c, uint32_t spread, uint32_t sums[TI_LANES]) {
    const ti_window *w = d->window;
    uint32_t out_c = w->out_c, x_step = d->x_step, taps = d->inside.past - d->inside.first;
    ti_rows rows = d->open.rows;
    ti_lanes s = ti_lanes_zero();
    for (uint32_t ky = d->open.taps.first; ky < d->open.taps.past; ky++) {
        const int8_t *x = rows.base + rows.at + d->at + in_c;
        const int8_t *k = d->weights + (ky * w->k_w + d->inside.first) * out_c + c;
        for (uint32_t n = 0; n < taps; n++) {
            ti_lanes_add(&s, x + n * x_step, spread, k + n * out_c);
        }
        ti_rows_next(&rows);
    }
    if (!d->whole) {
        const int8_t *k = d->weights + c;
        for (uint32_t ky = 0; ky < w->k_h; ky++) {
            int row_inside = ky >= d->open.taps.first && ky < d->open.taps.past;
            for (uint32_t kx = 0; kx < w->k_w; kx++) {
                if (!row_inside || kx < d->inside.first || kx >= d->inside.past) {
                    ti_lanes_add(&s, &d->padding, 0, k + (ky * w->k_w + kx) * out_c);
                }
            }
        }
    }
    ti_lanes_store(&s, sums);
}

/* The same for one channel. */
static uint32_t sum_one(const depthwise *d, uint32_t in_c, uint32_t c) {
    const ti_window *w = d->window;
    ti_rows rows = d->open.rows;
    uint32_t sum = 0, k = c;
    uint32_t first = d->at - d->inside.first * d->x_step + in_c;
    for (uint32_t ky = 0; ky < w->k_h; ky++) {
        int row_inside = ky >= d->open.taps.first && ky < d->open.taps.past;
        for (uint32_t kx = 0; kx < w->k_w; kx++, k += w->out_c) {
            int32_t x = d->padding;
            if (row_inside && kx >= d->inside.first && kx < d->inside.past) {
                x = rows.base[rows.at + first + kx * d->x_step];
            }
            sum += (uint32_t)(x * d->weights[k]);
        }
        if (row_inside) {
            ti_rows_next(&rows);
        }
    }
    return sum;
}

void ti_depthwise_conv2d_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_conv2d *conv = ti_params(m, op);
    const ti_window *w = &conv->window;
    const ti_stage stage = ti_stage_open(m, &conv->stage);
    const uint32_t in_c = w->in_c, out_c = w->out_c;
    const uint32_t multiplier = out_c / in_c;
    const uint32_t spread = multiplier == 1;
    const uint32_t run = spread ? out_c : multiplier;  /* neighbouring output channels that lanes may hold together */
    int8_t *out = ti_output_row(m, op, row);
    depthwise d;
    d.window = w;
    d.weights = (const int8_t *)(m->blob + conv->weights);
    d.open = ti_window_open(m, op, w, row);
    d.x_step = (uint32_t)w->dilation_w * in_c;
    d.padding = (int8_t)conv->in_zero_point;

    for (uint32_t x = 0; x < w->out_w; x++) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        d.inside = ti_taps_inside(origin, w->k_w, w->dilation_w, w->in_w);
        d.at = ((uint32_t)origin + d.inside.first * w->dilation_w) * in_c;
        d.whole = d.inside.past - d.inside.first == w->k_w && d.open.taps.past - d.open.taps.first == w->k_h;
        for (uint32_t first = 0, from = 0; first < out_c; first += run, from++) {
            uint32_t c = first, past = first + run;
            for (; past - c >= TI_LANES; c += TI_LANES) {
                uint32_t sums[TI_LANES];
                sum_lanes(&d, spread ? c : from, c, spread, sums);
                for (uint32_t j = 0; j < TI_LANES; j++) {
                    *out++ = ti_stage_apply(&stage, sums[j], c + j);
                }
            }
            for (; c < past; c++) {
                *out++ = ti_stage_apply(&stage, sum_one(&d, spread ? c : from, c), c);
            }
        }
    }
}
