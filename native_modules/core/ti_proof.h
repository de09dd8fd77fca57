/* Building blocks of the loader's proof. Each returns true where the claim holds; otherwise it records the fault and
 * returns false, so that claims chain with && and nothing is read on the strength of a claim that failed.
 */
#ifndef TI_PROOF_H
#define TI_PROOF_H

#include "ti_core.h"

typedef struct {
    const uint8_t *blob;
    const ti_header *header;
    const ti_tensor *tensors;
    uint32_t end;    /* offset of the CRC, the first byte that nothing may point at */
    ti_fault fault;  /* place and index are set before the claims about them are tried */
} ti_proof;

/* Record a fault; returns 0. */
int ti_fail(ti_proof *p, uint8_t code, uint32_t a, uint32_t b);

/* `value`, the field at byte `at` of its struct, lies in low..high. */
int ti_prove_between(ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at);

/* The ranges that most fields have: less code at each of their claims. */
int ti_prove_int8(ti_proof *p, int32_t value, size_t at);        /* -128..127 */
int ti_prove_flag(ti_proof *p, int32_t value, size_t at);        /* 0..1 */
int ti_prove_shift(ti_proof *p, int32_t value, size_t at);       /* -31..30 */
int ti_prove_multiplier(ti_proof *p, int32_t value, size_t at);  /* 0..2^31 - 1 */

/* A reserved field is zero. */
int ti_prove_reserved(ti_proof *p, uint32_t value);

/* `needed` rows, bytes or channels equal what the tensor has. */
int ti_prove_equal(ti_proof *p, uint32_t needed, uint32_t has);

/* a * b * c equals `has`, without overflow. */
int ti_prove_product(ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has);

/* `bytes` bytes at `offset` lie between the header and the CRC, aligned (1, 2 or 4). */
int ti_prove_offset(ti_proof *p, uint32_t offset, uint64_t bytes, uint32_t align);

/* The op's first input and its output have as many rows, each of count * depth elements. */
int ti_prove_elements(ti_proof *p, const ti_op *op, uint32_t count, uint32_t depth);

/* A string starts at `offset`. */
int ti_prove_string(ti_proof *p, uint32_t offset);

/* `bytes` bytes at pool offset `offset` lie in the pool. */
int ti_prove_pool(ti_proof *p, uint32_t offset, uint64_t bytes);

/* Each of `count` multipliers is at least 0 and each shift -31..30; `at`: the bytes of the fields in their struct. */
int ti_prove_multipliers(ti_proof *p, const int32_t *multiplier, size_t multiplier_at, const int8_t *shift,
                         size_t shift_at, uint32_t count);

/* min <= max, both int8; `at` is the byte of min in its struct, max is the next field. */
int ti_prove_min_max(ti_proof *p, int32_t min, int32_t max, size_t at);

#endif
