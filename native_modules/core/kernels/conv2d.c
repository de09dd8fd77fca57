/* A window's elements are gathered into scratch (im2col of one pixel), which makes the rest a matrix product. */
#include <string.h>

#include "../ti_matmul.h"
#include "../ti_window.h"

int ti_conv2d_check(ti_proof *p, const ti_op *op) {
    const ti_conv2d *conv = (const void *)(p->blob + op->params);
    const ti_window *w = &conv->window;
    return ti_prove_window(p, op, w)
        && ti_prove_int8(p, conv->in_zero_point, offsetof(ti_conv2d, in_zero_point))
        && ti_prove_reserved(p, conv->reserved)
        && ti_prove_offset(p, conv->weights, (uint64_t)w->k_h * w->k_w * w->in_c * w->out_c, 1)
        && ti_prove_stage(p, &conv->stage, w->out_c, offsetof(ti_conv2d, stage))
        && ti_prove_pool(p, op->scratch, (uint64_t)w->k_h * w->k_w * w->in_c);
}

/* Windows of a few bytes a row are the rule in a first layer: too short to be worth a call. */
static inline void copy(int8_t *to, const int8_t *from, uint32_t bytes) {
    if (bytes > 16) {
        memmove(to, from, bytes);
        return;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        to[i] = from[i];
    }
}

/* One row of a window, k_w * in_c bytes, from a row of the input; `inside` are its taps inside the row. */
static void gather(const ti_window *w, const int8_t *row, int32_t origin, ti_taps inside, int8_t fill, int8_t *to) {
    uint32_t in_c = w->in_c;
    if (inside.first) {
        memset(to, fill, inside.first * in_c);
    }
    if (inside.past < w->k_w) {
        memset(to + inside.past * in_c, fill, (w->k_w - inside.past) * in_c);
    }
    if (inside.first == inside.past) {
        return;
    }
    uint32_t from = ((uint32_t)origin + inside.first * w->dilation_w) * in_c;
    if (w->dilation_w == 1) {
        copy(to + inside.first * in_c, row + from, (inside.past - inside.first) * in_c);
        return;
    }
    for (uint32_t kx = inside.first; kx < inside.past; kx++, from += w->dilation_w * in_c) {
        copy(to + kx * in_c, row + from, in_c);
    }
}

void ti_conv2d_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_conv2d *conv = ti_params(m, op);
    const ti_window *w = &conv->window;
    int8_t *patch = (int8_t *)(m->pool + op->scratch);
    int8_t *out = ti_output_row(m, op, row);
    ti_window_rows open = ti_window_open(m, op, w, row);
    uint32_t row_bytes = (uint32_t)w->k_w * w->in_c;
    ti_matmul mm;
    mm.weights = (const int8_t *)(m->blob + conv->weights);
    mm.k = w->k_h * row_bytes;
    mm.out_c = w->out_c;
    mm.stage = ti_stage_open(m, &conv->stage);

    /* A window that is one piece of the input needs no gathering. */
    int piece = w->k_h == 1 && open.taps.past - open.taps.first == 1 && (w->k_w == 1 || w->dilation_w == 1);
    memset(patch, conv->in_zero_point, mm.k);  /* rows outside the image stay so for the whole output row */

    for (uint32_t x = 0; x < w->out_w; x++, out += mm.out_c) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        ti_taps inside = ti_taps_inside(origin, w->k_w, w->dilation_w, w->in_w);
        int whole = inside.past - inside.first == w->k_w;
        uint32_t at = (uint32_t)origin * w->in_c;
        const int8_t *vector = patch;
        ti_rows rows = open.rows;
        if (whole && piece) {
            vector = rows.base + rows.at + at;
        } else {
            int8_t *to = patch + open.taps.first * row_bytes;
            for (uint32_t ky = open.taps.first; ky < open.taps.past; ky++, to += row_bytes) {
                if (whole && w->dilation_w == 1) {
                    copy(to, rows.base + rows.at + at, row_bytes);
                } else {
                    gather(w, rows.base + rows.at, origin, inside, (int8_t)conv->in_zero_point, to);
                }
                ti_rows_next(&rows);
            }
        }
        ti_matmul_run(&mm, vector, 1, out);
    }
}
