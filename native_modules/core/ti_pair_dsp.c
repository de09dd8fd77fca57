#include "ti_pair.h"

#if defined(TI_DSP)

#include <string.h>

#include "ti_dsp.h"

/* SMLAD multiplies two int16 of one register with two of another and adds both products. SXTB16 makes such a register
 * of bytes 0 and 2 of a word, or of 1 and 3. So every 4 taps of the pair are 4 words: vector 0's taps 0 and 2, 1 and 3,
 * then vector 1's. One LDM brings them, one LDR and two SXTB16 four weights. */

#define GROUP 4          /* taps */
#define UNROLLED 4       /* groups */
#define GROUP_CODE 60    /* bytes of code that a group takes in dsp_channels() */

/* Where, from a group's first int16 on, its tap `n` of vector 0 is; that of vector 1 is VECTOR further. */
enum {TAP0 = 0, TAP1 = 2, TAP2 = 1, TAP3 = 3, VECTOR = 4};

static inline ti_int16 *element(const ti_pair *p, uint32_t vector, uint32_t at) {
    return (ti_int16 *)p->taps + 2 * at - 3 * (at >> 1 & 1) + VECTOR * vector;
}

void ti_pair_open(ti_pair *p, const ti_matmul *mm, uint8_t *scratch) {
    p->taps = (void *)scratch;
    p->count = TI_PAIR_WORDS(mm->k);
    for (uint32_t i = mm->k; i < p->count; i++) {
        *element(p, 0, i) = *element(p, 1, i) = 0;
    }
}

/* `to`: the group of the first element, which is its tap `tap`; where not `both`, only x0's vector. Rows of a window
 * may begin and end at any tap. */
static inline __attribute__((always_inline)) void put(uint32_t *to, uint32_t tap, const int8_t *x0, const int8_t *x1,
                                                      uint32_t step, uint32_t n, int both) {
#define PUT(place)                                 \
    do {                                           \
        if (n == 0) {                              \
            return;                                \
        }                                          \
        ((ti_int16 *)to)[place] = *x0;             \
        x0 += step;                                \
        if (both) {                                \
            ((ti_int16 *)to)[place + VECTOR] = *x1; \
            x1 += step;                            \
        }                                          \
        n--;                                       \
    } while (0)
    switch (tap) {
    case 1:
        PUT(TAP1);
        /* fall through */
    case 2:
        PUT(TAP2);
        /* fall through */
    case 3:
        PUT(TAP3);
        to += GROUP;
    }
    if (both && n >= GROUP) {
        uint32_t left = n - GROUP;
        n %= GROUP;
        __asm__ volatile(
            "1:\n"
            "ldr    r5, [%[x0]], #4\n"
            "ldr    r8, [%[x1]], #4\n"
            "sxtb16 r4, r5\n"
            "sxtb16 r5, r5, ror #8\n"
            "sxtb16 r6, r8\n"
            "sxtb16 r8, r8, ror #8\n"
            "stm    %[to]!, {r4-r6, r8}\n"
            "subs   %[left], #4\n"
            "bhs    1b\n"
            : [x0] "+r"(x0), [x1] "+r"(x1), [to] "+r"(to), [left] "+r"(left)
            :
            : "r4", "r5", "r6", "r8", "cc", "memory");
    }
    for (; n >= GROUP; n -= GROUP, to += GROUP) {
        uint32_t word = step ? ti_word(x0) : (uint8_t)*x0 * 0x01010101u;
        x0 += GROUP * step;
        to[0] = ti_sxtb16(word);
        to[1] = ti_sxtb16_8(word);
    }
    PUT(TAP0);
    PUT(TAP1);
    PUT(TAP2);
#undef PUT
}

void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n) {
    put(p->taps + at / GROUP * GROUP, at % GROUP, x0, x1, 1, n, 1);
}

void ti_pair_put_one(const ti_pair *p, uint32_t vector, uint32_t at, const int8_t *x, uint32_t step, uint32_t n) {
    put(p->taps + at / GROUP * GROUP + vector * VECTOR / 2, at % GROUP, x, x, step, n, 0);
}

/* What dsp_channels() copies to its stack, in this order. */
typedef struct {
    uint32_t fill;              /* weights read beyond a row's k */
    uint32_t k;
    const int32_t *bias;
    uint32_t skip;              /* bytes of code, in the first of the passes */
    const uint32_t *taps;
    uint32_t passes;            /* through UNROLLED groups */
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t rounding;           /* of a shift by 1: half an output step, and the zero point */
    int8_t *out0, *out1;
    const int8_t *end;          /* of out0 */
    const int8_t *w;            /* the first row of weights, plus `fill` */
} pass;

/* Channels two by two, at least two, of a quick stage, requantised as ti_dsp.h says, clamped to int8. Two channels take
 * 45 instructions, 15 for each group of taps and 2 for each pass through the unrolled groups. */
__attribute__((naked, noinline, used)) static void dsp_channels(const pass *p) {
    __asm__(
        "push   {r4-r11, lr}\n"
        "ldm    r0, {r1-r12, lr}\n"
        "push   {r1-r12}\n"
        "mov    r12, lr\n"
        "1:\n"
        "ldm    sp, {r4, r5, r6, r8, r10, lr}\n"  /* fill, k, bias, skip, taps, passes */
        "sub    r11, r12, r4\n"
        "add    r12, r11, r5\n"
        "ldrd   r0, r2, [r6], #8\n"
        "str    r6, [sp, #8]\n"
        "mov    r1, r0\n"
        "mov    r3, r2\n"
        "add    pc, r8\n"                         /* pc is two instructions ahead */
        "nop\n"
        "2:\n"
        ".rept  4\n"
        "ldm.w  r10!, {r4-r7}\n"
        "ldr.w  r8, [r11], #4\n"
        "sxtb16 r9, r8\n"
        "smlad  r0, r4, r9, r0\n"
        "smlad  r1, r6, r9, r1\n"
        "sxtb16 r8, r8, ror #8\n"
        "smlad  r0, r5, r8, r0\n"
        "smlad  r1, r7, r8, r1\n"
        "ldr.w  r8, [r12], #4\n"
        "sxtb16 r9, r8\n"
        "smlad  r2, r4, r9, r2\n"
        "smlad  r3, r6, r9, r3\n"
        "sxtb16 r8, r8, ror #8\n"
        "smlad  r2, r5, r8, r2\n"
        "smlad  r3, r7, r8, r3\n"
        ".endr\n"
        "subs   lr, #1\n"
        "bne    2b\n"

        "add    r4, sp, #24\n"
        "ldm    r4, {r4-r8}\n"                    /* multiplier, shift, rounding, out0, out1 */
        "ldrd   r9, r10, [r4], #8\n"
        "ldrh   r11, [r5], #2\n"
        "strd   r4, r5, [sp, #24]\n"
        "mvn    lr, r11, lsr #8\n"
        "mvn    r11, r11\n"
        "lsl    r4, r6, r11\n"                    /* a shift looks at the lowest byte only */
        "lsl    r5, r6, lr\n"
        ".macro output acc, multiplier, rounding, shift, out\n"
        "add    r6, \\rounding, \\acc, asr #31\n"
        "lsls   \\acc, \\acc, #1\n"
        "smmlar r6, \\acc, \\multiplier, r6\n"
        "asr    r6, \\shift\n"
        "ssat   r6, #8, r6, asr #1\n"
        "strb   r6, [\\out], #1\n"
        ".endm\n"
        "output r0, r9, r4, r11, r7\n"
        "output r1, r9, r4, r11, r8\n"
        "output r2, r10, r5, lr, r7\n"
        "output r3, r10, r5, lr, r8\n"
        ".purgem output\n"
        "strd   r7, r8, [sp, #36]\n"
        "ldr    r6, [sp, #44]\n"
        "cmp    r7, r6\n"
        "bne    1b\n"
        "add    sp, #48\n"
        "pop    {r4-r11, pc}\n");
}

/* One channel, one vector: what dsp_channels() sums, in C. */
static uint32_t sum(const ti_pair *p, uint32_t vector, const int8_t *w, uint32_t k) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < k; i++) {
        sum += (uint32_t)(*element(p, vector, i) * w[i]);
    }
    return sum;
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    const ti_stage *stage = &mm->stage;
    const uint32_t k = mm->k, groups = p->count / GROUP;
    uint32_t c = 0;
    if (!stage->quick) {
        for (; c < mm->out_c; c++) {
            out0[c] = ti_stage_apply(stage, sum(p, 0, mm->weights + c * k, k), c);
            out1[c] = ti_stage_apply(stage, sum(p, 1, mm->weights + c * k, k), c);
        }
        return;
    }
    pass pass;
    pass.fill = p->count - k;
    pass.k = k;
    pass.skip = -groups % UNROLLED * GROUP_CODE;
    pass.taps = p->taps;
    pass.passes = (groups + UNROLLED - 1) / UNROLLED;
    pass.rounding = 2 * stage->zero_point + 1;
    if (stage->channel_mask && mm->out_c > 1) {
        c = mm->out_c & ~1u;
        pass.bias = stage->bias;
        pass.multiplier = stage->multiplier;
        pass.shift = stage->shift;
        pass.out0 = out0;
        pass.out1 = out1;
        pass.end = out0 + c;
        pass.w = mm->weights + pass.fill;
        dsp_channels(&pass);
    }
    /* The last of an odd number of channels, as its own neighbour; all of them where they share one multiplier. */
    for (; c < mm->out_c; c += 2) {
        uint32_t second = mm->out_c - c > 1, at = c & stage->channel_mask;
        int32_t bias[2] = {stage->bias[c], stage->bias[c + second]};
        int32_t multiplier[2] = {stage->multiplier[at], stage->multiplier[at]};
        int8_t shift[2] __attribute__((aligned(2))) = {stage->shift[at], stage->shift[at]};
        int8_t made0[2], made1[2];
        pass.k = k * second;
        pass.bias = bias;
        pass.multiplier = multiplier;
        pass.shift = shift;
        pass.out0 = made0;
        pass.out1 = made1;
        pass.end = made0 + 2;
        pass.w = mm->weights + c * k + pass.fill;
        dsp_channels(&pass);
        out0[c] = made0[0];
        out1[c] = made1[0];
        if (second) {
            out0[c + 1] = made0[1];
            out1[c + 1] = made1[1];
        }
    }
    ti_clamp_row(out0, (uint32_t)(out1 - out0) + mm->out_c, stage->min, stage->max);
}

#endif
