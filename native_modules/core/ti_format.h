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
#define TI_VERSION 4
#define TI_BLOB_ALIGN 4  /* the blob's and the pool's start must be multiples of this */
#define TI_MAX_DIMS 6
#define TI_NONE 0xFFFF   /* an absent tensor index */
#define TI_INPUT_ROWS 0xFFFF  /* ti_step.op: no op, but rows of the input that must have been handed over */

enum ti_dtype { TI_INT8 = 1, TI_UINT8 = 2, TI_INT16 = 3, TI_INT32 = 4, TI_FLOAT32 = 5, TI_BOOL = 6 };
enum ti_space { TI_POOL = 0, TI_BLOB = 1, TI_STATE = 2 };
#define TI_SPACES 3

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
    TI_GENERAL_CONV = 26,
    TI_POOL16 = 27,
    TI_LSTM = 28,
    TI_SVDF = 29,
    TI_KERNEL_COUNT = 30,
};

typedef struct {
    uint8_t magic[4];
    uint16_t version;
    uint16_t header_bytes;   /* sizeof(ti_header) */
    uint32_t blob_bytes;     /* the whole blob, checksum included */
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
    uint32_t state_bytes;    /* the pool's first bytes, a multiple of 4: what lives from one inference to the next */
    uint16_t n_init_steps;   /* the first steps, which run at reset only */
    uint16_t n_segments;     /* 0: offsets count from the blob's start; else see ti_segment */
} ti_header;

/* Row r of a tensor lies at offset + (r % ring) * row_bytes. ring == rows unless only a window of rows is ever held. */
typedef struct {
    uint32_t offset;         /* pool offset, or offset in the blob for a constant; state lies below state_bytes */
    uint32_t row_bytes;
    uint16_t rows;
    uint16_t ring;           /* 1..rows */
    uint8_t dtype;           /* enum ti_dtype */
    uint8_t space;           /* enum ti_space */
    uint16_t reserved;
} ti_tensor;

typedef struct {
    uint8_t kernel;          /* enum ti_kernel_id */
    uint8_t partial;         /* 1: it makes a part of its rows only, a later op the rest; `check` is then 0 */
    uint16_t output;         /* tensor index */
    uint16_t inputs[3];      /* tensor indexes, TI_NONE where absent */
    uint16_t segment;        /* where its parameters and data are; 0 where there are no segments */
    uint32_t params;         /* offset of the kernel's parameters, one of the structs below */
    uint32_t scratch;        /* pool offset of scratch memory, 0 for kernels that need none */
    uint32_t check;          /* CRC-32 of the output rows, in the order made, on the selftest's input */
    uint32_t name;           /* offset in the string section */
} ti_op;

/* The parameters, constants and data of ops that run together, of a blob whose data can be read piece by piece: their offsets
 * count from the segment's start. n_segments of these follow the ops; everything else lies before the first segment. */
typedef struct {
    uint32_t offset;
    uint32_t bytes;
    uint32_t window;         /* pool offset of the memory it is read into */
} ti_segment;

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
    uint8_t stream;          /* 1: the model's only input, which is handed over row by row */
    uint8_t reserved[2];
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
    uint8_t quick;           /* 1: every shift is -23..-1, and |acc + bias| is below 2^27 whatever the input */
} ti_output_stage;

/* For kernels that make two pixels at a time in the halves of 32-bit words (SPEC.md, "Pairs of pixels"). */
typedef struct {
    uint32_t runs;           /* offset of uint8[]: which chunks are exceptions; 0: none is */
    uint16_t chunk;          /* taps after which a half is emptied, a multiple of 4; 0: pixels are made one by one */
    uint16_t coded;          /* 1: `weights` is the offset of a ti_coded; 0: of the weights themselves */
} ti_pairs;

enum ti_coding {
    TI_PALETTE = 1,          /* an index of `bits` bits a weight into a table for the layer */
    TI_CHANNEL_PALETTE = 2,  /* into a table for each output channel */
    TI_ENTROPY = 3,          /* code words of different lengths */
    TI_SPARSE = 4,           /* the taps that have weights other than zero, and these weights */
};

/* Weights int8[out_c][k] that take fewer bytes (SPEC.md, "Coded weights"). */
typedef struct {
    uint32_t data;           /* offset of uint8[bytes] */
    uint32_t bytes;
    uint32_t table;          /* offset: palettes int8[1 << bits], or as many for each channel; entropy uint16[1 << bits]; else 0 */
    uint16_t block;          /* output channels at a time: sparse 1 or 4, else a multiple of 4 that are decoded to scratch memory */
    uint8_t coding;          /* enum ti_coding */
    uint8_t bits;            /* palettes 1, 2, 4; entropy 1..8; else 0 */
} ti_coded;

typedef struct {
    uint32_t pixels;         /* vectors in a row */
    uint32_t in_c;
    uint32_t out_c;
    uint32_t weights;        /* offset of int8[out_c][in_c], or of a ti_coded */
    ti_output_stage stage;
    ti_pairs pairs;
} ti_fully_connected;

typedef struct {
    uint16_t in_h, in_w, in_c;    /* input  (n * in_h rows, in_w, in_c) */
    uint16_t out_h, out_w, out_c; /* output (n * out_h rows, out_w, out_c) */
    uint16_t k_h, k_w;
    uint16_t stride_h, stride_w;
    uint16_t dilation_h, dilation_w;
    uint16_t pad_top, pad_left;
} ti_window;

typedef struct {
    ti_window window;
    int16_t in_zero_point;   /* what a padding element counts as */
    uint16_t reserved;
    uint32_t weights;        /* offset of int8[out_c][k_h][k_w][in_c], or of a ti_coded */
    ti_output_stage stage;
    ti_pairs pairs;
} ti_conv2d;

typedef struct {
    ti_window window;
    int16_t in_zero_point;   /* what a padding element counts as */
    uint16_t reserved;
    uint32_t weights;        /* offset of int8[k_h][k_w][out_c] */
    ti_output_stage stage;
} ti_depthwise_conv2d;

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

/* TI_REDUCE_MAX, TI_ARG_MAX: as ti_reduce_mean, but the greatest element, or which of them it is. */
typedef struct {
    uint32_t outer, width, inner;
    uint16_t rows;
    uint16_t minimum;        /* 0 or 1: the least instead */
} ti_reduce_max;

typedef struct {
    uint32_t count;          /* vectors in a row */
    uint32_t depth;          /* 1..33025 */
    int32_t zero_point;
} ti_l2_norm;

typedef struct {
    ti_softmax softmax;
    int32_t multiplier[2];   /* of a difference to Q5.26, and back */
    int8_t shift[2];         /* -31..30 */
    uint16_t reserved;
} ti_log_softmax;

/* Any integer dtype to any other. */
typedef struct {
    uint32_t count;          /* elements in a row */
    int32_t zero_point;      /* of the input */
    int32_t zero_point_out;
    int32_t min, max;
    int32_t multiplier[2];   /* for elements from the zero point on, and below it */
    int8_t shift[2];         /* -31..30 */
    uint8_t negate_below;    /* 1: the sign of those below changes before they are multiplied, 2: after that */
    uint8_t cast;            /* 0 or 1: elements modulo the output's range, nothing else; bool: not 0 */
} ti_convert;

typedef struct {
    uint32_t count;          /* elements in a row */
    uint32_t table;          /* offset of uint16[256]: the logistic function of i / 24 as Q0.16 */
    uint16_t multiplier;
    uint8_t shift;           /* element * multiplier / 2^shift is in 1/12288, 0..31 */
    uint8_t is_tanh;         /* 0 or 1 */
} ti_table16;

/* int16. Tables have an entry for each 128 steps of an int16 index, from its least on. */
typedef struct {
    uint32_t count;          /* vectors in a row */
    uint32_t depth;          /* 1..65536 */
    uint32_t exp_table;      /* offset of int16[513]: exp of -10..0 as Q0.15 */
    uint32_t reciprocal_table;   /* offset of int16[513]: 1 / (1 + x) of 0..1 as Q0.15 */
    int32_t multiplier;      /* to a difference in 10/65535 */
    int8_t shift;            /* -31..30 */
    uint8_t reserved[3];
} ti_softmax16;

/* TI_SELECT, and the start of TI_BINARY and TI_COMPARE. How 2 or 3 inputs meet: the output has rows [rows[0]][rows[1]][rows[2]][rows[3]], a row is [outer][inner]. Where bit i of
 * single[k] is set, input k has size 1 along dimension i of these six: all of the output reads the same there. */
typedef struct {
    uint16_t rows[4];
    uint32_t outer, inner;
    uint8_t single[3];       /* 0 for an input that is absent */
    uint8_t reserved;
} ti_broadcast;

/* x -> requantise(x << left_shift, multiplier, shift), or x where multiplier is 0 */
typedef struct {
    int32_t multiplier;
    int16_t zero_point;
    int8_t shift;            /* -31..30 */
    uint8_t left_shift;      /* 0..20 */
} ti_rescale;

enum ti_binary_op {
    TI_OP_ADD = 0,
    TI_OP_SUB = 1,
    TI_OP_SQUARED_DIFFERENCE = 2,
    TI_OP_MUL = 3,
    TI_OP_PRELU = 4,         /* in1 * in2 where in1 is below zero, else in1, which `positive` rescales */
    TI_OP_MAXIMUM = 5,
    TI_OP_MINIMUM = 6,
    TI_OP_DIV = 7,
};

typedef struct {
    ti_broadcast broadcast;
    ti_rescale in1, in2, out, positive;
    int16_t min, max;
    uint8_t op;              /* enum ti_binary_op */
    uint8_t reserved[3];
} ti_binary;

typedef struct {
    ti_broadcast broadcast;
    ti_rescale in1, in2;
    uint32_t holds;          /* bit 0: true where in1 < in2, bit 1: where they are equal, bit 2: where in1 > in2 */
} ti_compare;

#define TI_COPY_DIMS 6

/* Bytes move from a strided place in the input to one in the output. The first row_dims dimensions count output rows. */
typedef struct {
    uint32_t in_start;       /* byte of the whole input */
    uint32_t out_start;      /* byte of each output row */
    uint8_t row_dims;        /* 0..TI_COPY_DIMS - 1 */
    uint8_t reserved[3];
    uint32_t size[TI_COPY_DIMS];
    int32_t in_stride[TI_COPY_DIMS];    /* bytes */
    uint32_t out_stride[TI_COPY_DIMS];  /* bytes, 0 for the first row_dims */
} ti_copy;

/* in: [vectors][depth][inner] bytes a row, out: [vectors][count][inner], in2: int32[count], the indices into depth. */
typedef struct {
    uint32_t vectors, depth, count, inner;
    uint32_t repeat;         /* consecutive rows that use the same row of indices */
} ti_gather;

/* TI_GENERAL_CONV, TI_TRANSPOSE_CONV, weights int8[out_c][k_h][k_w][group_c]. Where `wide` the sum is int64, the stage's
 * bias int64[out_c], its multiplier in 15 bits and its shift at most 14. */
typedef struct {
    ti_window window;
    uint16_t up_h, up_w;     /* up - 1 zeros stand between elements of the input: a transposed convolution's stride */
    uint16_t group_c;        /* input channels that an output channel reads */
    int16_t in_zero_point;
    uint32_t weights;
    uint16_t wide;           /* 0 or 1 */
    uint16_t reserved;
    ti_output_stage stage;
} ti_general_conv;

/* Axes are 3 of batches, rows of a matrix, its columns, and depth, over which is summed. */
typedef struct {
    uint32_t size[6];
    uint32_t step1[6];       /* elements of `in` from one index of the axis to the next; 0 where it does not have the axis */
    uint32_t step2[6];
    int32_t multiplier;      /* in 15 bits where int16 */
    int32_t shift;           /* -31..30, int16 -31..14 */
    int16_t zero_point[3];   /* of the inputs and the output */
    uint16_t reserved;
} ti_batch_matmul;

/* Positions are in 1/1024 of an element: output element i lies at i * scale + offset of the input. */
typedef struct {
    uint16_t in_h, out_h;
    uint32_t in_w, out_w, depth;
    int32_t scale_h, offset_h;
    int32_t scale_w, offset_w;
} ti_resize_bilinear;

typedef struct {
    ti_window window;        /* as ti_pool2d's */
    int16_t min, max;
    uint16_t average;        /* 0: the greatest element, 1: the mean */
    uint16_t reserved;
} ti_pool16;

/* One row is one time step of one sequence. The hidden state, int8[units], and the cell state, int16[units], are its
 * second and third input, a row for each sequence; it updates both. Gates: input, forget, cell, output. */
typedef struct {
    uint16_t in_c, units;
    uint16_t steps;          /* consecutive rows that belong to one sequence */
    int16_t zero_point;      /* of the hidden state and the output */
    int16_t cell_min, cell_max;
    uint32_t weights;        /* offset of int8[units][4][in_c + units]: the input's, then the hidden state's */
    uint32_t bias;           /* offset of int32[units][4][2]: zero points folded in, as in ti_output_stage */
    uint32_t sigmoid;        /* offset of uint16[256]: the logistic function of i / 24 as Q0.16 */
    int32_t multiplier[11];  /* (input, h) of each gate; forget * cell; input * cell gate; output * tanh(cell) */
    int8_t shift[11];        /* -31..30 */
    int8_t tanh_shift;       /* cell state * 2^tanh_shift is in Q3.12, -30..14 */
} ti_lstm;

/* The state, the second input, is [units * rank][memory] of int8 or int16 a row, the latest value last. */
typedef struct {
    uint16_t in_c, units, rank, memory;
    uint32_t weights;        /* offset of int8[units * rank][in_c] */
    uint32_t time_weights;   /* offset of [units * rank][memory] of the state's dtype */
    uint32_t filter_bias;    /* offset of int32[units * rank]: -input_zero_point * sum(weights) */
    uint32_t bias;           /* offset of int32[units]: bias - state_zero_point * sum(time weights) */
    int32_t multiplier[2];   /* to the state's scale, to the output's */
    int16_t state_zero_point, zero_point;
    int8_t shift[2];         /* -31..30 */
    uint16_t reserved;
} ti_svdf;

#endif
