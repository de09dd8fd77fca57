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

/* Register x, a sum from 0 up to 2^16 - 1, becomes ti_requantise_quick() of it: two products of 16 bits, whose sum is
 * x * multiplier / 2^16 rounded down. `round` is (1 + 2^n) * 2^14 modulo 2^32 and `shift` n + 15; where that is 32 or more, as from
 * n = 17 on, no such x makes more than 0, and 0 is what remains. */
#define TI_SCALE(x, low, high, round, shift, t)                                                                        \
    "mov " t ", " low "\n\t" "muls " t ", " x "\n\t" "lsrs " t ", #16\n\t" "muls " x ", " high "\n\t"                 \
    "adds " x ", " t "\n\t" "adds " x ", " round "\n\t" "lsrs " x ", " shift "\n\t"

/* Any other sum, in r1: ti_requantise_quick() of it, with the zero point, at least min. The stage's constants are in r4 to r7, as
 * TI_CHANNEL has them, and r12 is where the zero point lies. Takes r0, r2. Only assembly can call it. */
void ti_scale_armv6m(void);

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

/* What the assembly for weights `[out_c][k]` reads, in its order. */
typedef struct {
    const int8_t *w;        /* of the next channels */
    uint32_t k;
    const uint8_t *runs;    /* of pairs, or NULL; of one vector, the block of sparse weights, or 0 */
    const void *x;
    uint32_t taps;
    uint32_t chunk;         /* of pairs */
    ti_channels channels;
    int32_t zero_point, max;
    int8_t *out[2];
    int32_t floor, min;
    uint32_t past;          /* the channel to stop before */
} ti_products;

/* All channels of one vector, 4 of them at a time, or of a pair, 2 at a time; of sparse weights all but the last out_c % 4. Returns where
 * the weights of the rest begin. */
const int8_t *ti_products_run(const ti_matmul *mm, const void *x, uint32_t taps, int8_t *out0, int8_t *out1, uint32_t together);

/* Channels up to p->past, by twos. */
void ti_pair_channels_armv6m(ti_products *p);

/* To begin with, from a ti_products at r0, and to end with: it is at [sp], its channels' bias at [sp, #4], then the next channel, zero
 * point, max, out[0], out[1] and floor. Takes all low registers. */
#define TI_PRODUCTS_PUSH \
    "movs r1, #28\n\t" "adds r1, r0\n\t" "movs r2, #44\n\t" "adds r2, r0\n\t" "ldmia r2!, {r3, r4, r5, r6, r7}\n\t" \
    "ldr r2, [r0, #24]\n\t" "push {r0, r1, r2, r3, r4, r5, r6, r7}\n\t"
#define TI_PRODUCTS_POP "add sp, #32\n\t"

/* Of channel r3: r2 is its bias, r4 and r5 the halves of its multiplier, r6 and r7 what rounds and shifts. Takes r0. */
#define TI_CHANNEL                                                                                        \
    "ldr r0, [sp, #4]\n\t" "ldmia r0!, {r4, r5, r6, r7}\n\t"                                             \
    "lsls r0, r3, #2\n\t" "ldr r2, [r4, r0]\n\t"                                                           \
    TI_CHANNEL_SCALE("r0", "r4", "r5", "r6", "r7")

/* From the channel in r3 and multiplier, shift and mask in `high`, `round` and `shift`: the constants of TI_SCALE(). */
#define TI_CHANNEL_SCALE(t, low, high, round, shift)                                                                  \
    "ands " shift ", r3\n\t" "ldrsb " t ", [" round ", " shift "]\n\t" "lsls " shift ", #2\n\t"                       \
    "adds " high ", " shift "\n\t" "ldrh " low ", [" high "]\n\t" "ldrh " high ", [" high ", #2]\n\t"                 \
    "rsbs " shift ", " t ", #0\n\t" "movs " round ", #1\n\t" "lsls " round ", " shift "\n\t" "adds " round ", #1\n\t" \
    "lsls " round ", #14\n\t" "adds " shift ", #15\n\t"

/* Then r1, a sum, goes to channel r3 of out[0] or out[1] (`out` #20 or #24). Takes r0, r2; TI_STORE_RARELY with the same labels
 * must be near. */
#define TI_STORE(out, below, slow, back, limit)                 \
    "asrs r0, r1, #16\n\t"                                     \
    "bmi " below "f\n\t"                                       \
    "bne " slow "f\n\t"                                        \
    TI_SCALE("r1", "r4", "r5", "r6", "r7", "r0")               \
    "ldr r0, [sp, #12]\n\t"                                    \
    "adds r1, r0\n"                                            \
    back ":\n\t"                                               \
    "ldr r0, [sp, #16]\n\t"                                    \
    "cmp r1, r0\n\t"                                           \
    "ble 9f\n"                                                 \
    limit ":\n\t"                                              \
    "mov r1, r0\n"                                             \
    "9:\n\t"                                                   \
    "ldr r2, [sp, " out "]\n\t"                                \
    "strb r1, [r2, r3]\n\t"

/* Sums below 0, and those that TI_SCALE() is not for. Takes r12; `mend` sets lr to what it was. */
#define TI_STORE_RARELY(below, slow, back, limit, mend)         \
    below ":\n\t"                                              \
    "ldr r0, [sp, #28]\n\t"                                    \
    "cmp r0, #128\n\t"                                         \
    "bne " limit "b\n"                                         \
    slow ":\n\t"                                               \
    "ldr r0, [sp, #4]\n\t"                                     \
    "adds r0, #16\n\t"                                         \
    "mov r12, r0\n\t"                                          \
    "bl ti_scale_armv6m\n\t"                                   \
    mend                                                       \
    "b " back "b\n"

#endif
#endif
