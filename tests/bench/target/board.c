/* Start of a bare-metal program and its way out, on Cortex-M and RISC-V; on Xtensa it is a Linux process. Whatever runs it
 * loads the sections where they lie and clears the rest, so there is nothing to copy.
 */
#include <string.h>

#include "bench.h"

extern uint8_t bench_stack_top[];

void bench_reset(void);

__attribute__((noinline)) void bench_mark(uint32_t slot) {
    bench_slots[slot] = 0;
}

static _Noreturn void finish(void) {
    bench_exit(main());
}

#if defined(__xtensa__)

/* Exceptions end the process. */
enum { WRITE = 13, EXIT = 118, STDOUT = 1 };

static int32_t system_call(uint32_t number, uintptr_t first, uintptr_t second, uintptr_t third) {
    register uint32_t a2 __asm__("a2") = number;
    register uintptr_t a6 __asm__("a6") = first, a3 __asm__("a3") = second, a4 __asm__("a4") = third;
    __asm__ volatile("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
    return (int32_t)a2;
}

/* The system has set the stack pointer. */
#if defined(__XTENSA_CALL0_ABI__)
__attribute__((section(".start"))) void bench_reset(void) {
    finish();
}
#else
__attribute__((used)) static void start(void) {
    finish();
}
/* A return address of 0 ends the chain of windows. By call4 nothing is spilled to the frame of this one's caller, which there
 * is not. */
__asm__(".section .start, \"ax\"\n.balign 4\n.type bench_reset, @function\n.global bench_reset\nbench_reset:\n"
        "movi a0, 0\ncall4 start\n.previous");
#endif

void bench_print(const char *text) {
    for (size_t left = strlen(text); left;) {
        int32_t n = system_call(WRITE, STDOUT, (uintptr_t)text, left);
        if (n <= 0) {
            bench_exit(1);
        }
        text += n;
        left -= (size_t)n;
    }
}

void bench_exit(int status) {
    for (;;) {
        system_call(EXIT, (uintptr_t)status, 0, 0);
    }
}

#else

static void unexpected(void) {
    bench_print("stopped by an exception\n");
    bench_exit(1);
}

#if defined(__riscv)

static uint32_t semihost(uint32_t operation, const void *argument) {
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = argument;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\nslli x0, x0, 0x1f\nebreak\nsrai x0, x0, 7\n.option pop"
                     : "+r"(a0) : "r"(a1) : "memory");
    return a0;
}

__attribute__((aligned(4))) static void trap(void) {
    unexpected();
}

__attribute__((noreturn, used)) static void start(void) {
    __asm__ volatile(".insn i 0x73, 1, x0, %0, 0x305" : : "r"(trap)); /* csrw mtvec: rv32imc as such has no Zicsr */
    finish();
}

__attribute__((naked, section(".start"))) void bench_reset(void) {
    __asm__ volatile("la sp, bench_stack_top\nj %0" : : "i"(start));
}

#else

static uint32_t semihost(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void bench_reset(void) {
#if defined(__ARM_ARCH_6M__)
    /* QEMU runs this on a Cortex-M3: let it refuse misaligned words as a Cortex-M0+ does. */
    *(volatile uint32_t *)0xE000ED14 |= 1u << 3;
#endif
    finish();
}

/* Up to the faults; nothing raises what comes after. */
__attribute__((section(".start"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))bench_stack_top, bench_reset,
    unexpected, unexpected, unexpected, unexpected, unexpected, unexpected,
};

#endif

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, STOPPED_RUN_TIME_ERROR = 0x20023, STOPPED_APPLICATION_EXIT = 0x20026 };

void bench_print(const char *text) {
    semihost(SYS_WRITE0, text);
}

void bench_exit(int status) {
    semihost(SYS_EXIT, (const void *)(uintptr_t)(status ? STOPPED_RUN_TIME_ERROR : STOPPED_APPLICATION_EXIT));
    for (;;) {
    }
}

#endif
