/* What a kernel claims of its parameters and tensors, and the loader of its tables, as data: two bytes a claim, where one of ti_proof.h costs some
 * twenty bytes of code.
 *
 * Claims are tried in order up to TI_END. Each is about a number: a field of the parameters, or one of a tensor's.
 * TI_TIMES collects a product of numbers for the next claim, which is then about that product.
 */
#ifndef TI_CLAIMS_H
#define TI_CLAIMS_H

#include "ti_proof.h"

typedef uint16_t ti_claim;  /* kind, 5 bits; type of the number, 3 bits; where it is, 8 bits */

/* The claims hold of `fields`, which start at byte `at` of their struct. `op`: whose tensors claims are about, NULL for none. */
TI_PROVES(fields, (ti_proof *p, const ti_op *op, const void *fields, const ti_claim *claims, size_t at), (p, op, fields, claims, at))

/* The same of the parameters that start at byte `at` of the op's. */
TI_PROVES(claims, (ti_proof *p, const ti_op *op, const ti_claim *claims, size_t at), (p, op, claims, at))

/* ---- numbers ---- */

enum ti_claim_type { TI_C_U8, TI_C_I8, TI_C_U16, TI_C_I16, TI_C_32, TI_C_ELEMENT_BYTES, TI_C_CONSTANT };

/* A field of `params`, a struct; that it has so many bytes is checked in compiling. */
#define TI_FIELD(type, bytes, params, field) \
    ((type) << 8 | (offsetof(params, field) + 0 * sizeof(char[sizeof(((params *)0)->field) == (bytes) ? 1 : -1])))
#define TI_U8(params, field) TI_FIELD(TI_C_U8, 1, params, field)
#define TI_I8(params, field) TI_FIELD(TI_C_I8, 1, params, field)
#define TI_U16(params, field) TI_FIELD(TI_C_U16, 2, params, field)
#define TI_I16(params, field) TI_FIELD(TI_C_I16, 2, params, field)
#define TI_32(params, field) TI_FIELD(TI_C_32, 4, params, field)

enum ti_claim_tensor { TI_OUT, TI_IN, TI_IN2, TI_IN3 };

#define TI_OF_TENSOR(type, tensor, field) ((type) << 8 | 0x80 | (tensor) << 5 | offsetof(ti_tensor, field))
#define TI_ROWS(tensor) TI_OF_TENSOR(TI_C_U16, tensor, rows)
#define TI_ROW_BYTES(tensor) TI_OF_TENSOR(TI_C_32, tensor, row_bytes)
#define TI_DTYPE(tensor) TI_OF_TENSOR(TI_C_U8, tensor, dtype)
#define TI_ELEMENT_BYTES(tensor) TI_OF_TENSOR(TI_C_ELEMENT_BYTES, tensor, dtype)

/* ---- claims ---- */

enum ti_claim_kind {
    TI_C_END,
    TI_C_TIMES,
    TI_C_EQUALS,
    TI_C_ARRAY1,
    TI_C_ARRAY2,
    TI_C_ARRAY4,
    TI_C_VALUE,
    TI_C_NOT_BELOW,
    TI_C_INT8_OR_16,  /* from here on, ranges: ti_claims.c */
    TI_C_RESERVED,
    TI_C_FLAG,
    TI_C_INT8,
    TI_C_NOT_NEGATIVE,
    TI_C_POSITIVE,
    TI_C_1_TO_256,
    TI_C_UP_TO_2,
    TI_C_DTYPE,
    TI_C_UP_TO_5,
    TI_C_UP_TO_6,
    TI_C_UP_TO_7,
    TI_C_UP_TO_31,
    TI_C_SHIFT,
    TI_C_RIGHT_SHIFT,
    TI_C_LEFT_SHIFT,
    TI_C_TANH_SHIFT,
};

#define TI_CLAIM(kind, number) ((kind) << 11 | (number))

#define TI_END TI_C_END

/* The number is in a range; INT8_OR_16: in int16's where the first input is int16. */
#define TI_IS(range, number) TI_CLAIM(TI_C_##range, number)
/* Both are in a range, and low <= high. */
#define TI_ORDERED(range, low, high) TI_IS(range, low), TI_IS(NOT_BELOW, high), TI_IS(range, high)
#define TI_IS_SCALE(multiplier, shift) TI_IS(NOT_NEGATIVE, multiplier), TI_IS(SHIFT, shift)

#define TI_TIMES(number) TI_CLAIM(TI_C_TIMES, number)
#define TI_TIMES_CONSTANT(n) TI_CLAIM(TI_C_TIMES, TI_C_CONSTANT << 8), (n)

/* The product equals a number that a tensor has. */
#define TI_EQUALS(number) TI_CLAIM(TI_C_EQUALS, number)
#define TI_EQUAL(a, b) TI_TIMES(a), TI_EQUALS(b)
#define TI_PRODUCT(a, b, has) TI_TIMES(a), TI_TIMES(b), TI_EQUALS(has)
#define TI_PRODUCT3(a, b, c, has) TI_TIMES(a), TI_TIMES(b), TI_TIMES(c), TI_EQUALS(has)

/* The first input and the output have as many rows, each of count * depth elements. */
#define TI_ELEMENTS(count, depth)                                          \
    TI_EQUAL(TI_ROWS(TI_IN), TI_ROWS(TI_OUT)),                             \
    TI_PRODUCT3(count, depth, TI_ELEMENT_BYTES(TI_IN), TI_ROW_BYTES(TI_IN)), \
    TI_PRODUCT3(count, depth, TI_ELEMENT_BYTES(TI_OUT), TI_ROW_BYTES(TI_OUT))

#define TI_ELEMENTS_IN_A_ROW(count)                                            \
    TI_EQUAL(TI_ROWS(TI_IN), TI_ROWS(TI_OUT)),                                 \
    TI_PRODUCT(count, TI_ELEMENT_BYTES(TI_IN), TI_ROW_BYTES(TI_IN)),           \
    TI_PRODUCT(count, TI_ELEMENT_BYTES(TI_OUT), TI_ROW_BYTES(TI_OUT))

/* As many elements of 1, 2 or 4 bytes as the product says lie at this offset. */
#define TI_BYTES_AT(offset) TI_CLAIM(TI_C_ARRAY1, offset)
#define TI_INT16S_AT(offset) TI_CLAIM(TI_C_ARRAY2, offset)
#define TI_INT32S_AT(offset) TI_CLAIM(TI_C_ARRAY4, offset)

#endif
