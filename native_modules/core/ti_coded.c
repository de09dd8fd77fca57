#include "ti_coded.h"

#include "ti_claims.h"
#include "ti_pair.h"

static const ti_claim claims[] = {
    TI_TIMES(TI_32(ti_coded, bytes)), TI_BYTES_AT(TI_32(ti_coded, data)),
    TI_END,
};

static void require_palettes(ti_proof *p, const ti_coded *coded, uint32_t k, uint32_t out_c) {
    const uint32_t bits = coded->bits, tables = coded->coding == TI_PALETTE ? 1 : out_c;
    if (bits != 1 && bits != 2 && bits != 4) {
        ti_refuse(p, TI_FAULT_VALUE, bits, offsetof(ti_coded, bits));
    }
    const uint32_t in_a_byte = 8 / bits;
    ti_require_equal(p, ti_times(out_c, (k + in_a_byte - 1) / in_a_byte), coded->bytes);
    ti_require_offset(p, coded->table, ti_times(tables, 1u << bits), 1);
}

/* The part of the core that a coding needs. */
static uint32_t part_of(uint32_t coding) {
    return coding == TI_SPARSE ? TI_SPARSE_WEIGHTS : coding == TI_ENTROPY ? TI_ENTROPY_CODES : TI_PALETTES;
}

void ti_require_coding(ti_proof *p, uint32_t weights) {
    ti_require_offset(p, weights, sizeof(ti_coded), 4);
    const ti_coded *coded = (const void *)(p->blob + weights);
    ti_require_between(p, coded->coding, TI_PALETTE, TI_SPARSE, offsetof(ti_coded, coding));
    if (!(TI_SELECTED >> part_of(coded->coding) & 1)) {
        ti_refuse(p, TI_FAULT_MISSING, part_of(coded->coding), 0);
    }
}

void ti_require_coded(ti_proof *p, const ti_op *op, const ti_pairs *pairs, uint32_t weights, uint32_t k, uint32_t out_c,
                      uint32_t before) {
    const ti_coded *coded = (const void *)(p->blob + weights);
    ti_require_fields(p, NULL, coded, claims, 0);
    if (TI_HAS(SPARSE_WEIGHTS) && coded->coding == TI_SPARSE) {
        ti_require_reserved(p, coded->table | coded->bits | pairs->chunk);
        ti_require_sparse(p, coded, k, out_c);
        return;
    }
    uint32_t scratch = ti_times(coded->block, k), more = before + TI_PAIR_WORDS(k) - k;
    if (!coded->block || coded->block % 4) {
        ti_refuse(p, TI_FAULT_VALUE, coded->block, offsetof(ti_coded, block));
    }
    ti_require_pool(p, op->scratch, scratch < UINT32_MAX - more ? scratch + more : UINT32_MAX);
    if (TI_HAS(ENTROPY_CODES) && coded->coding == TI_ENTROPY) {
        ti_require_entropy(p, coded);
    } else if (TI_HAS(PALETTES)) {
        require_palettes(p, coded, k, out_c);
    }
}

void ti_blocks_open(ti_blocks *b, const ti_model *m, ti_matmul *mm, int8_t *to) {
    const ti_coded *coded = mm->coded;
    b->coded = coded;
    b->at = ti_data(m, coded->data);
    b->end = b->at + coded->bytes;
    b->table = ti_data(m, coded->table);
    b->left = mm->out_c;
    mm->weights = to;
    mm->out_c = 0;
}

/* Past the channels of the block before. */
static void advance(ti_matmul *mm) {
    const uint32_t n = mm->out_c, shared = n & mm->stage.channel_mask;
    mm->stage.bias += n;
    mm->stage.multiplier += shared;
    mm->stage.shift += shared;
    if (mm->runs) {
        const uint32_t taps = TI_PAIR_WORDS(mm->k), chunks = (taps + mm->chunk - 1) / mm->chunk;
        for (uint32_t c = 0; c < n; c += 2) {
            for (uint32_t done = 0; done < chunks; done += *mm->runs++ + 1u) {
            }
        }
    }
}

int ti_blocks_next(ti_blocks *b, ti_matmul *mm) {
    const uint32_t n = b->left < b->coded->block ? b->left : b->coded->block, bits = b->coded->bits;
    int8_t *to = (int8_t *)(uintptr_t)mm->weights;
    advance(mm);
    b->left -= n;
    mm->out_c = n;
    for (uint32_t c = 0; c < n; c++, to += mm->k) {
        if (TI_HAS(ENTROPY_CODES) && b->coded->coding == TI_ENTROPY) {
            b->at = ti_entropy_decode((const void *)b->table, bits, b->at, b->end, to, mm->k);
        } else if (TI_HAS(PALETTES)) {
            b->at = ti_palette_decode((const int8_t *)b->table, bits, b->at, to, mm->k);
            b->table += b->coded->coding == TI_PALETTE ? 0 : 1 << bits;
        }
    }
    return n != 0;
}
