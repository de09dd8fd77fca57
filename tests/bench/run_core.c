/* run_core BLOB N: load a blob and run it N times on the selftest's input, for counting instructions. The instructions of one
 * inference are the difference between two values of N, divided by theirs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ti_core.h"

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!file || fseek(file, 0, SEEK_END)) {
        fprintf(stderr, "usage: run_core BLOB N\n");
        return 2;
    }
    long bytes = ftell(file);
    rewind(file);
    uint8_t *blob = malloc((size_t)bytes);
    if (!blob || fread(blob, 1, (size_t)bytes, file) != (size_t)bytes) {
        return 2;
    }
    fclose(file);
    ti_fault fault = ti_check(blob, (size_t)bytes);
    if (fault.code) {
        fprintf(stderr, "fault %d\n", fault.code);
        return 1;
    }
    size_t pool_bytes = ((const ti_header *)blob)->pool_bytes;
    uint8_t *pool = malloc(pool_bytes);
    ti_model m;
    if (!pool || ti_open(&m, blob, pool, pool_bytes, NULL).code) {
        return 1;
    }
    ti_fill_inputs(&m, m.header->golden_seed);
    for (long n = atol(argv[2]); n > 0; n--) {
        ti_run(&m);
    }
    return 0;
}
