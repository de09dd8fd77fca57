#include <string.h>

#include "../ti_kernels.h"
#include "../ti_matmul.h"
#include "../ti_pair.h"

const ti_claim ti_fully_connected_claims[] = {
    TI_EQUAL(TI_ROWS(TI_IN), TI_ROWS(TI_OUT)),
    TI_PRODUCT(TI_32(ti_fully_connected, pixels), TI_32(ti_fully_connected, in_c), TI_ROW_BYTES(TI_IN)),
    TI_PRODUCT(TI_32(ti_fully_connected, pixels), TI_32(ti_fully_connected, out_c), TI_ROW_BYTES(TI_OUT)),
    TI_TIMES(TI_32(ti_fully_connected, out_c)), TI_TIMES(TI_32(ti_fully_connected, in_c)),
    TI_BYTES_AT(TI_32(ti_fully_connected, weights)),
    TI_END,
};

int ti_fully_connected_check(ti_proof *p, const ti_op *op) {
    const ti_fully_connected *f = (const void *)(p->blob + op->params);
    return ti_prove_stage(p, op, offsetof(ti_fully_connected, stage), f->out_c)
        && ti_prove_pairs(p, op, &f->pairs, f->weights, f->in_c, f->out_c);
}

/* Pairs of pixels, or where the core has none for this stage single ones from scratch memory, since the output may lie over the
 * input. The next pixel is `step` bytes from x, its output `out_step` bytes from `out`. */
static void run_pairs(const ti_matmul *mm, uint8_t *scratch, const int8_t *x, uint32_t step, uint32_t pixels, int8_t *out,
                      uint32_t out_step) {
    if (mm->chunk) {
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
        ti_matmul_run(mm, memcpy(scratch, x, mm->k), 1, out);
    }
}

uint32_t ti_fully_connected_rows(const ti_model *m, const ti_op *op, uint32_t row, uint32_t rows, int down) {
    const ti_fully_connected *f = ti_params(m, op);
    ti_matmul mm;
    mm.weights = ti_data(m, f->weights);
    mm.k = f->in_c;
    mm.out_c = f->out_c;
    ti_matmul_open(&mm, m, &f->stage, &f->pairs);
    const ti_tensor *in = ti_input(m, op), *to = &m->tensors[op->output];
    const int8_t *x = ti_row(m, in, row);
    int8_t *out = ti_row(m, to, row);
    uint32_t at = row % in->ring, at_out = row % to->ring;
    uint32_t left = down ? at + 1 : in->ring - at, left_out = down ? at_out + 1 : to->ring - at_out;
    rows = rows < left ? rows : left;
    rows = rows < left_out ? rows : left_out;
    if (!f->pairs.chunk) {
        ti_matmul_run(&mm, x, f->pixels, out);
        return 1;
    }
    if (down) {
        x += in->row_bytes - f->in_c;
        out += to->row_bytes - f->out_c;
    }
    run_pairs(&mm, ti_scratch(m, op), x, down ? 0 - mm.k : mm.k, f->pixels * rows, out, down ? 0 - mm.out_c : mm.out_c);
    return rows;
}

void ti_fully_connected_row(const ti_model *m, const ti_op *op, uint32_t row) {
    ti_fully_connected_rows(m, op, row, 1, 0);
}
