/* The .tin blob, as C sees it: SPEC.md says what each field means, host_tools/packer/format.py is the writer's copy.
 * tests/test_format.py holds the two against each other, field by field.
 *
 * Everything here lies in flash and is only ever read. All fields are little-endian and naturally aligned when the blob
 * starts at a multiple of TI_BLOB_ALIGN. "Offset" is a byte count from the blob's start, "pool offset" from the pool's.
 */
#ifndef TI_FORMAT_H
#define TI_FORMAT_H

#include <stdint.h>

#define TI_MAGIC "TINF"
#define TI_VERSION 2
#define TI_BLOB_ALIGN 4  /* the blob's and the pool's start must be multiples of this */
#define TI_MAX_DIMS 6
#define TI_NONE 0xFFFF   /* an absent tensor index */

enum ti_dtype { TI_INT8 = 1, TI_UINT8 = 2, TI_INT16 = 3, TI_INT32 = 4, TI_FLOAT32 = 5, TI_BOOL = 6 };
enum ti_space { TI_POOL = 0, TI_BLOB = 1 };

enum ti_kernel_id {
    TI_FULLY_CONNECTED = 1,
    TI_CONV2D = 2,
    TI_DEPTHWISE_CONV2D = 3,
    TI_MAX_POOL = 4,
    TI_AVERAGE_POOL = 5,
    TI_SOFTMAX = 6,
    TI_ADD = 7,
    TI_PAD = 8,
    TI_REDUCE_MEAN = 9,
    TI_TABLE = 10,
    TI_BINARY = 11,
    TI_COMPARE = 12,
    TI_SELECT = 13,
    TI_COPY = 14,
    TI_GATHER = 15,
    TI_REDUCE_MAX = 16,
    TI_ARG_MAX = 17,
    TI_TRANSPOSE_CONV = 18,
    TI_BATCH_MATMUL = 19,
    TI_RESIZE_BILINEAR = 20,
    TI_L2_NORM = 21,
    TI_LOG_SOFTMAX = 22,
    TI_CONVERT = 23,
    TI_TABLE16 = 24,
    TI_SOFTMAX16 = 25,
    TI_CONV16 = 26,
    TI_POOL16 = 27,
    TI_LSTM = 28,
    TI_SVDF = 29,
    TI_KERNEL_COUNT = 30,
};

typedef struct {
    uint8_t magic[4];
    uint16_t version;
    uint16_t header_bytes;   /* sizeof(ti_header) */
    uint32_t blob_bytes;     /* the whole blob, CRC included */
    uint32_t pool_bytes;     /* RAM one inference needs: every tensor and all scratch */
    uint16_t n_tensors;
    uint16_t n_ops;
    uint16_t n_steps;
    uint16_t n_inputs;
    uint16_t n_outputs;
    uint16_t golden_seed;    /* seed of the selftest's input, not 0 */
    uint32_t tensors;        /* offset of ti_tensor[n_tensors] */
    uint32_t ops;            /* offset of ti_op[n_ops] */
    uint32_t steps;          /* offset of ti_step[n_steps] */
    uint32_t io;             /* offset of ti_io[n_inputs + n_outputs] */
    uint32_t strings;        /* offset of the string section */
    uint32_t strings_bytes;  /* its length; its last byte is NUL */
    uint32_t name;           /* offset of the model's name, in the string section */
    uint32_t metadata;       /* offset of a JSON object, in the string section, or 0 */
    uint32_t state_bytes;    /* the pool's first bytes: what lives from one inference to the next */
    uint16_t n_init_steps;   /* the first steps, which run at reset only */
    uint16_t reserved;
} ti_header;

/* Row r of a tensor lies at offset + (r % ring) * row_bytes. ring == rows unless only a window of rows is ever held. */
typedef struct {
    uint32_t offset;         /* pool offset, or offset in the blob for a constant */
    uint32_t row_bytes;
    uint16_t rows;
    uint16_t ring;           /* 1..rows */
    uint8_t dtype;           /* enum ti_dtype */
    uint8_t space;           /* enum ti_space */
    uint16_t reserved;
} ti_tensor;

typedef struct {
    uint8_t kernel;          /* enum ti_kernel_id */
    uint8_t reserved0;
    uint16_t output;         /* tensor index */
    uint16_t inputs[3];      /* tensor indexes, TI_NONE where absent */
    uint16_t reserved1;
    uint32_t params;         /* offset of the kernel's parameters, one of the structs below */
    uint32_t scratch;        /* pool offset of scratch memory, 0 for kernels that need none */
    uint32_t check;          /* CRC-32 of the output rows, in the order made, on the selftest's input */
    uint32_t name;           /* offset in the string section */
} ti_op;

/* Run output rows of op `op`: `rows` from `row` upwards, or -rows from `row` downwards. The steps run in order, the first n_init_steps at reset only. */
typedef struct {
    uint16_t op;
    uint16_t row;
    int16_t rows;
} ti_step;

typedef struct {
    uint16_t tensor;
    uint8_t dtype;           /* as it lies in the pool */
    uint8_t edge;            /* the dtype the .tflite had at this edge; differs where a QUANTIZE was folded */
    uint8_t ndim;            /* 0..TI_MAX_DIMS */
    uint8_t reserved[3];
    uint32_t shape[TI_MAX_DIMS];  /* unused dimensions are 0 */
    uint32_t scale;          /* float32 bits; real = scale * (q - zero_point) */
    int32_t zero_point;
    uint32_t name;           /* offset in the string section */
} ti_io;

/* ---- parameters of the kernels ---- */

/* int32 accumulator -> int8: clamp(requantise(acc, multiplier, shift) + zero_point, min, max) */
typedef struct {
    uint32_t bias;           /* offset of int32[out_c]: bias - input_zero_point * sum(weights), modulo 2^32 */
    uint32_t multiplier;     /* offset of int32[per_channel ? out_c : 1] */
    uint32_t shift;          /* offset of int8 [per_channel ? out_c : 1], -31..30, left is positive */
    int16_t zero_point;
    int16_t min;
    int16_t max;
    uint8_t per_channel;     /* 0 or 1 */
    uint8_t reserved;
} ti_output_stage;

typedef struct {
    uint32_t pixels;         /* vectors in a row */
    uint32_t in_c;
    uint32_t out_c;
    uint32_t weights;        /* offset of int8[out_c][in_c] */
    ti_output_stage stage;
} ti_fully_connected;

typedef struct {
    uint16_t in_h, in_w, in_c;    /* input  (n * in_h rows, in_w, in_c) */
    uint16_t out_h, out_w, out_c; /* output (n * out_h rows, out_w, out_c) */
    uint16_t k_h, k_w;
    uint16_t stride_h, stride_w;
    uint16_t dilation_h, dilation_w;
    uint16_t pad_top, pad_left;
} ti_window;

/* TI_CONV2D, weights int8[out_c][k_h][k_w][in_c], and TI_DEPTHWISE_CONV2D, weights int8[k_h][k_w][out_c] */
typedef struct {
    ti_window window;
    int16_t in_zero_point;   /* what a padding element counts as */
    uint16_t reserved;
    uint32_t weights;
    ti_output_stage stage;
} ti_conv2d;

/* TI_MAX_POOL, TI_AVERAGE_POOL; in_c == out_c, dilation 1 */
typedef struct {
    ti_window window;
    int16_t min;
    int16_t max;
} ti_pool2d;

typedef struct {
    uint32_t count;          /* vectors in a row */
    uint32_t depth;
    uint32_t exp_table;      /* offset of int32[exp_count]: exp(-i * beta * scale) as Q0.31 */
    uint16_t exp_count;      /* 1..256 */
    uint16_t reserved;
} ti_softmax;

typedef struct {
    uint32_t count;          /* elements in a row */
    int32_t multiplier1, multiplier2, multiplier_out;
    int16_t zero_point1, zero_point2, zero_point_out;
    int16_t min, max;
    int8_t shift1, shift2;   /* -31..0 */
    int8_t shift_out;        /* -31..30 */
    uint8_t left_shift;      /* 0..20 */
    uint16_t reserved;
} ti_add;

/* Output row (n, y) of [n][out_h][out_w][out_c]; elements outside the input are `fill`. */
typedef struct {
    uint16_t in_h, out_h, pad_top;
    int16_t fill;
    uint32_t in_w, out_w, pad_left;
    uint32_t in_c, out_c, pad_c;
} ti_pad;

/* A row is [outer][width][inner]; output row r is the mean over `rows` input rows from r * rows on, and over width. */
typedef struct {
    uint32_t outer, width, inner;
    uint16_t rows;
    int16_t zero_point;
    int32_t multiplier;      /* 1 / (rows * width) is in it */
    int32_t shift;           /* -31..30 */
    int32_t bias;            /* -zero_point of the input * rows * width */
} ti_reduce_mean;

typedef struct {
    uint32_t count;          /* elements in a row */
    uint32_t table;          /* offset of int8[256], indexed by the element's byte as unsigned */
} ti_table;

#endif
