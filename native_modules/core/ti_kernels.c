#include "ti_kernels.h"

#define KERNEL(name, params, inputs, constant_inputs, scratch, in, out) \
    { ti_##name##_check, ti_##name##_row, sizeof(params), inputs, constant_inputs, scratch, in, out }

enum { I8 = TI_BIT(TI_INT8) };

const ti_kernel ti_kernels[TI_KERNEL_COUNT] = {
    [TI_FULLY_CONNECTED] = KERNEL(fully_connected, ti_fully_connected, 1, 0, 0, I8, I8),
    [TI_CONV2D] = KERNEL(conv2d, ti_conv2d, 1, 0, 1, I8, I8),
    [TI_DEPTHWISE_CONV2D] = KERNEL(depthwise_conv2d, ti_conv2d, 1, 0, 0, I8, I8),
    [TI_MAX_POOL] = KERNEL(max_pool, ti_pool2d, 1, 0, 0, I8, I8),
    [TI_AVERAGE_POOL] = KERNEL(average_pool, ti_pool2d, 1, 0, 0, I8, I8),
    [TI_SOFTMAX] = KERNEL(softmax, ti_softmax, 1, 0, 0, I8, I8),
    [TI_ADD] = KERNEL(add, ti_add, 2, 3, 0, I8, I8),
    [TI_PAD] = KERNEL(pad, ti_pad, 1, 0, 0, I8, I8),
    [TI_REDUCE_MEAN] = KERNEL(reduce_mean, ti_reduce_mean, 1, 0, 0, I8, I8),
    [TI_TABLE] = KERNEL(table, ti_table, 1, 0, 0, I8, I8),
};
