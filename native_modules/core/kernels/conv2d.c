/* A window's elements are gathered into scratch (im2col of one or two pixels), which makes the rest a matrix product. */
#include <string.h>

#include "../ti_coded.h"
#include "../ti_pair.h"
#include "../ti_window.h"

const ti_claim ti_conv2d_claims[] = {
    TI_IS(INT8, TI_I16(ti_conv2d, in_zero_point)),
    TI_IS(RESERVED, TI_U16(ti_conv2d, reserved)),
    TI_END,
};

void ti_conv2d_check(ti_proof *p, const ti_op *op) {
    const ti_conv2d *conv = (const void *)(p->blob + op->params);
    const ti_window *w = &conv->window;
    uint32_t patch = ti_times(ti_times(w->k_h, w->k_w), w->in_c);
    ti_require_window(p, op, w);
    ti_require_stage(p, op, offsetof(ti_conv2d, stage), w->out_c);
    ti_require_pool(p, op->scratch, patch);
    ti_require_weights(p, op, &conv->pairs, conv->weights, patch, w->out_c, TI_PAIR_WORDS(patch));
}

/* Where the windows of an output row are gathered. */
typedef struct {
    const ti_window *window;
    const int8_t *zero_point;  /* what fills the padding */
    ti_window_rows open;
    int8_t *single;            /* of one pixel */
    ti_pair pair;              /* or of two, in the same memory */
} patch;

enum { FIRST, SECOND, SINGLE };  /* pixel of a pair, or one by itself */

/* Elements at .. at + n - 1 of a pixel's window: x[i * step], step 0 or 1. */
static void put(const patch *p, uint32_t pixel, uint32_t at, const int8_t *x, uint32_t step, uint32_t n) {
    if (TI_HAS(PAIRS) && pixel != SINGLE) {
        ti_pair_put_one(&p->pair, pixel, at, x, step, n);
    } else if (step) {
        memmove(p->single + at, x, n);
    } else {
        memset(p->single + at, *x, n);
    }
}

/* A pixel's window, which may lie partly in the padding; but rows outside the image stay what they are. */
static void gather(const patch *p, uint32_t pixel, int32_t origin) {
    const ti_window *w = p->window;
    const uint32_t in_c = w->in_c, k_w = w->k_w, dilation = w->dilation_w;
    const ti_taps inside = ti_taps_inside(origin, k_w, dilation, w->in_w);
    const uint32_t before = inside.first * in_c, after = (k_w - inside.past) * in_c;
    uint32_t pieces = inside.past - inside.first, bytes = in_c;
    if (dilation == 1) {  /* they lie together */
        bytes *= pieces;
        pieces = pieces != 0;
    }
    ti_rows rows = p->open.rows;
    uint32_t at = p->open.taps.first * k_w * in_c;
    for (uint32_t ky = p->open.taps.first; ky < p->open.taps.past; ky++) {
        const int8_t *x = rows.base + rows.at + ((uint32_t)origin + inside.first * dilation) * in_c;
        if (before) {
            put(p, pixel, at, p->zero_point, 0, before);
            at += before;
        }
        for (uint32_t n = pieces; n; n--, at += bytes, x += dilation * in_c) {
            put(p, pixel, at, x, 1, bytes);
        }
        if (after) {
            put(p, pixel, at, p->zero_point, 0, after);
            at += after;
        }
        ti_rows_next(&rows);
    }
}

/* Rows outside the image are so for the whole output row. */
static void fill(const patch *p, uint32_t pixel, uint32_t k) {
    if (p->open.taps.past - p->open.taps.first < p->window->k_h) {
        put(p, pixel, 0, p->zero_point, 0, k);
    }
}

/* Pixels one by one, from `first` on. */
static void run_singles(const ti_matmul *mm, const patch *p, uint32_t first, int8_t *out) {
    const ti_window *w = p->window;
    /* A window that is one piece of the input needs no gathering. */
    int piece = w->k_h == 1 && p->open.taps.past != p->open.taps.first && (w->k_w == 1 || w->dilation_w == 1);
    fill(p, SINGLE, mm->k);
    out += first * w->out_c;
    for (uint32_t x = first; x < w->out_w; x++, out += w->out_c) {
        int32_t origin = (int32_t)(x * w->stride_w) - w->pad_left;
        const int8_t *vector = p->single;
        if (piece && origin >= 0 && (uint32_t)origin + w->k_w <= w->in_w) {
            vector = p->open.rows.base + p->open.rows.at + (uint32_t)origin * w->in_c;
        } else {
            gather(p, SINGLE, origin);
        }
        ti_matmul_run(mm, vector, 1, out);
    }
}

/* Pixels two by two. The last one of an odd row is its own partner, or left. Returns how many were made. */
static uint32_t run_pairs(const ti_matmul *mm, patch *p, int8_t *out) {
    const ti_window *w = p->window;
    uint32_t row_bytes = (uint32_t)w->k_w * w->in_c;
    ti_pair_open(&p->pair, mm, (uint8_t *)p->single);
    fill(p, FIRST, mm->k);
    fill(p, SECOND, mm->k);

    uint32_t past = w->out_w - (TI_PAIR_LEAVES_ONE & w->out_w);
    for (uint32_t x = 0; x < past; x += 2, out += 2 * w->out_c) {
        uint32_t second = x + 1 < w->out_w;
        int32_t origin0 = (int32_t)(x * w->stride_w) - w->pad_left;
        int32_t origin1 = origin0 + (int32_t)(second * w->stride_w);
        if (w->dilation_w == 1 && origin0 >= 0 && (uint32_t)origin1 + w->k_w <= w->in_w) {
            uint32_t from0 = (uint32_t)origin0 * w->in_c, from1 = (uint32_t)origin1 * w->in_c;
            ti_rows rows = p->open.rows;
            for (uint32_t ky = p->open.taps.first; ky < p->open.taps.past; ky++) {
                const int8_t *row = rows.base + rows.at;
                ti_pair_put(&p->pair, ky * row_bytes, row + from0, row + from1, row_bytes);
                ti_rows_next(&rows);
            }
        } else {
            gather(p, FIRST, origin0);
            gather(p, SECOND, origin1);
        }
        ti_pair_run(mm, &p->pair, out, out + second * w->out_c);
    }
    return past;
}

/* A row of pixels, mm's channels of each. */
static void run(const ti_matmul *mm, patch *p, int8_t *out) {
    uint32_t made = TI_HAS(PAIRS) && mm->chunk ? run_pairs(mm, p, out) : 0;
    if (made < p->window->out_w) {
        run_singles(mm, p, made, out);
    }
}

void ti_conv2d_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_conv2d *conv = ti_params(m, op);
    const ti_window *w = &conv->window;
    const int8_t zero_point = (int8_t)conv->in_zero_point;
    int8_t *out = ti_output_row(m, op, row);
    ti_matmul mm;
    mm.k = (uint32_t)w->k_h * w->k_w * w->in_c;
    mm.out_c = w->out_c;
    ti_matmul_open(&mm, m, &conv->stage, &conv->pairs, conv->weights);
    patch p;
    p.window = w;
    p.zero_point = &zero_point;
    ti_window_open(&p.open, m, op, row);
    p.single = ti_scratch(m, op);
    if (!ti_matmul_decodes(&mm)) {
        run(&mm, &p, out);
        return;
    }
    ti_blocks blocks;
    ti_blocks_open(&blocks, m, &mm, p.single + TI_PAIR_WORDS(mm.k) * (conv->pairs.chunk ? sizeof(uint32_t) : 1));
    for (; ti_blocks_next(&blocks, &mm); out += mm.out_c) {
        run(&mm, &p, out);
    }
}
