/* The output stage for two sums of one channel at a time, in assembly: nothing but the sums changes between them, and a 64-bit
 * product takes four of this core's. */
#ifndef TI_STAGE_ARMV6M_H
#define TI_STAGE_ARMV6M_H

#include "ti_config.h"
#include "ti_matmul.h"

#if defined(TI_ARMV6M)

/* Is it one that the assembly has? */
static inline int ti_stage_is_quick(const ti_stage *s) {
    return s->quick && s->min <= s->zero_point && s->zero_point <= s->max;
}

/* Registers x, a sum times 4, becomes ti_requantise_quick() of it, less the zero point, as ti_high_word() does it but with an
 * unsigned low half: the sum in the middle may have 32 bits, without a sign (to_16 lsrs) for x from 0 on, with one (asrs) below. */
#define TI_SCALE_SUM(x, low, high, round, shift, t, u, to_16)                                              \
    "uxth " t ", " x "\n\t" to_16 " " x ", #16\n\t"                                                   \
    "mov " u ", " low "\n\t" "muls " u ", " t "\n\t" "lsrs " u ", #16\n\t"                            \
    "muls " t ", " high "\n\t" "adds " t ", " u "\n\t"                                                \
    "mov " u ", " x "\n\t" "muls " u ", " low "\n\t" "adds " t ", " u "\n\t" to_16 " " t ", #16\n\t"  \
    "muls " x ", " high "\n\t" "adds " x ", " t "\n\t" "adds " x ", " round "\n\t"
#define TI_SCALE_UP(x, low, high, round, shift, t, u) TI_SCALE_SUM(x, low, high, round, shift, t, u, "lsrs") "asrs " x ", " shift "\n\t"
#define TI_SCALE_DOWN(x, low, high, round, shift, t, u) \
    TI_SCALE_SUM(x, low, high, round, shift, t, u, "asrs") "subs " x ", #2\n\t" "asrs " x ", " shift "\n\t"

#define TI_NO_FLOOR 128  /* no int8 */

/* What every sum below 0 makes, or TI_NO_FLOOR where they differ. */
static inline int32_t ti_stage_floor(const ti_stage *s) {
    return s->min == s->zero_point ? s->min : TI_NO_FLOOR;
}

/* What assembly reads of a stage for one channel after the other, in its order. */
typedef struct {
    uint32_t channel;        /* the next one */
    const int32_t *bias;
    const int32_t *multiplier;
    const int8_t *shift;
    uint32_t channel_mask;
} ti_channels;

static inline ti_channels ti_channels_open(const ti_stage *s) {
    ti_channels c = {0, s->bias, s->multiplier, s->shift, s->channel_mask};
    return c;
}

/* Let channel 0 be what is channel `first`. */
static inline void ti_channels_from(ti_channels *c, int32_t first) {
    c->bias += first;
    c->multiplier += first & (int32_t)c->channel_mask;
    c->shift += first & (int32_t)c->channel_mask;
}

/* What the assembly for weights `[out_c][k]` reads, in its order. */
typedef struct {
    const int8_t *w;        /* of the next channels */
    uint32_t k;
    const uint8_t *runs;    /* of pairs, or NULL */
    const void *x;
    uint32_t taps;
    uint32_t chunk;         /* of pairs */
    ti_channels channels;
    int32_t zero_point, max;
    int8_t *out[2];
    int32_t floor, min;
    uint32_t past;          /* the channel to stop before */
} ti_products;

static inline ti_products ti_products_open(const ti_matmul *mm, const void *x, uint32_t taps, int8_t *out0, int8_t *out1) {
    const ti_stage *s = &mm->stage;
    ti_products p = {mm->weights, mm->k, mm->runs, x, taps, mm->chunk, ti_channels_open(s), s->zero_point, s->max, {out0, out1},
                     ti_stage_floor(s), s->min, mm->out_c};
    return p;
}

/* To begin with, from a ti_products at r0, and to end with: it is at [sp], its channels at [sp, #4]. Takes r1. */
#define TI_PRODUCTS_PUSH "movs r1, #24\n\t" "adds r1, r0\n\t" "push {r0, r1}\n\t"
#define TI_PRODUCTS_POP "add sp, #8\n\t"

/* Of the next channel: r3 is the next channel, r2 its bias, r4 and r5 the halves of its multiplier, r6 and r7
 * what rounds and shifts; r12 is where the zero point lies. Takes r0. */
#define TI_CHANNEL                                                                                        \
    "ldr r0, [sp, #4]\n\t" "ldmia r0!, {r3, r4, r5, r6, r7}\n\t" "mov r12, r0\n\t"            \
    "lsls r0, r3, #2\n\t" "ldr r2, [r4, r0]\n\t"                                                           \
    "ands r7, r3\n\t" "ldrsb r0, [r6, r7]\n\t" "lsls r7, #2\n\t" "adds r5, r7\n\t"                          \
    "ldrh r4, [r5]\n\t" "ldrh r5, [r5, #2]\n\t"                                                            \
    "rsbs r7, r0, #0\n\t" "movs r6, #1\n\t" "lsls r6, r7\n\t" "adds r6, #1\n\t" "adds r7, #1\n\t"

/* Then r1, a sum, goes to channel r3 of out[0] or out[1] (`out` #8 or #12). Takes r0, r2; TI_STORE_BELOW must be at 40. */
#define TI_STORE(out, below, limit, stored)                     \
    "lsls r1, #2\n\t"                                          \
    "bmi " below "f\n\t"                                       \
    TI_SCALE_UP("r1", "r4", "r5", "r6", "r7", "r0", "r2")      \
    "mov r2, r12\n\t"                                          \
    "ldr r0, [r2]\n\t"                                         \
    "adds r1, r0\n\t"                                          \
    "ldr r0, [r2, #4]\n\t"                                     \
    "cmp r1, r0\n\t"                                           \
    "ble " stored "f\n"                                        \
    limit ":\n\t"                                              \
    "mov r1, r0\n\t"                                           \
    "b " stored "f\n"                                          \
    below ":\n\t"                                              \
    "mov r2, r12\n\t"                                          \
    "ldr r0, [r2, #16]\n\t"                                    \
    "cmp r0, #128\n\t"                                         \
    "bne " limit "b\n\t"                                       \
    "bl 40f\n\t"                                               \
    "movs r0, #1\n\t"                                          \
    "lsls r0, #15\n\t"                                         \
    "mov lr, r0\n"                                             \
    stored ":\n\t"                                             \
    "ldr r2, [r2, " out "]\n\t"                                \
    "strb r1, [r2, r3]\n\t"

/* A sum below 0, where there is no floor. */
#define TI_STORE_BELOW                                          \
    "40:\n\t"                                                  \
    TI_SCALE_DOWN("r1", "r4", "r5", "r6", "r7", "r0", "r2")    \
    "mov r2, r12\n\t"                                          \
    "ldr r0, [r2]\n\t"                                         \
    "adds r1, r0\n\t"                                          \
    "ldr r0, [r2, #20]\n\t"                                    \
    "cmp r1, r0\n\t"                                           \
    "bge 41f\n\t"                                              \
    "mov r1, r0\n"                                             \
    "41:\n\t"                                                  \
    "bx lr\n"

#endif
#endif
