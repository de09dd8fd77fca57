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
#define MAX_WORK ((uint64_t)1 << 20)

static void repair_blob(uint8_t *blob, size_t size, enum repair repair) {
    ti_header *h = (void *)blob;
    if (repair == AS_IT_IS || size < sizeof(ti_header) + sizeof(uint32_t)) {
        return;
    }
    if (repair == FIX_SIZE_AND_CRC) {
        h->blob_bytes = (uint32_t)size & ~(uint32_t)3;
    }
    if (h->blob_bytes <= size && h->blob_bytes >= sizeof(uint32_t) && h->blob_bytes % 4 == 0) {
        size_t end = h->blob_bytes - sizeof(uint32_t);
        uint32_t crc = ti_crc32(0, blob, end);
        memcpy(blob + end, &crc, sizeof crc);
    }
}

/* About how many elements a row of an op touches. */
static uint64_t row_work(const ti_model *m, const ti_op *op) {
    const void *params = m->blob + op->params;
    const ti_window *w = params;
    const ti_reduce_mean *mean = params;
    const ti_tensor *in = &m->tensors[op->inputs[0]];
    uint64_t out = m->tensors[op->output].row_bytes;
    uint64_t taps;
    switch (op->kernel) {
        case TI_FULLY_CONNECTED:
            return out * ((const ti_fully_connected *)params)->in_c;
        case TI_CONV2D:
            taps = (uint64_t)w->k_h * w->k_w * w->in_c;
            return out * taps + w->out_w * taps;
        case TI_DEPTHWISE_CONV2D:
        case TI_MAX_POOL:
        case TI_AVERAGE_POOL:
            return out * w->k_h * w->k_w;
        case TI_REDUCE_MEAN:
            return (uint64_t)in->row_bytes * mean->rows + out;
        default:
            return out + in->row_bytes;
    }
}

static void run(ti_model *m) {
    uint64_t work = MAX_WORK;
    ti_fill_inputs(m, m->header->golden_seed);
    if (m->header->n_steps == 0) {
        return;
    }
    for (int row = 0; row < MAX_ROWS; row++) {
        uint64_t next = row_work(m, &m->ops[ti_next_op(m)]);
        if (next <= work) {
            work -= next;
            if (!ti_step_row(m)) {
                return;
            }
        } else {  /* a row too dear: go on with the next step */
            m->row = 0;
            if (++m->step == m->header->n_steps) {
                ti_restart(m);
                return;
            }
        }
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
        size_t pool_bytes = ((const ti_header *)blob)->pool_bytes;
        uint8_t *pool = pool_bytes <= MAX_POOL_BYTES ? malloc(pool_bytes) : NULL;
        ti_model m;
        if (pool && ti_open(&m, blob, pool, pool_bytes).code == TI_OK) {
            memset(pool, 0, pool_bytes);
            run(&m);
        }
        free(pool);
    }
    free(blob);
    return accepted;
}

/* Sizes tell what to repair: most mutations should get past the CRC, and some should meet it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    load_run(data, size, size % 4 == 3 ? AS_IT_IS : size % 4 == 2 ? FIX_CRC : FIX_SIZE_AND_CRC);
    return 0;
}
