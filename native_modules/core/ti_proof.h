/* Building blocks of the loader's proof. Each returns only where its claim holds; otherwise the proof is left there and
 * then, by ti_refuse(), and nothing is read on the strength of a claim that failed. A test after each call, on the way out
 * of every function, would be a tenth of the loader.
 *
 * ti_prove_NAME() is an expression, 1, so that claims chain with && and ||; ti_require_NAME() is the function behind it.
 */
#ifndef TI_PROOF_H
#define TI_PROOF_H

#include "ti_core.h"
#include "ti_parts.h"

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
    void *leave;                  /* for ti_leave() */
} ti_proof;

/* Prove a blob; the data of an op whose segment is at base[TI_BLOB]. Of `p` only `leave` is set, the rest is 0. */
void ti_prove_blob(ti_proof *p, const uint8_t *blob, size_t bytes, int resident);
void ti_prove_data(ti_proof *p, const ti_model *m, const ti_op *op);

/* Not the core's: leave ti_prove_blob() or ti_prove_data(), p->fault being what is wrong. The binding raises an exception,
 * other programs have ti_guard.c. */
__attribute__((noreturn)) void ti_leave(ti_proof *p);

/* A claim does not hold. */
__attribute__((noreturn)) void ti_refuse(ti_proof *p, uint8_t code, uint32_t a, uint32_t b);

static inline int ti_fail(ti_proof *p, uint8_t code, uint32_t a, uint32_t b) {
    ti_refuse(p, code, a, b);
    return 0;
}

#define TI_PROVES(name, parameters, arguments)       \
    void ti_require_##name parameters;               \
    static inline int ti_prove_##name parameters {   \
        ti_require_##name arguments;                 \
        return 1;                                    \
    }

static inline uint32_t ti_saturate(uint64_t x) {
    return x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
}

/* product * by, where UINT32_MAX stands for all that is too large: no size is, so that no claim about it holds. */
uint32_t ti_times(uint32_t product, uint32_t by);

/* `value`, the field at byte `at` of its struct, lies in low..high. */
TI_PROVES(between, (ti_proof *p, int32_t value, int32_t low, int32_t high, size_t at), (p, value, low, high, at))

TI_PROVES(flag, (ti_proof *p, int32_t value, size_t at), (p, value, at))  /* 0..1 */

/* A reserved field is zero. */
TI_PROVES(reserved, (ti_proof *p, uint32_t value), (p, value))

/* `needed` rows, bytes or channels equal what the tensor has. */
TI_PROVES(equal, (ti_proof *p, uint32_t needed, uint32_t has), (p, needed, has))

/* a * b * c equals `has`. */
TI_PROVES(product, (ti_proof *p, uint32_t a, uint32_t b, uint32_t c, uint32_t has), (p, a, b, c, has))

/* `bytes` bytes at `offset` lie where offsets may point at, aligned (1, 2 or 4). */
TI_PROVES(offset, (ti_proof *p, uint32_t offset, uint32_t bytes, uint32_t align), (p, offset, bytes, align))

/* Rows of the op's first input and of its output are those of as many images, in_h and out_h rows each; in_h > 0. */
TI_PROVES(images, (ti_proof *p, const ti_op *op, uint32_t in_h, uint32_t out_h), (p, op, in_h, out_h))

/* The op's first input holds `rows` rows at a time. */
TI_PROVES(ring, (ti_proof *p, const ti_op *op, uint32_t rows), (p, op, rows))

/* A string starts at `offset`. */
TI_PROVES(string, (ti_proof *p, uint32_t offset), (p, offset))

/* `bytes` bytes at pool offset `offset` lie in the state, or in the rest of the pool, but not in the op's window. */
TI_PROVES(memory, (ti_proof *p, uint32_t space, uint32_t offset, uint32_t bytes), (p, space, offset, bytes))
TI_PROVES(pool, (ti_proof *p, uint32_t offset, uint32_t bytes), (p, offset, bytes))

#endif
