/* Building blocks of the loader's proof. Each returns true where the claim holds; otherwise it records the fault and
 * returns false, so that claims chain with && and nothing is read on the strength of a claim that failed.
 */
#ifndef TI_PROOF_H
#define TI_PROOF_H

#include "ti_core.h"

typedef struct {
    ti_fault fault;               /* place and index are set before the claims about them are tried */
    const uint8_t *blob;          /* what offsets count from: the blob, or the segment of an op */
    uint32_t first, end;          /* and point at: from the header's end to the checksum or the first segment, or a segment */
    uint32_t data_end;            /* offset of the checksum */
    const ti_header *header;
    const ti_tensor *tensors;
    const ti_segment *segments;   /* NULL where there are none */
    const ti_segment *segment;    /* that of the op, to whose window it must not write; NULL where there is none */
    int resident;                 /* only what comes before the segments is there */
} ti_proof;

static inline uint32_t ti_saturate(uint64_t x) {
    return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

/* product * by, where UINT32_MAX stands for all that is too large: no size is, so that no claim about it holds. */
uint32_t ti_times(uint32_t product, uint32_t by);

/* Record a fault; returns 0. */
int ti_fail(ti_proof *p, uint8_t code, uint32_t a, uint32_t b);

/* `value`, the field at byte `at` of its struct, lies in low..high. */
int ti_prove_between(ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at);

int ti_prove_flag(ti_proof *p, int32_t value, size_t at);  /* 0..1 */

/* A reserved field is zero. */
int ti_prove_reserved(ti_proof *p, uint32_t value);

/* `needed` rows, bytes or channels equal what the tensor has. */
int ti_prove_equal(ti_proof *p, uint32_t needed, uint32_t has);

/* a * b * c equals `has`. */
int ti_prove_product(ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has);

/* `bytes` bytes at `offset` lie where offsets may point at, aligned (1, 2 or 4). */
int ti_prove_offset(ti_proof *p, uint32_t offset, uint32_t bytes, uint32_t align);

/* Rows of the op's first input and of its output are those of as many images, in_h and out_h rows each; in_h > 0. */
int ti_prove_images(ti_proof *p, const ti_op *op, uint32_t in_h, uint32_t out_h);

/* The op's first input holds `rows` rows at a time. */
int ti_prove_ring(ti_proof *p, const ti_op *op, uint32_t rows);

/* A string starts at `offset`. */
int ti_prove_string(ti_proof *p, uint32_t offset);

/* `bytes` bytes at pool offset `offset` lie in the state, or in the rest of the pool, but not in the op's window. */
int ti_prove_memory(ti_proof *p, uint32_t space, uint32_t offset, uint32_t bytes);
int ti_prove_pool(ti_proof *p, uint32_t offset, uint32_t bytes);

#endif
