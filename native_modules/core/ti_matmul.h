/* Vectors times a weight matrix, with the output stage: the inner routine that FULLY_CONNECTED and CONV2D share where they
 * make one pixel at a time; ti_pair.h makes two.
 */
#ifndef TI_MATMUL_H
#define TI_MATMUL_H

#include "ti_config.h"
#include "ti_parts.h"
#include "ti_stage.h"

typedef struct {
    const int8_t *weights;  /* (out_c, k) */
    uint32_t k;             /* elements of a vector */
    uint32_t out_c;
    uint32_t chunk;         /* of ti_pairs, 0: no pairs */
    const uint8_t *runs;    /* of ti_pairs, NULL: no chunk is an exception */
    const ti_coded *coded;  /* NULL: the weights lie there as they are */
    const uint8_t *sparse;  /* the data of sparse weights, else NULL */
    ti_stage stage;
} ti_matmul;

/* The claims about a matrix (out_c, k) at offset `weights`, its ti_pairs, and its scratch memory, in which a pixel by itself takes
 * `single` bytes. */
void ti_require_weights(ti_proof *p, const ti_op *op, const ti_pairs *pairs, uint32_t weights, uint32_t k, uint32_t out_c,
                        uint32_t single);

/* Fills in all but k and out_c. */
void ti_matmul_open(ti_matmul *mm, const ti_model *m, const ti_output_stage *stage, const ti_pairs *pairs, uint32_t weights);

/* Whether the weights have to be decoded, block by block (ti_coded.h). */
static inline int ti_matmul_decodes(const ti_matmul *mm) {
    return (TI_HAS(PALETTES) || TI_HAS(ENTROPY_CODES)) && mm->coded && !mm->sparse;
}

/* out (vectors, out_c) from x (vectors, k). */
void ti_matmul_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out);

#if defined(TI_SSE2)
/* ti_matmul_run() for one vector, a quick stage, k from 16 on and 4 output channels or more. */
void ti_matmul_run_sse2(const ti_matmul *mm, const int8_t *x, int8_t *out);
#endif

#if defined(TI_ARMV6M)
/* The same for one vector and 4 output channels or more, for a stage of ti_stage_is_quick(). */
void ti_matmul_run_armv6m(const ti_matmul *mm, const int8_t *x, int8_t *out);
#endif

#if defined(TI_DSP)
#define TI_DSP_ROWS 4
/* ti_matmul_run() for a quick stage, k from 4 on, TI_DSP_ROWS output channels or more. */
void ti_matmul_run_dsp(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out);
#endif

#endif
