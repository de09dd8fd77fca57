#include <string.h>

#include "../ti_coded.h"
#include "../ti_kernels.h"
#include "../ti_matmul.h"
#include "../ti_pair.h"

const ti_claim ti_fully_connected_claims[] = {
    TI_EQUAL(TI_ROWS(TI_IN), TI_ROWS(TI_OUT)),
    TI_PRODUCT(TI_32(ti_fully_connected, pixels), TI_32(ti_fully_connected, in_c), TI_ROW_BYTES(TI_IN)),
    TI_PRODUCT(TI_32(ti_fully_connected, pixels), TI_32(ti_fully_connected, out_c), TI_ROW_BYTES(TI_OUT)),
    TI_END,
};

void ti_fully_connected_check(ti_proof *p, const ti_op *op) {
    const ti_fully_connected *f = (const void *)(p->blob + op->params);
    ti_require_stage(p, op, offsetof(ti_fully_connected, stage), f->out_c);
    ti_require_weights(p, op, &f->pairs, f->weights, f->in_c, f->out_c, 0);
}

/* Pairs of pixels, or where the core has none for this stage single ones from scratch memory, since the output may lie over the
 * input, if the weights are not coded. The next pixel is `step` bytes from x, its output `out_step` bytes from `out`. */
static void run_pairs(const ti_matmul *mm, uint8_t *scratch, const int8_t *x, uint32_t step, uint32_t pixels, int8_t *out,
                      uint32_t out_step) {
    if (TI_HAS(PAIRS) && mm->chunk) {
        ti_pair pair;
        ti_pair_open(&pair, mm, scratch);
        for (; pixels >= 2; pixels -= 2, x += 2 * (int32_t)step, out += 2 * (int32_t)out_step) {
            ti_pair_put(&pair, 0, x, x + (int32_t)step, mm->k);
            ti_pair_run(mm, &pair, out, out + (int32_t)out_step);
        }
        if (pixels > TI_PAIR_LEAVES_ONE) {  /* the last one of an odd number is its own partner */
            ti_pair_put(&pair, 0, x, x, mm->k);
            ti_pair_run(mm, &pair, out, out);
            return;
        }
    }
    for (; pixels; pixels--, x += (int32_t)step, out += (int32_t)out_step) {
        ti_matmul_run(mm, TI_HAS_CODINGS && mm->coded ? x : memcpy(scratch, x, mm->k), 1, out);
    }
}

/* Do the two tensors share memory? */
static int overlap(const ti_model *m, const ti_tensor *a, const ti_tensor *b) {
    const uintptr_t at_a = (uintptr_t)ti_memory(m, a), at_b = (uintptr_t)ti_memory(m, b);
    return at_a < at_b + b->ring * b->row_bytes && at_b < at_a + a->ring * a->row_bytes;
}

uint32_t ti_fully_connected_rows(const ti_model *m, const ti_op *op, uint32_t row, uint32_t rows, int down) {
    const ti_fully_connected *f = ti_params(m, op);
    ti_matmul mm;
    mm.k = f->in_c;
    mm.out_c = f->out_c;
    ti_matmul_open(&mm, m, &f->stage, &f->pairs, f->weights);
    const ti_tensor *in = ti_input(m, op), *to = &m->tensors[op->output];
    const int8_t *x = ti_row(m, in, row);
    int8_t *out = ti_row(m, to, row);
    if (!f->pairs.chunk && !ti_matmul_decodes(&mm)) {
        ti_matmul_run(&mm, x, f->pixels, out);
        return 1;
    }
    uint32_t at = row % in->ring, at_out = row % to->ring;
    uint32_t left = down ? at + 1 : in->ring - at, left_out = down ? at_out + 1 : to->ring - at_out;
    rows = rows < left ? rows : left;
    rows = rows < left_out ? rows : left_out;
    if (TI_HAS_CODINGS && mm.coded && overlap(m, in, to)) {
        rows = 1;  /* the pixels are read again for each block of channels */
    }
    uint32_t step = f->in_c, out_step = f->out_c, pixels = f->pixels * rows;
    if (down) {
        x += in->row_bytes - step;
        out += to->row_bytes - out_step;
        step = 0 - step;
        out_step = 0 - out_step;
    }
    uint8_t *scratch = ti_scratch(m, op);
    if (!ti_matmul_decodes(&mm)) {
        run_pairs(&mm, scratch, x, step, pixels, out, out_step);
        return rows;
    }
    ti_blocks blocks;
    ti_blocks_open(&blocks, m, &mm, (int8_t *)scratch + (f->pairs.chunk ? TI_PAIR_WORDS(mm.k) * sizeof(uint32_t) : 0));
    for (; ti_blocks_next(&blocks, &mm); out += mm.out_c) {
        run_pairs(&mm, scratch, x, step, pixels, out, out_step);
    }
    return rows;
}

void ti_fully_connected_row(const ti_model *m, const ti_op *op, uint32_t row) {
    ti_fully_connected_rows(m, op, row, 1, 0);
}
