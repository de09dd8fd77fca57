/* libFuzzer target over the loader and the kernels: any bytes are refused, or run without touching anything but the
 * blob and the pool.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Inative_modules/core \
 *       tests/fuzz/fuzz_load_run.c native_modules/core/{,kernels/}*.c -o fuzz_load_run
 */
#include "fuzz_load_run.h"

#include <stdlib.h>
#include <string.h>

#include "ti_core.h"

/* A valid blob may ask for years of work; the fuzzer wants many blobs a second. */
#define MAX_POOL_BYTES ((size_t)1 << 20)
#define MAX_ROWS 64
#define MAX_WORK ((uint64_t)1 << 16)

static void repair_blob(uint8_t *blob, size_t size, enum repair repair) {
    ti_header *h = (void *)blob;
    if (repair == AS_IT_IS || size < sizeof(ti_header) + sizeof(uint32_t)) {
        return;
    }
    if (repair == FIX_SIZE_AND_SUM) {
        h->blob_bytes = (uint32_t)size & ~(uint32_t)3;
    }
    if (h->blob_bytes <= size && h->blob_bytes >= sizeof(uint32_t) && h->blob_bytes % 4 == 0) {
        uint32_t end = h->blob_bytes - (uint32_t)sizeof(uint32_t);
        uint32_t sum = ti_checksum(0, blob, end);
        memcpy(blob + end, &sum, sizeof sum);
    }
}

/* What the core knows of a blob once it is open, without opening it. */
static ti_model unopened(const uint8_t *blob) {
    const ti_header *h = (const void *)blob;
    ti_model m = {0};
    m.header = h;
    m.tensors = (const void *)(blob + h->tensors);
    m.ops = (const void *)(blob + h->ops);
    m.steps = (const void *)(blob + h->steps);
    m.segments = h->n_segments ? (const void *)&m.ops[h->n_ops] : NULL;
    return m;
}

/* What the offsets of an op count from, in a blob that is there as a whole. */
static const uint8_t *data_of(const ti_model *m, const ti_op *op) {
    return (const uint8_t *)m->header + (m->segments ? m->segments[op->segment].offset : 0);
}

/* About how many elements a row of an op touches; `data`: what its offsets count from. */
static uint64_t row_work(const ti_model *m, const ti_op *op, const uint8_t *data) {
    const void *params = data + op->params;
    const ti_window *w = params;
    const ti_lstm *lstm = params;
    const ti_svdf *svdf = params;
    const uint64_t out = m->tensors[op->output].row_bytes;
    uint64_t in = 0;   /* bytes of a row of each input */
    uint64_t all = 0;  /* bytes of the whole inputs */
    for (int i = 0; i < 3 && op->inputs[i] != TI_NONE; i++) {
        const ti_tensor *t = &m->tensors[op->inputs[i]];
        in += t->row_bytes;
        all += (uint64_t)t->row_bytes * t->rows;
    }
    switch (op->kernel) {
        case TI_FULLY_CONNECTED:
            return out * ((const ti_fully_connected *)params)->in_c;
        case TI_CONV2D:
            return (out + w->out_w) * w->k_h * w->k_w * w->in_c;
        case TI_GENERAL_CONV:
        case TI_TRANSPOSE_CONV:
            return out * w->k_h * w->k_w * ((const ti_general_conv *)params)->group_c;
        case TI_DEPTHWISE_CONV2D:
        case TI_MAX_POOL:
        case TI_AVERAGE_POOL:
        case TI_POOL16:
            return out * w->k_h * w->k_w;
        case TI_REDUCE_MEAN:
            return in * ((const ti_reduce_mean *)params)->rows + out;
        case TI_REDUCE_MAX:
        case TI_ARG_MAX:
            return in * ((const ti_reduce_max *)params)->rows + out;
        case TI_BATCH_MATMUL:
            return out * ((const ti_batch_matmul *)params)->size[5];
        case TI_LSTM:
            return (uint64_t)lstm->units * 4 * ((uint32_t)lstm->in_c + lstm->units);
        case TI_SVDF:
            return in + (uint64_t)svdf->units * svdf->rank * svdf->in_c;
        case TI_SOFTMAX:
        case TI_ADD:
        case TI_PAD:
        case TI_TABLE:
        case TI_BINARY:
        case TI_COMPARE:
        case TI_SELECT:
        case TI_COPY:
        case TI_GATHER:
        case TI_RESIZE_BILINEAR:
        case TI_L2_NORM:
        case TI_LOG_SOFTMAX:
        case TI_CONVERT:
        case TI_TABLE16:
        case TI_SOFTMAX16:
            return in + out;
        default:  /* as if each element of the output needed all of the inputs */
            return all * out;
    }
}

/* The work of some of the steps, to MAX_WORK + 1 at most. */
static uint64_t steps_work(const ti_model *m, uint32_t first, uint32_t past) {
    uint64_t work = 0;
    for (uint32_t i = first; i < past && work <= MAX_WORK; i++) {
        const ti_step *step = &m->steps[i];
        if (step->op != TI_INPUT_ROWS) {
            uint64_t row = row_work(m, &m->ops[step->op], data_of(m, &m->ops[step->op]));
            row += m->tensors[m->ops[step->op].output].row_bytes + 16;  /* the selftest's CRC, the call */
            work += row > MAX_WORK ? row : row * (uint64_t)abs(step->rows);
        }
    }
    return work <= MAX_WORK ? work : MAX_WORK + 1;
}

static uint64_t input_bytes(const ti_model *m) {
    const ti_io *io = ti_edges(m);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < m->header->n_inputs; i++) {
        bytes += (uint64_t)m->tensors[io[i].tensor].rows * m->tensors[io[i].tensor].row_bytes;
    }
    return bytes;
}

/* Whole inferences: the selftest's, then one by ti_feed() or ti_run(). */
static void run_all(ti_model *m) {
    uint32_t *crc = malloc(m->header->n_ops * sizeof *crc);
    if (crc) {
        ti_selftest(m, crc);
        free(crc);
    }
    if (m->header->n_inputs == 1 && ti_edges(m)->stream) {
        uint32_t row_bytes = m->tensors[ti_edges(m)->tensor].row_bytes;
        uint8_t *row = malloc(row_bytes);
        if (row) {
            memset(row, 0x5a, row_bytes);
            ti_restart(m);
            while (ti_feed(m, row, 0x80) == TI_WAITS) {
            }
            free(row);
        }
    }
    ti_run(m);
}

/* Single rows of a model that has too many, or too dear ones, which are left out; so are waits for a streamed input. */
static void run_some(ti_model *m) {
    uint64_t work = MAX_WORK;
    for (int n = 0; n < MAX_ROWS; n++) {
        const ti_op *op = &m->ops[ti_next_op(m)];
        int waits = m->steps[m->step].op == TI_INPUT_ROWS;
        uint64_t next = waits ? 0 : row_work(m, op, data_of(m, op));
        if (next <= work) {
            work -= next;
            int progress = ti_step_row(m);
            if (progress == TI_DONE) {
                return;
            }
            if (progress == TI_MORE) {
                continue;
            }
        }
        m->row = 0;
        if (++m->step == m->header->n_steps) {
            ti_restart(m);
            return;
        }
    }
}

/* A segment as a file that changes would have it, with one byte wrong each time. */
static const uint8_t *file;
static uint32_t loads;

static int load_damaged(ti_model *m, uint32_t segment) {
    const ti_segment *s = &m->segments[segment];
    uint8_t *window = (uint8_t *)(m->base[TI_POOL] + s->window);
    memcpy(window, file + s->offset, s->bytes);
    if (s->bytes && loads) {
        window[loads * 2654435761u % s->bytes] ^= (uint8_t)(1u << loads % 8);
    }
    for (uint32_t i = 0; i < m->header->n_ops; i++) {
        if (m->ops[i].segment == segment && row_work(m, &m->ops[i], window) > MAX_WORK / MAX_ROWS) {
            return 0;
        }
    }
    return loads++ < MAX_ROWS;
}

/* Segments are loaded from `blob`, of which only what comes before them is in memory. */
static void open_and_stream(const uint8_t *blob) {
    const ti_model known = unopened(blob);
    const ti_header *h = known.header;
    size_t resident = known.segments->offset, pool_bytes = h->pool_bytes - h->state_bytes;
    uint8_t *start = malloc(resident), *pool = calloc(pool_bytes, 1), *state = calloc(h->state_bytes + 1, 1);
    ti_model m;
    if (start && pool && state) {
        memcpy(start, blob, resident);
        if (ti_check_resident(start, resident).code != TI_OK) {
            abort(); /* it was proved as part of the whole */
        }
        if (ti_continue(&m, start, pool, pool_bytes, state).code == TI_OK) {
            file = blob;
            loads = 0;
            m.load = load_damaged;
            ti_reset(&m);
            for (int n = 0; n < MAX_ROWS; n++) {
                if (ti_step_row(&m) == TI_WAITS) {
                    m.fed++;
                }
            }
        }
    }
    free(start);
    free(pool);
    free(state);
}

static void open_and_run(const uint8_t *blob) {
    const ti_model known = unopened(blob);
    const ti_header *h = known.header;
    if (h->pool_bytes > MAX_POOL_BYTES || steps_work(&known, 0, h->n_init_steps) > MAX_WORK) {
        return;
    }
    /* Apart, so that nothing gets from one into the other unseen. */
    size_t pool_bytes = h->pool_bytes - h->state_bytes;
    uint8_t *pool = calloc(pool_bytes, 1);
    uint8_t *state = h->state_bytes ? calloc(h->state_bytes, 1) : NULL;
    ti_model m;
    if (pool && (state || !h->state_bytes) && ti_open(&m, blob, pool, pool_bytes, state).code == TI_OK) {
        if (input_bytes(&m) <= MAX_WORK && steps_work(&m, h->n_init_steps, h->n_steps) <= MAX_WORK) {
            run_all(&m);
        } else if (h->n_init_steps < h->n_steps) {
            run_some(&m);
        }
    }
    free(pool);
    free(state);
    if (known.segments) {
        open_and_stream(blob);
    }
}

int load_run(const uint8_t *data, size_t size, enum repair repair) {
    uint8_t *blob = malloc(size);
    if (!blob) {
        return 0;
    }
    if (size) {
        memcpy(blob, data, size);
    }
    repair_blob(blob, size, repair);
    int accepted = ti_check(blob, size).code == TI_OK;
    if (accepted) {
        open_and_run(blob);
    }
    free(blob);
    return accepted;
}

/* Sizes tell what to repair: most mutations should get past the checksum, and some should meet it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    load_run(data, size, size % 4 == 3 ? AS_IT_IS : size % 4 == 2 ? FIX_SUM : FIX_SIZE_AND_SUM);
    return 0;
}
