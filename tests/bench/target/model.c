/* Models, one after the other: loaded, run once on the input linked in, and the outputs printed in hex. Where bench_layers is
 * set, run again row by row to count each op.
 */
#include <string.h>

#include "bench.h"
#include "ti_core.h"

typedef struct {
    const uint8_t *blob, *blob_end, *input;
} bench_model;

/* What count.py links in beside. */
extern const bench_model bench_models[], bench_models_end[];
extern uint8_t bench_pool[], bench_pool_end[];
extern const uint32_t bench_layers;

static const ti_tensor *tensor_of(const ti_model *m, uint32_t io_index) {
    return &m->tensors[ti_edges(m)[io_index].tensor];
}

static void set_inputs(const ti_model *m, const uint8_t *from) {
    for (uint32_t i = 0; i < m->header->n_inputs; i++) {
        const ti_tensor *t = tensor_of(m, i);
        memcpy(ti_memory(m, t), from, t->rows * t->row_bytes);
        from += t->rows * t->row_bytes;
    }
}

static void print_outputs(const ti_model *m) {
    for (uint32_t i = 0; i < m->header->n_outputs; i++) {
        const ti_tensor *t = tensor_of(m, m->header->n_inputs + i);
        const uint8_t *bytes = ti_memory(m, t);
        for (uint32_t j = 0; j < t->rows * t->row_bytes; j++) {
            uint8_t byte = bytes[j];
            char hex[3] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15], 0};
            bench_print(hex);
        }
    }
    bench_print("\n");
}

static int run(const bench_model *model) {
    ti_model m;
    bench_mark(SLOT_LOAD);
    ti_fault fault = ti_check(model->blob, (size_t)(model->blob_end - model->blob));
    if (!fault.code) {
        fault = ti_open(&m, model->blob, bench_pool, (size_t)(bench_pool_end - bench_pool), NULL);
    }
    bench_mark(SLOT_NONE);
    if (fault.code) {
        bench_print("the core refuses the blob\n");
        return 1;
    }
    set_inputs(&m, model->input);
    bench_mark(SLOT_RUN);
    ti_run(&m);
    bench_mark(SLOT_NONE);
    print_outputs(&m);
    if (bench_layers) {
        ti_reset(&m);
        set_inputs(&m, model->input);
        int progress;
        do {
            bench_mark(SLOT_LAYERS + ti_next_op(&m));
            progress = ti_step_row(&m);
            bench_mark(SLOT_NONE);
        } while (progress == TI_MORE);
        print_outputs(&m);
    }
    return 0;
}

int main(void) {
    bench_mark(SLOT_EMPTY);
    bench_mark(SLOT_NONE);
    int status = 0;
    for (const bench_model *model = bench_models; !status && model != bench_models_end; model++) {
        status = run(model);
    }
    return status;
}
