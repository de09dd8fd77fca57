/* The fuzz target without a fuzzer.
 *
 *   replay FILE...             load and run each file as the fuzzer would
 *   replay --damage BLOB       load and run every truncation and every single-byte flip of a valid blob
 *
 *   gcc -std=c99 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -Inative_modules/core \
 *       tests/fuzz/{fuzz_load_run,replay_main}.c native_modules/core/{,kernels/}*.c -o replay
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_load_run.h"
#include "ti_core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long bytes = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (bytes = ftell(file)) >= 0) {
        rewind(file);
        data = malloc((size_t)bytes + 1);
        *size = data ? fread(data, 1, (size_t)bytes, file) : 0;
    }
    if (file) {
        fclose(file);
    }
    if (!data || *size != (size_t)bytes) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(2);
    }
    return data;
}

/* Counts what the loader accepts of one kind of damage. `none_valid`: nothing so damaged may be accepted. */
static int report(const char *kind, size_t accepted, size_t rejected, int none_valid) {
    printf("%-46s %7zu accepted %7zu rejected%s\n", kind, accepted, rejected, none_valid && accepted ? "  WRONG" : "");
    return none_valid && accepted;
}

static int truncations(const char *kind, const uint8_t *data, size_t size, enum repair repair) {
    size_t accepted = 0;
    for (size_t n = 0; n < size; n++) {
        accepted += (size_t)load_run(data, n, repair);
    }
    return report(kind, accepted, size - accepted, repair == AS_IT_IS);
}

static int flips(const char *kind, uint8_t *data, size_t size, uint8_t bits, enum repair repair) {
    size_t accepted = 0;
    for (size_t i = 0; i < size; i++) {
        data[i] ^= bits;
        accepted += (size_t)load_run(data, size, repair);
        data[i] ^= bits;
    }
    return report(kind, accepted, size - accepted, repair == AS_IT_IS);
}

static int misalignments(const uint8_t *data, size_t size) {
    size_t accepted = 0;
    uint8_t *block = malloc(size + 3);
    for (size_t shift = 1; block && shift <= 3; shift++) {
        memcpy(block + shift, data, size);
        accepted += ti_check(block + shift, size).code != TI_FAULT_ALIGN;
    }
    free(block);
    return report("misaligned", accepted, 3 - accepted, 1);
}

static int damage(const char *path) {
    size_t size = 0;
    uint8_t *data = read_file(path, &size);
    if (!load_run(data, size, AS_IT_IS) || ((const ti_header *)(const void *)data)->blob_bytes != size) {
        fprintf(stderr, "replay: %s is not a valid blob, or has bytes after its end\n", path);
        free(data);
        return 2;
    }
    int wrong = misalignments(data, size);
    wrong |= truncations("truncated", data, size, AS_IT_IS);
    wrong |= truncations("truncated, size and checksum fixed", data, size, FIX_SIZE_AND_SUM);
    wrong |= flips("a byte's bits flipped", data, size, 0xff, AS_IT_IS);
    wrong |= flips("a byte's bits flipped, checksum fixed", data, size, 0xff, FIX_SUM);
    wrong |= flips("a byte's lowest bit flipped", data, size, 0x01, AS_IT_IS);
    wrong |= flips("a byte's lowest bit flipped, checksum fixed", data, size, 0x01, FIX_SUM);
    free(data);
    return wrong;
}

int main(int argc, char **argv) {
    if (argc == 3 && strcmp(argv[1], "--damage") == 0) {
        return damage(argv[2]);
    }
    if (argc < 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: replay FILE... | replay --damage BLOB\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *data = read_file(argv[i], &size);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
    }
    printf("%d files replayed\n", argc - 1);
    return 0;
}
