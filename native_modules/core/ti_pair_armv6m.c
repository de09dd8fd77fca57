#include "ti_pair.h"

#if defined(TI_ARMV6M)

#include "ti_stage_armv6m.h"

/* The lanes of ti_pair.c in assembly, two output channels of both pixels at a time: gcc moves more between the few low
 * registers than it computes. Whatever the layer's chunk, halves are emptied after 4 taps, which keeps the packer's promise,
 * too. */

/* Taps of one chunk, for both channels. Their weights are at r0 and r1, from index r2 on; r3 goes through the packed elements;
 * r6, r7 are the sums. */
#define WEIGHED(w, t, x) "ldrsb " t ", [" w ", r2]\n\t" "muls " t ", " x "\n\t"
#define FIRST(x) WEIGHED("r0", "r6", x) WEIGHED("r1", "r7", x)
#define NEXT(x, t) WEIGHED("r0", t, x) "adds r6, " t "\n\t" WEIGHED("r1", t, x) "adds r7, " t "\n\t"
#define STEP "adds r2, #1\n\t"
#define TWO "ldmia r3!, {r4, r5}\n\t" FIRST("r4") STEP NEXT("r5", "r4")
#define ONE "ldmia r3!, {r4}\n\t" NEXT("r4", "r5")

/* The sums of whole words are in r8, r10, those of their high halves in r9, r11. lr is what rounds a high half that the low one
 * may have borrowed from. */
#define EMPTY                                                             \
    "add r8, r6\n\t" "add r6, lr\n\t" "asrs r6, #16\n\t" "add r9, r6\n\t"  \
    "add r10, r7\n\t" "add r7, lr\n\t" "asrs r7, #16\n\t" "add r11, r7\n\t"

#define HALF "movs r0, #1\n\t" "lsls r0, #15\n\t" "mov lr, r0\n\t"

#define PUT(to) \
    "ldrsb " to ", [r1, r3]\n\t" "ldrsb r6, [r2, r3]\n\t" "lsls r6, #16\n\t" "adds " to ", r6\n\t" "adds r3, #1\n\t"

void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n) {
    register uint32_t *to __asm__("r0") = p->taps + at;
    register const int8_t *past0 __asm__("r1") = x0 + n;
    register const int8_t *past1 __asm__("r2") = x1 + n;
    register uint32_t i __asm__("r3") = 0 - n;
    __asm__ volatile(
        ".syntax unified\n\t"
        "lsls r4, r3, #30\n\t"
        "beq 3f\n\t"
        "bpl 1f\n\t"  /* -n % 4 is 2 or 3: n % 4 is 2 or 1 */
        "lsls r4, r3, #31\n\t"
        "beq 2f\n\t"
        PUT("r4") "stmia r0!, {r4}\n\t"
        "b 4f\n"
        "1:\n\t"
        PUT("r4") "stmia r0!, {r4}\n"
        "2:\n\t"
        PUT("r4") PUT("r5") "stmia r0!, {r4, r5}\n"
        "4:\n\t"
        "cmp r3, #0\n\t"
        "beq 5f\n"
        "3:\n\t"  /* four */
        PUT("r4") PUT("r5") "stmia r0!, {r4, r5}\n\t"
        PUT("r4") PUT("r5") "stmia r0!, {r4, r5}\n\t"
        "bne 3b\n"
        "5:\n\t"
        : "+r"(to), "+r"(past0), "+r"(past1), "+r"(i)
        :
        : "r4", "r5", "r6", "cc", "memory");
}

__attribute__((noinline)) void ti_pair_channels_armv6m(ti_products *f) {
    register ti_products *at __asm__("r0") = f;
    __asm__ volatile(
        ".syntax unified\n\t"
        TI_PRODUCTS_PUSH
        HALF

        "1:\n\t"  /* the next two channels */
        "movs r6, #0\n\t"
        "mov r8, r6\n\t"
        "mov r9, r6\n\t"
        "mov r10, r6\n\t"
        "mov r11, r6\n\t"
        "ldr r6, [sp]\n\t"
        "ldmia r6!, {r0, r1, r2, r3, r4, r5}\n\t"
        "adds r7, r0, r1\n\t"
        "adds r1, r7\n\t"
        "subs r6, #24\n\t"
        "str r1, [r6]\n\t"
        "mov r1, r7\n\t"
        "cmp r5, #4\n\t"
        "beq 2f\n\t"
        "b 50f\n"

        /* Chunks of 4: r4 taps are left, r6 is the frame. */
        "2:\n\t"
        "cmp r2, #0\n\t"
        "bne 3f\n\t"
        "mov r5, r4\n\t"
        "movs r4, #0\n\t"
        "b 5f\n"
        "3:\n\t"  /* a run */
        "ldr r7, [r6, #8]\n\t"
        "ldrb r5, [r7]\n\t"
        "adds r7, #1\n\t"
        "str r7, [r6, #8]\n\t"
        "lsls r5, #2\n\t"
        "subs r4, r5\n\t"
        "bhi 5f\n\t"
        "adds r5, r4\n\t"  /* the last one */
        "movs r4, #0\n"
        "5:\n\t"
        "mov r12, r4\n\t"  /* what is left after it */
        "adds r0, r5\n\t"
        "adds r1, r5\n\t"
        "rsbs r2, r5, #0\n\t"
        "beq 7f\n"
        "6:\n\t"
        TWO STEP ONE STEP ONE EMPTY STEP
        "bne 6b\n"
        "7:\n\t"  /* an exception */
        "mov r4, r12\n\t"
        "lsls r5, r4, #31\n\t"
        "beq 8f\n\t"
        "b 57f\n"
        "8:\n\t"
        "cmp r4, #0\n\t"
        "beq 10f\n\t"
        TWO EMPTY STEP
        TWO EMPTY
        "adds r0, #4\n\t"
        "adds r1, #4\n\t"
        "ldr r6, [sp]\n\t"
        "mov r4, r12\n\t"
        "subs r4, #4\n\t"
        "bne 3b\n"

        "10:\n\t"  /* r9 and r8 less its high half's share are the two sums of a channel */
        "ldr r3, [sp, #8]\n"
        "20:\n\t"
        TI_CHANNEL
        "mov r0, r9\n\t"
        "lsls r0, #16\n\t"
        "mov r1, r8\n\t"
        "subs r1, r0\n\t"
        "adds r1, r2\n\t"
        "add r9, r2\n\t"
        TI_STORE("#20", "11", "12", "13", "14")
        "mov r1, r9\n\t"
        TI_STORE("#24", "21", "22", "23", "24")
        "adds r3, #1\n\t"
        "lsls r2, r3, #31\n\t"
        "beq 17f\n\t"
        "mov r8, r10\n\t"
        "mov r9, r11\n\t"
        "b 20b\n"
        "17:\n\t"
        "str r3, [sp, #8]\n\t"
        "ldr r0, [sp, #4]\n\t"
        "ldr r2, [r0, %[past]]\n\t"
        "cmp r3, r2\n\t"
        "beq 18f\n\t"
        "b 1b\n"
        "18:\n\t"
        "b 60f\n"

        TI_STORE_RARELY("11", "12", "13", "14", HALF)
        TI_STORE_RARELY("21", "22", "23", "24", HALF)

        /* Any other chunks: r12 is 1 more, and an exception as long as they are. */
        "50:\n\t"
        "cmp r2, #0\n\t"
        "bne 52f\n\t"
        "mov r5, r4\n\t"
        "b 53f\n"
        "52:\n\t"
        "ldr r7, [r6, #8]\n\t"
        "ldrb r5, [r7]\n\t"
        "adds r7, #1\n\t"
        "str r7, [r6, #8]\n\t"
        "ldr r7, [r6, #20]\n\t"
        "muls r5, r7\n\t"
        "subs r4, r5\n\t"
        "bhi 54f\n\t"
        "adds r5, r4\n"
        "53:\n\t"
        "movs r4, #0\n"
        "54:\n\t"
        "adds r4, #1\n\t"
        "b 5b\n"
        "57:\n\t"
        "ldr r6, [sp]\n\t"
        "ldr r5, [r6, #20]\n\t"
        "subs r4, #1\n\t"
        "beq 61f\n\t"
        "cmp r5, r4\n\t"
        "bls 58f\n\t"
        "mov r5, r4\n"
        "58:\n\t"
        "subs r4, r5\n\t"
        "mov r12, r4\n\t"
        "adds r0, r5\n\t"
        "adds r1, r5\n\t"
        "rsbs r2, r5, #0\n"
        "59:\n\t"
        TWO EMPTY STEP
        "bne 59b\n\t"
        "ldr r6, [sp]\n\t"
        "mov r4, r12\n\t"
        "cmp r4, #0\n\t"
        "bne 52b\n"
        "61:\n\t"
        "b 10b\n"

        "60:\n\t"
        TI_PRODUCTS_POP
        : "+r"(at)
        : [past] "n"(offsetof(ti_products, past) - 28)
        : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    ti_products_run(mm, p->taps, p->count, out0, out1, 2);
}

#endif
