#include "ti_matmul.h"

#if defined(TI_ARMV6M)

#include "ti_stage_armv6m.h"

/* One vector with four rows of weights at a time, which end at r0 to r3 as the vector does at r4; r5 is the index from
 * there, up to 0; the sums are in r8 to r11. */

#define PRODUCT(w, sum) "ldrsb r7, [" w ", r5]\n\t" "muls r7, r6\n\t" "add " sum ", r7\n\t"
#define TAP                                                                                  \
    "ldrsb r6, [r4, r5]\n\t"                                                                 \
    PRODUCT("r0", "r8") PRODUCT("r1", "r9") PRODUCT("r2", "r10") PRODUCT("r3", "r11")        \
    "adds r5, #1\n\t"

/* Of sparse weights (ti_sparse.c): the taps' positions end at r4, r12 is where the window's inputs begin, lr how many taps are left. */
#define POSITION "ldrb r6, [r4, r5]\n\t" "add r6, r12\n\t" "ldrb r6, [r6]\n\t" "sxtb r6, r6\n\t"
#define SPARSE_TAP                                                                           \
    POSITION                                                                                 \
    PRODUCT("r0", "r8") PRODUCT("r1", "r9") PRODUCT("r2", "r10") PRODUCT("r3", "r11")        \
    "adds r5, #1\n\t"
#define NEXT_WINDOW(label)                                                                   \
    "movs r6, #255\n\t" "add r12, r6\n\t" "mov r7, lr\n\t" "subs r7, r6\n\t" "mov lr, r7\n\t" "bhi " label "\n\t"

/* Channels up to f->past, by fours; f->runs is 0, or that of sparse weights' blocks. */
static __attribute__((noinline)) void run(ti_products *f) {
    register ti_products *at __asm__("r0") = f;
    __asm__ volatile(
        ".syntax unified\n\t"
        TI_PRODUCTS_PUSH

        "1:\n\t"  /* the next four channels */
        "movs r5, #0\n\t"
        "mov r8, r5\n\t"
        "mov r9, r5\n\t"
        "mov r10, r5\n\t"
        "mov r11, r5\n\t"
        "ldr r6, [sp]\n\t"
        "ldmia r6!, {r0, r1, r2, r4}\n\t"
        "subs r6, #16\n\t"
        "cmp r2, #0\n\t"
        "bne 20f\n\t"
        "adds r4, r1\n\t"
        "adds r0, r1\n\t"
        "rsbs r5, r1, #0\n\t"
        "subs r1, r0, r5\n\t"
        "subs r2, r1, r5\n\t"
        "subs r3, r2, r5\n\t"
        "str r3, [r6]\n\t"
        "lsls r6, r5, #31\n\t"
        "bne 3f\n"
        "2:\n\t"
        TAP
        "3:\n\t"
        TAP
        "bne 2b\n\t"
        "ldr r3, [sp, #8]\n"

        "5:\n\t"
        TI_CHANNEL
        "mov r1, r8\n\t"
        "adds r1, r2\n\t"
        "mov r8, r9\n\t"
        "mov r9, r10\n\t"
        "mov r10, r11\n\t"
        TI_STORE("#20", "11", "12", "13", "14")
        "adds r3, #1\n\t"
        "lsls r2, r3, #30\n\t"
        "bne 5b\n\t"
        "str r3, [sp, #8]\n\t"
        "ldr r0, [sp, #4]\n\t"
        "ldr r2, [r0, %[past]]\n\t"
        "cmp r3, r2\n\t"
        "beq 6f\n\t"
        "b 1b\n"

        TI_STORE_RARELY("11", "12", "13", "14", "")

        "20:\n\t"  /* sparse ones */
        "cmp r2, #1\n\t"
        "beq 30f\n\t"
        "mov r12, r4\n\t"
        "mov lr, r1\n"
        "21:\n\t"  /* a window of four channels */
        "ldrb r5, [r0]\n\t"
        "adds r0, #1\n\t"
        "adds r4, r0, r5\n\t"
        "adds r0, r4, r5\n\t"
        "adds r1, r0, r5\n\t"
        "adds r2, r1, r5\n\t"
        "adds r3, r2, r5\n\t"
        "rsbs r5, r5, #0\n\t"
        "beq 24f\n\t"
        "lsls r6, r5, #31\n\t"
        "bne 23f\n"
        "22:\n\t"
        SPARSE_TAP
        "23:\n\t"
        SPARSE_TAP
        "bne 22b\n"
        "24:\n\t"
        "mov r0, r3\n\t"
        NEXT_WINDOW("21b")
        "25:\n\t"
        "ldr r6, [sp]\n\t"
        "str r0, [r6]\n\t"
        "ldr r3, [sp, #8]\n\t"
        "b 5b\n"

        "30:\n\t"  /* four channels one by one, each sum to r11 and then on */
        "movs r3, #4\n"
        "31:\n\t"
        "mov r8, r9\n\t"
        "mov r9, r10\n\t"
        "mov r10, r11\n\t"
        "movs r5, #0\n\t"
        "mov r11, r5\n\t"
        "ldr r6, [sp]\n\t"
        "ldr r5, [r6, #4]\n\t"
        "mov lr, r5\n\t"
        "ldr r5, [r6, #12]\n\t"
        "mov r12, r5\n"
        "32:\n\t"
        "ldrb r5, [r0]\n\t"
        "adds r0, #1\n\t"
        "adds r4, r0, r5\n\t"
        "adds r0, r4, r5\n\t"
        "rsbs r5, r5, #0\n\t"
        "beq 34f\n"
        "33:\n\t"
        POSITION
        PRODUCT("r0", "r11")
        "adds r5, #1\n\t"
        "bne 33b\n"
        "34:\n\t"
        NEXT_WINDOW("32b")
        "subs r3, #1\n\t"
        "bne 31b\n\t"
        "b 25b\n"

        "6:\n\t"
        TI_PRODUCTS_POP
        : "+r"(at)
        : [past] "n"(offsetof(ti_products, past) - 28)
        : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

const uint8_t *ti_sparse_run_armv6m(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    return (const uint8_t *)ti_products_run(mm, x, mm->k, out, 0, 4);
}

void ti_matmul_run_armv6m(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    ti_products_run(mm, x, mm->k, out, 0, 4);
}

const int8_t *ti_products_run(const ti_matmul *mm, const void *x, uint32_t taps, int8_t *out0, int8_t *out1, uint32_t together) {
    const ti_stage *s = &mm->stage;
    const uint32_t left = mm->out_c & (together - 1);
    ti_products p = {mm->weights, mm->k, mm->runs, x, taps, mm->chunk, ti_channels_open(s), s->zero_point, s->max, {out0, out1},
                     ti_stage_floor(s), s->min, mm->out_c - left};
    uint32_t last = !left;
    if (together == 4) {
        p.runs = 0;  /* the last pixel of an odd row is no pair */
        if (TI_HAS(SPARSE_WEIGHTS) && mm->sparse) {
            p.w = (const int8_t *)mm->sparse;
            p.runs = (const uint8_t *)(uintptr_t)mm->coded->block;
            last = 1;
        }
    }
    for (;;) {
        if (!p.past) {  /* there is but one channel */
        } else if (together == 4) {
            run(&p);
        } else {
            ti_pair_channels_armv6m(&p);
        }
        if (last) {
            return p.w;
        }
        /* The last `together` channels, with which some are made again, become the first ones. Of two, the last one is both, since its
         * chunks are its own. */
        const int32_t from = (int32_t)(mm->out_c - together);
        if (together == 4) {
            p.w = mm->weights + (uint32_t)from * mm->k;
            p.channels.channel = 0;
        } else {
            p.k = 0;
            p.channels.channel = 1;
        }
        p.channels.bias += from;
        p.channels.multiplier += from & (int32_t)p.channels.channel_mask;
        p.channels.shift += from & (int32_t)p.channels.channel_mask;
        p.out[0] += from;
        p.out[1] += from;
        p.past = together;
        last = 1;
    }
}

#endif
