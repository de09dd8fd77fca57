#include "ti_kernels.h"

enum { I8 = TI_BIT(TI_INT8), I16 = TI_BIT(TI_INT16), I32 = TI_BIT(TI_INT32), BOOL = TI_BIT(TI_BOOL) };
enum { I8_I16 = I8 | I16, BYTE = I8 | TI_BIT(TI_UINT8) | BOOL, ANY = BYTE | I16 | I32 };

/* Of each: names of its claims, its check, its row function and its parameters; inputs that may be constants, scratch memory;
 * dtypes of the inputs and of the output. */
#define KERNELS(KERNEL) \
    KERNEL(FULLY_CONNECTED, fully_connected, fully_connected, fully_connected, fully_connected, 0, 1, I8, 0, 0, I8) \
    KERNEL(CONV2D, conv2d, conv2d, conv2d, conv2d, 0, 1, I8, 0, 0, I8) \
    KERNEL(DEPTHWISE_CONV2D, depthwise_conv2d, depthwise_conv2d, depthwise_conv2d, depthwise_conv2d, 0, 0, I8, 0, 0, I8) \
    KERNEL(MAX_POOL, pool2d, pool, pool, pool2d, 0, 0, I8, 0, 0, I8) \
    KERNEL(AVERAGE_POOL, pool2d, pool, pool, pool2d, 0, 0, I8, 0, 0, I8) \
    KERNEL(SOFTMAX, softmax, softmax, softmax, softmax, 0, 0, I8, 0, 0, I8_I16) \
    KERNEL(ADD, add, none, add, add, 3, 0, I8, I8, 0, I8) \
    KERNEL(PAD, pad, pad, pad, pad, 0, 0, ANY, 0, 0, ANY) \
    KERNEL(REDUCE_MEAN, reduce_mean, reduce, reduce, reduce_mean, 0, 0, I8_I16, 0, 0, I8_I16) \
    KERNEL(TABLE, table, none, table, table, 0, 0, BYTE, 0, 0, BYTE) \
    KERNEL(BINARY, binary, binary, binary, binary, 3, 0, I8_I16 | BOOL, I8_I16 | BOOL, 0, I8_I16 | BOOL) \
    KERNEL(COMPARE, compare, compare, compare, compare, 3, 0, I8_I16 | I32 | BOOL, I8_I16 | I32 | BOOL, 0, BOOL) \
    KERNEL(SELECT, select, select, select, broadcast, 7, 0, BOOL, I8_I16 | I32, I8_I16 | I32, I8_I16 | I32) \
    KERNEL(COPY, copy, copy, copy, copy, 1, 0, ANY, 0, 0, ANY) \
    KERNEL(GATHER, gather, none, gather, gather, 3, 0, ANY, I32, 0, ANY) \
    KERNEL(REDUCE_MAX, reduce_max, reduce, reduce, reduce_max, 0, 0, I8, 0, 0, I8) \
    KERNEL(ARG_MAX, reduce_max, reduce, reduce, reduce_max, 0, 0, I8, 0, 0, I32) \
    KERNEL(TRANSPOSE_CONV, general_conv, general_conv, general_conv, general_conv, 0, 0, I8_I16, 0, 0, I8_I16) \
    KERNEL(BATCH_MATMUL, batch_matmul, batch_matmul, batch_matmul, batch_matmul, 3, 0, I8_I16, I8_I16, 0, I8_I16) \
    KERNEL(RESIZE_BILINEAR, resize_bilinear, resize_bilinear, resize_bilinear, resize_bilinear, 0, 0, I8, 0, 0, I8) \
    KERNEL(L2_NORM, l2_norm, l2_norm, l2_norm, l2_norm, 0, 0, I8, 0, 0, I8) \
    KERNEL(LOG_SOFTMAX, log_softmax, softmax, log_softmax, log_softmax, 0, 0, I8, 0, 0, I8) \
    KERNEL(CONVERT, convert, none, convert, convert, 0, 0, ANY, 0, 0, ANY) \
    KERNEL(TABLE16, table16, none, table16, table16, 0, 0, I16, 0, 0, I16) \
    KERNEL(SOFTMAX16, softmax16, softmax16, softmax16, softmax16, 0, 0, I16, 0, 0, I16) \
    KERNEL(GENERAL_CONV, general_conv, general_conv, general_conv, general_conv, 0, 0, I8_I16, 0, 0, I8_I16) \
    KERNEL(POOL16, pool16, pool, pool, pool16, 0, 0, I16, 0, 0, I16) \
    KERNEL(LSTM, lstm, lstm, lstm, lstm, 0, 0, I8, I8, I16, I8) \
    KERNEL(SVDF, svdf, svdf, svdf, svdf, 0, 0, I8, I8_I16, 0, I8)

/* Kernels that this build does not have are all entry 0, as if their numbers were none. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define IF_HAS(id, x) (TI_HAS(id) ? (x) : 0)
#define ti_none_check 0
#define CODE(id, claims, check, row, ...) \
    [TI_SLOT(id)] = {IF_HAS(id, ti_##claims##_claims), IF_HAS(id, ti_##check##_check), IF_HAS(id, ti_##row##_row)},
#define SIGNATURE(id, claims, check, row, params, constant_inputs, scratch, in, in2, in3, out) \
    [TI_SLOT(id)] = {IF_HAS(id, sizeof(ti_##params)), IF_HAS(id, constant_inputs), IF_HAS(id, scratch), \
                     {IF_HAS(id, in), IF_HAS(id, in2), IF_HAS(id, in3)}, IF_HAS(id, out)},
#define SLOT(id, ...) [TI_##id] = TI_SLOT(id),

const ti_kernel ti_kernels[TI_SLOTS] = {KERNELS(CODE)};
const ti_signature ti_signatures[TI_SLOTS] = {KERNELS(SIGNATURE)};
#if defined(TI_ONLY)
const uint8_t ti_slots[TI_KERNEL_COUNT] = {KERNELS(SLOT)};
#endif
