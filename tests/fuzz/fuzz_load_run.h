/* What the fuzzer and the replayer share. */
#ifndef FUZZ_LOAD_RUN_H
#define FUZZ_LOAD_RUN_H

#include <stddef.h>
#include <stdint.h>

enum repair {
    AS_IT_IS,
    FIX_SUM,           /* set the checksum that the bytes have */
    FIX_SIZE_AND_SUM,  /* also set blob_bytes to the bytes there are */
};

/* Copy `data` to a heap block of exactly its size, repair it, load it and, where the loader accepts it, run some of its
 * rows in a pool of exactly the size it asks for. Returns whether it was accepted. Sanitizers see anything else. */
int load_run(const uint8_t *data, size_t size, enum repair repair);

#endif
