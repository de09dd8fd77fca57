#include "ti_kernels.h"

#define KERNEL(name, params, inputs, constant_inputs, scratch, in, out) \
    { ti_##name##_check, ti_##name##_row, sizeof(params), inputs, constant_inputs, scratch, in, out }

enum { I8 = TI_BIT(TI_INT8), I16 = TI_BIT(TI_INT16), I32 = TI_BIT(TI_INT32), BOOL = TI_BIT(TI_BOOL) };
enum { BYTE = TI_BIT(TI_INT8) | TI_BIT(TI_UINT8) | TI_BIT(TI_BOOL) };
enum { ANY = I8 | TI_BIT(TI_UINT8) | I16 | I32 | BOOL };

const ti_kernel ti_kernels[TI_KERNEL_COUNT] = {
    [TI_FULLY_CONNECTED] = KERNEL(fully_connected, ti_fully_connected, 1, 0, 0, I8, I8),
    [TI_CONV2D] = KERNEL(conv2d, ti_conv2d, 1, 0, 1, I8, I8),
    [TI_DEPTHWISE_CONV2D] = KERNEL(depthwise_conv2d, ti_conv2d, 1, 0, 0, I8, I8),
    [TI_MAX_POOL] = KERNEL(max_pool, ti_pool2d, 1, 0, 0, I8, I8),
    [TI_AVERAGE_POOL] = KERNEL(average_pool, ti_pool2d, 1, 0, 0, I8, I8),
    [TI_SOFTMAX] = KERNEL(softmax, ti_softmax, 1, 0, 0, I8, I8 | I16),
    [TI_ADD] = KERNEL(add, ti_add, 2, 3, 0, I8, I8),
    [TI_PAD] = KERNEL(pad, ti_pad, 1, 0, 0, ANY, ANY),
    [TI_REDUCE_MEAN] = KERNEL(reduce_mean, ti_reduce_mean, 1, 0, 0, I8 | I16, I8 | I16),
    [TI_TABLE] = KERNEL(table, ti_table, 1, 0, 0, BYTE, BYTE),
    [TI_BINARY] = KERNEL(binary, ti_binary, 2, 3, 0, I8 | I16 | BOOL, I8 | I16 | BOOL),
    [TI_COMPARE] = KERNEL(compare, ti_compare, 2, 3, 0, I8 | I16 | I32 | BOOL, BOOL),
    [TI_SELECT] = KERNEL(select, ti_broadcast, 3, 7, 0, I8 | I16 | I32 | BOOL, I8 | I16 | I32),
    [TI_COPY] = KERNEL(copy, ti_copy, 1, 1, 0, ANY, ANY),
    [TI_GATHER] = KERNEL(gather, ti_gather, 2, 3, 0, ANY, ANY),
    [TI_REDUCE_MAX] = KERNEL(reduce_max, ti_reduce_max, 1, 0, 0, I8, I8),
    [TI_ARG_MAX] = KERNEL(reduce_max, ti_reduce_max, 1, 0, 0, I8, I32),
    [TI_TRANSPOSE_CONV] = KERNEL(general_conv, ti_general_conv, 1, 0, 0, I8 | I16, I8 | I16),
    [TI_BATCH_MATMUL] = KERNEL(batch_matmul, ti_batch_matmul, 2, 3, 0, I8 | I16, I8 | I16),
    [TI_RESIZE_BILINEAR] = KERNEL(resize_bilinear, ti_resize_bilinear, 1, 0, 0, I8, I8),
    [TI_L2_NORM] = KERNEL(l2_norm, ti_l2_norm, 1, 0, 0, I8, I8),
    [TI_LOG_SOFTMAX] = KERNEL(log_softmax, ti_log_softmax, 1, 0, 0, I8, I8),
    [TI_CONVERT] = KERNEL(convert, ti_convert, 1, 0, 0, ANY, ANY),
    [TI_TABLE16] = KERNEL(table16, ti_table16, 1, 0, 0, I16, I16),
    [TI_SOFTMAX16] = KERNEL(softmax16, ti_softmax16, 1, 0, 0, I16, I16),
    [TI_GENERAL_CONV] = KERNEL(general_conv, ti_general_conv, 1, 0, 0, I8 | I16, I8 | I16),
    [TI_POOL16] = KERNEL(pool16, ti_pool16, 1, 0, 0, I16, I16),
    [TI_LSTM] = KERNEL(lstm, ti_lstm, 3, 0, 0, I8 | TI_BIT(TI_INT16), I8),
    [TI_SVDF] = KERNEL(svdf, ti_svdf, 2, 0, 0, I8 | TI_BIT(TI_INT16), I8),
};
