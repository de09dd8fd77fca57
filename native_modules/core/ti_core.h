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
    TI_FAULT_SHORT,       /* fewer bytes than a header and a CRC; a = bytes given */
    TI_FAULT_MAGIC,       /* not a .tin blob */
    TI_FAULT_VERSION,     /* a = version found, b = version understood */
    TI_FAULT_SIZE,        /* a = bytes given, b = blob_bytes */
    TI_FAULT_CRC,         /* a = CRC stored, b = CRC computed */
    TI_FAULT_RESERVED,    /* a reserved field is not zero */
    TI_FAULT_OFFSET,      /* a = offset, b = bytes needed there: misaligned or outside the blob */
    TI_FAULT_STRING,      /* a = offset: not in the string section */
    TI_FAULT_VALUE,       /* a field is out of its range; a = its value, b = its byte in the struct */
    TI_FAULT_INDEX,       /* a = tensor or op index, b = how many there are */
    TI_FAULT_SHAPE,       /* a = what the op needs (rows or bytes a row), b = what the tensor has */
    TI_FAULT_POOL_RANGE,  /* a = first byte past the range, b = pool_bytes */
    TI_FAULT_POOL_SMALL,  /* a = pool bytes given, b = pool_bytes */
};

enum ti_place { TI_AT_HEADER = 0, TI_AT_TENSOR, TI_AT_OP, TI_AT_STEP, TI_AT_INPUT, TI_AT_OUTPUT };

typedef struct {
    uint8_t code;     /* enum ti_fault_code */
    uint8_t place;    /* enum ti_place */
    uint16_t index;   /* which tensor, op, … */
    uint32_t a, b;
} ti_fault;

/* A loaded model: what lies in flash, what lies in RAM, and where the run stands. */
typedef struct {
    const uint8_t *blob;
    const ti_header *header;
    const ti_tensor *tensors;  /* [n_tensors] */
    const ti_op *ops;          /* [n_ops] */
    const ti_step *steps;      /* [n_steps] */
    uint8_t *pool;             /* [pool_bytes] */
    uint16_t step;             /* the step that runs next */
    uint16_t row;              /* rows of it already done */
    uint16_t fed;              /* rows of a streamed input handed over in this inference */
} ti_model;

/* Prove that `blob` may be run: every offset, index, shape and value. Reads nothing outside blob[0..bytes). */
ti_fault ti_check(const uint8_t *blob, size_t bytes);

/* Set up `m` to run a blob that ti_check() passed; faults only on the pool's address and size. */
ti_fault ti_open(ti_model *m, const uint8_t *blob, uint8_t *pool, size_t pool_bytes);

enum ti_progress {
    TI_DONE = 0,   /* the inference is at its end, and the model stands at its start again */
    TI_MORE = 1,   /* rows are left */
    TI_WAITS = 2,  /* the next row needs rows of the input that ti_feed() has not brought yet */
};

/* Make the next output row. Returns enum ti_progress. */
int ti_step_row(ti_model *m);

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

/* CRC-32 (IEEE 802.3, reflected, as zlib's), continued from `crc`, 0 at first. */
uint32_t ti_crc32(uint32_t crc, const uint8_t *data, size_t bytes);

#endif
