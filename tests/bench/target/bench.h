/* What the bare-metal programs of the benchmark share. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* Slots that instructions are counted for; from SLOT_LAYERS on, one for each op. */
enum { SLOT_NONE, SLOT_EMPTY, SLOT_LOAD, SLOT_RUN, SLOT_LAYERS };

extern volatile uint32_t bench_slots[]; /* stored to by bench_mark() only */

/* What is executed from here to the next mark counts for `slot`, and a few instructions of the mark's own: a mark for
 * SLOT_EMPTY with another right after it tells how many. */
void bench_mark(uint32_t slot);

/* Through semihosting: a string to the host, the end of the run. */
void bench_print(const char *text);
_Noreturn void bench_exit(int status);

int main(void);

#endif
