/* The core: check a blob once, then run it row by row. No libc beyond memcpy/memset/memmove, no float, no malloc, no
 * recursion, no writable static data.
 */
#ifndef TI_CORE_H
#define TI_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "ti_format.h"

/* What is wrong with a blob. device_lib/tinyinfer/_errors.py turns these into sentences. */
enum ti_fault_code {
    TI_OK = 0,
    TI_FAULT_ALIGN,       /* the blob or the pool starts at a bad address; a = address % TI_BLOB_ALIGN */
    TI_FAULT_SHORT,       /* fewer bytes than a header and a checksum; a = bytes given */
    TI_FAULT_MAGIC,       /* not a .tin blob */
    TI_FAULT_VERSION,     /* a = version found, b = version understood */
    TI_FAULT_SIZE,        /* a = bytes given, b = blob_bytes */
    TI_FAULT_CHECKSUM,    /* a = stored, b = computed */
    TI_FAULT_RESERVED,    /* a reserved field is not zero */
    TI_FAULT_OFFSET,      /* a = offset, b = bytes needed there: misaligned or outside the blob */
    TI_FAULT_STRING,      /* a = offset: not in the string section */
    TI_FAULT_VALUE,       /* a field is out of its range; a = its value, b = its byte in the struct */
    TI_FAULT_INDEX,       /* a = tensor or op index, b = how many there are */
    TI_FAULT_SHAPE,       /* a = what the op needs (rows or bytes a row), b = what the tensor has */
    TI_FAULT_POOL_RANGE,  /* a = first byte past the range, b = pool_bytes */
    TI_FAULT_POOL_SMALL,  /* a = pool bytes given, b = pool_bytes */
    TI_FAULT_WINDOW,      /* a = pool offset of what the op touches, b = of its segment's window, which overlaps it */
    TI_FAULT_MISSING,     /* a = the kernel or part that is asked for, which this build does not have (ti_parts.h) */
};

enum ti_place { TI_AT_HEADER = 0, TI_AT_TENSOR, TI_AT_OP, TI_AT_STEP, TI_AT_INPUT, TI_AT_OUTPUT, TI_AT_SEGMENT };

typedef struct {
    uint8_t code;     /* enum ti_fault_code */
    uint8_t place;    /* enum ti_place */
    uint16_t index;   /* which tensor, op, … */
    uint32_t a, b;
} ti_fault;

/* A loaded model: what lies in flash, what lies in RAM, and where the run stands. */
typedef struct ti_model ti_model;

/* Reads a segment's bytes into its window in the pool; 0 where that cannot be. */
typedef int ti_loader(ti_model *m, uint32_t segment);

struct ti_model {
    uintptr_t base[TI_SPACES]; /* the address of offset 0 in each enum ti_space, which itself may be none of its memory */
    const ti_header *header;
    const ti_tensor *tensors;  /* [n_tensors] */
    const ti_op *ops;          /* [n_ops] */
    const ti_step *steps;      /* [n_steps] */
    const ti_segment *segments;  /* [n_segments], NULL where there are none */
    ti_loader *load;           /* NULL where the whole blob is in memory, and not just what comes before the segments */
    uint16_t step;             /* the step that runs next */
    uint16_t row;              /* rows of it already done */
    uint16_t fed;              /* rows of a streamed input handed over in this inference */
    uint16_t held;             /* the segment that was loaded last, TI_NONE after an inference */
    ti_fault fault;            /* of what was loaded: why a run was TI_STOPPED */
};

/* Prove that `blob` may be run: every offset, index, shape and value. Reads nothing outside blob[0..bytes). */
ti_fault ti_check(const uint8_t *blob, size_t bytes);

/* The same for what comes before the segments of a blob, which are proved when they are loaded. The checksum is left out. */
ti_fault ti_check_resident(const uint8_t *blob, size_t bytes);

/* Set up `m` to run a blob that ti_check() passed; faults only on the pool's address and size. `state`: NULL where the
 * state is the pool's first bytes; else state_bytes of its own, and the pool, which other models may use between two
 * inferences, holds only what comes after the state. */
ti_fault ti_open(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes, uint8_t *state);

/* The same, but leaves the state as it is: for the next part of a model, or for a model that was opened before. */
ti_fault ti_continue(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes, uint8_t *state);

/* [n_inputs + n_outputs], the inputs first. */
static inline const ti_io *ti_edges(const ti_model *m) {
    return (const void *)((const uint8_t *)m->header + m->header->io);
}

/* What lies at an offset of the blob. */
static inline const void *ti_data(const ti_model *m, uint32_t offset) {
    return (const void *)(m->base[TI_BLOB] + offset);
}

/* Where the memory of a tensor begins. */
static inline void *ti_memory(const ti_model *m, const ti_tensor *t) {
    return (void *)(m->base[t->space] + t->offset);
}

enum ti_progress {
    TI_DONE = 0,   /* the inference is at its end, and the model stands at its start again */
    TI_MORE = 1,   /* rows are left */
    TI_WAITS = 2,  /* the next row needs rows of the input that ti_feed() has not brought yet */
    TI_STOPPED = 3,  /* the next row needs a segment that could not be loaded, or holds what m->fault says */
};

/* Make the next output row. Returns enum ti_progress. */
int ti_step_row(ti_model *m);

/* Whether the model stands in the middle of an inference. */
int ti_is_busy(const ti_model *m);

/* The op whose row comes next. */
uint32_t ti_next_op(const ti_model *m);

/* Run from where the model stands, to the end (TI_DONE) or as far as a streamed input's rows go (TI_WAITS). */
int ti_run(ti_model *m);

/* Hand over the next row of a streamed input, `row_bytes` of its tensor, each byte ^ flip, and run as far as it goes. Returns
 * TI_WAITS, TI_DONE after the input's last row, or TI_MORE where the model waits for no row. */
int ti_feed(ti_model *m, const uint8_t *row, uint8_t flip);

/* Start over: the next row is the first. State stays. */
void ti_restart(ti_model *m);

/* Clear the state: zero, then what the initial steps make. ti_open() does so. The run starts over. */
void ti_reset(ti_model *m);

/* Fill the inputs with the selftest's pseudo-random bytes (SPEC.md, "Selftest"). */
void ti_fill_inputs(ti_model *m, uint16_t seed);

/* Reset, and run on the selftest's input; crc[n_ops] receives each op's CRC-32. Returns the first op that differs from the
 * blob's `check`, or -1. */
int32_t ti_selftest(ti_model *m, uint32_t *crc);

/* The checksum of `bytes` bytes, a multiple of 4, at an address that is one, too (SPEC.md, "Checksum"), continued from
 * `sum`, 0 at first. What another piece follows must be whole groups, of 32 bytes. */
uint32_t ti_checksum(uint32_t sum, const uint8_t *data, size_t bytes);

/* CRC-32 (IEEE 802.3, reflected, as zlib's), continued from `crc`, 0 at first. */
uint32_t ti_crc32(uint32_t crc, const uint8_t *data, size_t bytes);

#endif
