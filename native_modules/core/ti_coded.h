/* Weights that take fewer bytes than one each (SPEC.md, "Coded weights"). Palettes and entropy codes are decoded a block of output
 * channels at a time into scratch memory, where the kernels find them as they find others in flash; sparse ones are
 * multiplied as they lie. One file for each:
 *
 *   ti_palette.c   an index a weight
 *   ti_entropy.c   code words of different lengths
 *   ti_sparse.c    the weights other than zero
 */
#ifndef TI_CODED_H
#define TI_CODED_H

#include "ti_matmul.h"

/* A walk over the blocks of a matrix. */
typedef struct {
    const ti_coded *coded;
    const uint8_t *at;     /* of the next channel */
    const uint8_t *end;    /* of the data */
    const uint8_t *table;
    uint32_t left;         /* channels that are in no block yet */
} ti_blocks;

/* Before the first block of mm, whose weights are decoded to `to`: block * k bytes, and TI_PAIR_WORDS(k) - k after them. */
void ti_blocks_open(ti_blocks *b, const ti_model *m, ti_matmul *mm, int8_t *to);

/* On to the next block: mm is then a matrix of its channels alone, the first of which is `out_c` of the block before further.
 * Returns 0 where there is none. */
int ti_blocks_next(ti_blocks *b, ti_matmul *mm);

/* A ti_coded lies at offset `weights`, of a coding that this build has. */
void ti_require_coding(ti_proof *p, uint32_t weights);

/* The other claims about these weights (out_c, k), where `before` bytes of scratch memory come before those of a
 * block. */
void ti_require_coded(ti_proof *p, const ti_op *op, const ti_pairs *pairs, uint32_t weights, uint32_t k, uint32_t out_c,
                      uint32_t before);

/* One channel of k weights from `at` on. Returns where the next one's begin. */
const uint8_t *ti_palette_decode(const int8_t *palette, uint32_t bits, const uint8_t *at, int8_t *to, uint32_t k);

/* The same of code words; as many bits as are missing at the end count as zeros. */
const uint8_t *ti_entropy_decode(const uint16_t *table, uint32_t bits, const uint8_t *at, const uint8_t *end, int8_t *to,
                                 uint32_t k);

/* No code word with what follows it is longer than a decoder can look at. */
void ti_require_entropy(ti_proof *p, const ti_coded *coded);

#define TI_SPARSE_WINDOW 255u  /* taps whose positions a byte numbers, and the most that a byte counts */

/* ti_matmul_run() for sparse weights. */
void ti_sparse_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out);

/* The same for one vector, all channels but the last out_c % 4, and a stage that the core's own form has. Returns where the data of the
 * rest begin. */
const uint8_t *ti_sparse_run_armv6m(const ti_matmul *mm, const int8_t *x, int8_t *out);
const uint8_t *ti_sparse_run_dsp(const ti_matmul *mm, const int8_t *x, int8_t *out);  /* in blocks of four */

/* Positions go up and are those of taps, and all that is counted is there. */
void ti_require_sparse(ti_proof *p, const ti_coded *coded, uint32_t k, uint32_t out_c);

#endif
