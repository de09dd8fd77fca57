/* Loops of known length, which tests/test_count.py holds the counters against. Each runs for ROUNDS and for 3 * ROUNDS
 * rounds, in a slot each: the difference is 2 * ROUNDS times what is between "1:" and the branch back there.
 */
#include "bench.h"

enum { ROUNDS = 1000 };

#if defined(__riscv)
#define DOWN "addi a0, a0, -1\n"
#define LOOP(name, body) __attribute__((naked)) static void name(uint32_t rounds) { __asm__("1:\n" body "ret"); }
#define BACK "bnez a0, 1b\n"
LOOP(countdown, DOWN BACK)
LOOP(loads, "lw a1, 0(sp)\n lbu a2, 0(sp)\n mul a1, a1, a2\n" DOWN BACK)
LOOP(stores, "addi sp, sp, -16\n sw a1, 0(sp)\n sw a2, 4(sp)\n addi sp, sp, 16\n" DOWN BACK)
LOOP(branches, "j 2f\n nop\n 2:\n" DOWN "beqz a0, 3f\n j 1b\n 3:\n")
LOOP(pages, ".rept 1000\n nop\n .endr\n" DOWN "beqz a0, 3f\n j 1b\n 3:\n")
LOOP(skipped, DOWN BACK)
#elif defined(__xtensa__)
#define DOWN "addi a2, a2, -1\n"
/* This gcc has no naked functions. */
#define LOOP(name, body) \
    void name(uint32_t rounds);  \
    __asm__(".text\n.balign 4\n.type " #name ", @function\n" #name ":\n1:\n" body "ret\n");
#define BACK "bnez a2, 1b\n"
LOOP(countdown, DOWN BACK)
LOOP(loads, "l32i a3, a1, 0\n l8ui a4, a1, 0\n mull a3, a3, a4\n" DOWN BACK)
LOOP(stores, "addi a1, a1, -16\n s32i a3, a1, 0\n s32i a4, a1, 4\n addi a1, a1, 16\n" DOWN BACK)
LOOP(branches, "j 2f\n nop\n 2:\n" DOWN "beqz a2, 3f\n j 1b\n 3:\n")
LOOP(pages, ".rept 1000\n nop\n .endr\n" DOWN "beqz a2, 3f\n j 1b\n 3:\n")
LOOP(skipped, DOWN BACK)
#else
#define DOWN "subs r0, #1\n"
#define LOOP(name, body) \
    __attribute__((naked)) static void name(uint32_t rounds) { __asm__(".syntax unified\n1:\n" body "bx lr"); }
#define BACK "bne 1b\n"
LOOP(countdown, DOWN BACK)
LOOP(loads, "ldr r1, [sp]\n mov r2, sp\n ldrb r2, [r2]\n muls r1, r2\n" DOWN BACK)
LOOP(stores, "push {r1-r3}\n str r1, [sp]\n pop {r1-r3}\n" DOWN BACK)
LOOP(branches, "b 2f\n nop\n 2:\n" DOWN "beq 3f\n b 1b\n 3:\n")
LOOP(pages, ".rept 1000\n nop\n .endr\n" DOWN "beq 3f\n b 1b\n 3:\n")
#if defined(__ARM_ARCH_6M__)
LOOP(skipped, DOWN BACK)
#else
LOOP(skipped, "movs r1, #1\n it eq\n addeq r1, #1\n" DOWN BACK) /* what is skipped counts */
#endif
#endif

static void (*const loops[])(uint32_t rounds) = {countdown, loads, stores, branches, pages, skipped};
enum { LOOPS = sizeof loops / sizeof *loops };

volatile uint32_t bench_slots[SLOT_LAYERS + 2 * LOOPS];

__attribute__((noinline)) static void measure(uint32_t slot, void (*loop)(uint32_t), uint32_t rounds) {
    bench_mark(slot);
    loop(rounds);
    bench_mark(SLOT_NONE);
}

int main(void) {
    bench_mark(SLOT_EMPTY);
    bench_mark(SLOT_NONE);
    for (uint32_t i = 0; i < LOOPS; i++) {
        measure(SLOT_LAYERS + 2 * i, loops[i], ROUNDS);
        measure(SLOT_LAYERS + 2 * i + 1, loops[i], 3 * ROUNDS);
    }
    bench_print("done\n");
    return 0;
}
