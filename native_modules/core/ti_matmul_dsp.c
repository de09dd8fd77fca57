#include "ti_matmul.h"

#if defined(TI_DSP)

#include "ti_dsp.h"

/* Four rows of weights at a time. Four elements of the vector become two registers of int16 once, and four weights of
 * each row likewise: 23 instructions for 16 products. */

#define GROUP 4        /* elements */
#define UNROLLED 4     /* groups */
#define GROUP_CODE 92  /* bytes of code that a group takes in dsp_rows() */
#define SKIP_NONE 2
#define SPARSE ((uint32_t)-2)

/* What dsp_rows() copies to its stack, in this order. */
typedef struct {
    const int8_t *x, *w;
    uint32_t k, k3;             /* k3: 3 * k */
    const int8_t *x_end;        /* of whole groups */
    uint32_t skip;              /* bytes of code: in the first of the passes through UNROLLED groups, or SPARSE */
    const int32_t *bias;
    uint32_t left;              /* elements after x_end */
    const int32_t *multiplier;
    const int8_t *shift;
    int32_t rounding;           /* of a shift by 1: half an output step, and the zero point (ti_dsp.h) */
    int8_t *out;
    uint32_t multiplier_step;   /* bytes from four channels to the next */
    uint32_t shift_step;
    const int8_t *out_end;
} state;

/* Channels four by four, of a quick stage, requantised as ti_dsp.h says, clamped to int8. Where they are sparse (ti_sparse.c, blocks of
 * four), w is where their data begin, and r9 to r11 are then a window's weights, their number n a channel and 3 * n, lr its taps'
 * positions, of which all up to r12 are taken by fours. Returns w after the last channel. */
__attribute__((naked, noinline, used)) static const int8_t *dsp_rows(const state *s) {
    __asm__(
        ".macro row sum\n"
        "sxtb16 r7, r6\n"
        "smlad  \\sum, r4, r7, \\sum\n"
        "sxtb16 r6, r6, ror #8\n"
        "smlad  \\sum, r5, r6, \\sum\n"
        ".endm\n"
        ".macro output sum, multiplier\n"
        "lsl    lr, r6, r12\n"                    /* a shift looks at the lowest byte only */
        "add    lr, lr, \\sum, asr #31\n"
        "lsls   \\sum, \\sum, #1\n"
        "smmlar lr, \\sum, \\multiplier, lr\n"
        "asr    lr, r12\n"
        "ssat   lr, #8, lr, asr #1\n"
        "strb   lr, [r7], #1\n"
        ".endm\n"
        ".macro rows\n"
        "ldr.w  r6, [r9, r10]\n"
        "row    r1\n"
        "ldr.w  r6, [r9, r10, lsl #1]\n"
        "row    r2\n"
        "ldr.w  r6, [r9, r11]\n"
        "row    r3\n"
        "ldr.w  r6, [r9], #4\n"
        "row    r0\n"
        ".endm\n"
        ".macro four\n"
        "ldrb   r4, [lr], #1\n"
        "ldrb   r5, [lr], #1\n"
        "ldrb   r6, [lr], #1\n"
        "ldrb   r7, [lr], #1\n"
        "ldrsb  r4, [r8, r4]\n"
        "ldrsb  r5, [r8, r5]\n"
        "ldrsb  r6, [r8, r6]\n"
        "ldrsb  r7, [r8, r7]\n"
        "pkhbt  r4, r4, r6, lsl #16\n"
        "pkhbt  r5, r5, r7, lsl #16\n"
        "rows\n"
        ".endm\n"
        ".macro one\n"
        "ldrsb  r5, [r9, r10]\n"
        "smlabb r1, r4, r5, r1\n"
        "ldrsb  r5, [r9, r10, lsl #1]\n"
        "smlabb r2, r4, r5, r2\n"
        "ldrsb  r5, [r9, r11]\n"
        "smlabb r3, r4, r5, r3\n"
        "ldrsb  r5, [r9], #1\n"
        "smlabb r0, r4, r5, r0\n"
        ".endm\n"
        "push   {r4-r11, lr}\n"
        "add    r12, r0, #32\n"
        "ldm    r12, {r1-r7}\n"
        "push   {r1-r7}\n"
        "ldm    r0, {r1-r8}\n"
        "push   {r1-r8}\n"
        "1:\n"
        "ldm    sp, {r8-r12, lr}\n"               /* x, w, k, k3, x_end, skip */
        "ldr    r4, [sp, #24]\n"                  /* bias */
        "ldm    r4!, {r0-r3}\n"
        "str    r4, [sp, #24]\n"
        "add    pc, lr\n"                         /* pc is four bytes ahead */
        "b.w    20f\n"
        "2:\n"
        ".rept  4\n"
        "ldr.w  r5, [r8], #4\n"
        "sxtb16 r4, r5\n"
        "sxtb16 r5, r5, ror #8\n"
        "rows\n"
        ".endr\n"
        "cmp    r8, r12\n"
        "bne    2b\n"
        "ldr    lr, [sp, #28]\n"                  /* left */
        "b      4f\n"
        "3:\n"
        "ldrsb  r4, [r8], #1\n"
        "one\n"
        "4:\n"
        "subs   lr, #1\n"
        "bhs    3b\n"
        "add    r9, r11\n"
        "5:\n"
        "str    r9, [sp, #4]\n"

        "add    r4, sp, #32\n"
        "ldm    r4, {r4-r7, r12, lr}\n"           /* multiplier, shift, rounding, out and steps */
        "ldm    r4, {r8-r11}\n"
        "add    r4, r12\n"
        "ldr    r12, [r5]\n"
        "add    r5, lr\n"
        "strd   r4, r5, [sp, #32]\n"
        "mvn    r12, r12\n"
        "output r0, r8\n"
        "lsr    r12, #8\n"
        "output r1, r9\n"
        "lsr    r12, #8\n"
        "output r2, r10\n"
        "lsr    r12, #8\n"
        "output r3, r11\n"
        "str    r7, [sp, #44]\n"
        "ldr    r4, [sp, #56]\n"                  /* out_end */
        "cmp    r7, r4\n"
        "bne    1b\n"
        "ldr    r0, [sp, #4]\n"
        "add    sp, #60\n"
        "pop    {r4-r11, pc}\n"

        "20:\n"
        "mov    r12, r10\n"                      /* k */
        "21:\n"
        "str    r12, [sp, #28]\n"                /* taps from this window on */
        "ldrb   r10, [r9], #1\n"
        "mov    lr, r9\n"
        "add    r11, r10, r10, lsl #1\n"
        "add    r9, r10\n"
        "bic    r12, r10, #3\n"
        "add    r12, lr\n"
        "tst    r10, #4\n"
        "bne    23f\n"
        "cmp    lr, r12\n"
        "beq    25f\n"
        "22:\n"
        "four\n"
        "23:\n"
        "four\n"
        "cmp    lr, r12\n"
        "bne    22b\n"
        "b      25f\n"
        "24:\n"
        "ldrb   r4, [lr], #1\n"
        "ldrsb  r4, [r8, r4]\n"
        "one\n"
        "25:\n"
        "sub    r4, lr, r12\n"
        "and    r5, r10, #3\n"
        "cmp    r4, r5\n"
        "bne    24b\n"
        "add    r9, r11\n"
        "add    r8, #255\n"
        "ldr    r12, [sp, #28]\n"
        "subs   r12, #255\n"
        "bhi    21b\n"
        "b      5b\n"
        ".purgem one\n"
        ".purgem four\n"
        ".purgem rows\n"
        ".purgem row\n"
        ".purgem output\n");
}

/* The channels from `first` on up to `past`, some whole fours. Returns w after them. */
static const int8_t *run_rows(const ti_matmul *mm, state *s, uint32_t first, uint32_t past, int8_t *out) {
    const ti_stage *stage = &mm->stage;
    int32_t multiplier[TI_DSP_ROWS];
    int8_t shift[TI_DSP_ROWS];
    for (uint32_t j = 0; j < TI_DSP_ROWS; j++) {
        multiplier[j] = stage->multiplier[0];
        shift[j] = stage->shift[0];
    }
    s->rounding = 2 * stage->zero_point + 1;
    s->multiplier_step = sizeof multiplier & stage->channel_mask;
    s->shift_step = sizeof shift & stage->channel_mask;
    s->bias = stage->bias + first;
    s->multiplier = stage->channel_mask ? stage->multiplier + first : multiplier;
    s->shift = stage->channel_mask ? stage->shift + first : shift;
    s->out = out + first;
    s->out_end = out + past;
    return dsp_rows(s);
}

static void run_one(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const uint32_t k = mm->k, groups = k / GROUP, out_c = mm->out_c;
    state s;
    s.x = x;
    s.k = k;
    s.k3 = 3 * k;
    s.x_end = x + groups * GROUP;
    s.skip = SKIP_NONE + (0 - groups) % UNROLLED * GROUP_CODE;
    s.left = k % GROUP;
    for (uint32_t c = 0, past = out_c - out_c % TI_DSP_ROWS;; c = out_c - TI_DSP_ROWS, past = out_c) {
        s.w = mm->weights + c * k;
        run_rows(mm, &s, c, past, out);
        if (past == out_c) {
            break;
        }
    }
    ti_clamp_row(out, out_c, mm->stage.min, mm->stage.max);
}

const uint8_t *ti_sparse_run_dsp(const ti_matmul *mm, const int8_t *x, int8_t *out) {
    const uint32_t past = mm->out_c - mm->out_c % TI_DSP_ROWS;
    state s;
    s.x = x;
    s.w = (const int8_t *)mm->sparse;
    s.k = mm->k;
    s.skip = SPARSE;
    const int8_t *at = run_rows(mm, &s, 0, past, out);
    ti_clamp_row(out, past, mm->stage.min, mm->stage.max);
    return (const uint8_t *)at;
}

void ti_matmul_run_dsp(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out) {
    for (; vectors; vectors--, x += mm->k, out += mm->out_c) {
        run_one(mm, x, out);
    }
}

#endif
