#include "ti_depthwise.h"

#if defined(TI_RV32)

#include <stddef.h>

/* Windows of 3 x 3, the rule: channel by channel along the whole row, so that the nine weights and the output stage
 * stay in registers. Each column of three input elements is loaded once and added to all the windows that it belongs
 * to; a column in the padding is one product. */

/* What run_channels() is told. */
typedef struct {
    const int8_t *top, *middle, *bottom;  /* input rows; any where the row is outside the input */
    uint32_t outside;                     /* bits 0, 1, 2: which of them are */
    int32_t padding;
    uint32_t left, right;                 /* whether the first and the last window have a column in the padding */
    uint32_t stride2;                     /* whether the stride is 2, not 1 */
    uint32_t in_c;
    uint32_t c;                           /* the channel */
    const int8_t *weights;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    uint32_t channel_mask;
    int32_t zero_point, min, max;
    int8_t *out;
    uint32_t bytes;                       /* of the outputs of all windows but the one that `right` is about */
} channels;

/* Of the column at a0, a1, a2: what to do with each element, which is in a7 then, and the weights at its height. */
#define COLUMN(how)              \
    "lb a7, 0(a0)\n\t"           \
    how("s11", "s2", "s3", "s4") \
    "lb a7, 0(a1)\n\t"           \
    how("t2", "s5", "s6", "s7")  \
    "lb a7, 0(a2)\n\t"           \
    how("t2", "s8", "s9", "s10") \
    "add a0, a0, a4\n\t"         \
    "add a1, a1, a4\n\t"         \
    "add a2, a2, a4\n\t"

/* Begins a window's sum in t2, from s11 on. */
#define BEGIN(from, w0, w1, w2)  \
    "mul t1, a7, " w0 "\n\t"     \
    "add t2, " from ", t1\n\t"

/* Goes on with the sum in t3. */
#define GO_ON(from, w0, w1, w2)  \
    "mul t1, a7, " w1 "\n\t"     \
    "add t3, t3, t1\n\t"

/* Completes the sum in `sum`. */
#define END(sum, w2)             \
    "mul t1, a7, " w2 "\n\t"     \
    "add " sum ", " sum ", t1\n\t"

#define GO_ON_AND_BEGIN(from, w0, w1, w2) GO_ON(from, w0, w1, w2) BEGIN(from, w0, w1, w2)
#define ALL_THREE(from, w0, w1, w2) END("t4", w2) GO_ON(from, w0, w1, w2) BEGIN(from, w0, w1, w2)
#define END_AND_BEGIN(from, w0, w1, w2) END("t3", w2) BEGIN(from, w0, w1, w2)

/* A column in the padding: sum = from + padding * the weights in w0, w1, w2. */
#define PADDING(sum, from, w0, w1, w2)   \
    "lw a7, %[padding](t0)\n\t"          \
    "add t1, " w0 ", " w1 "\n\t"         \
    "add t1, t1, " w2 "\n\t"             \
    "mul t1, t1, a7\n\t"                 \
    "add " sum ", " from ", t1\n\t"

/* A row of weights outside the input: what it comes to goes into the bias. */
#define OUTSIDE(bit, w0, w1, w2)         \
    "lw t1, %[outside](t0)\n\t"          \
    "andi t1, t1, " bit "\n\t"           \
    "beqz t1, 1f\n\t"                    \
    PADDING("s11", "s11", w0, w1, w2)    \
    "li " w0 ", 0\n\t"                   \
    "li " w1 ", 0\n\t"                   \
    "li " w2 ", 0\n"                     \
    "1:\n\t"

/* The output stage, as ti_requantise_quick(), and the next output. */
#define STORE(x)                         \
    "slli a7, " x ", 2\n\t"              \
    "mulh a7, a7, t5\n\t"                \
    "srai " x ", " x ", 31\n\t"          \
    "ori " x ", " x ", 1\n\t"            \
    "add a7, a7, t6\n\t"                 \
    "add a7, a7, " x "\n\t"              \
    "sra a7, a7, ra\n\t"                 \
    "add a7, a7, a6\n\t"                 \
    "bge a7, s0, 1f\n\t"                 \
    "mv a7, s0\n"                        \
    "1:\n\t"                             \
    "bge s1, a7, 1f\n\t"                 \
    "mv a7, s1\n"                        \
    "1:\n\t"                             \
    "sb a7, 0(a3)\n\t"                   \
    "add a3, a3, a4\n\t"

/* All channels of a row, with a quick stage. t0: the struct; a0 .. a2: the next column; a3: the next output, a5: their end;
 * a4: in_c; a6, s0, s1: zero point and bounds; s2 .. s10: the weights, row by row; s11: the bias; t3: the sum of the window
 * that the next column is the middle of, t4: of the one that it is the end of; t5: multiplier; t6: 1 << n; ra: n + 1. */
static __attribute__((naked, noinline, used)) void run_channels(channels *row) {
    __asm__ volatile(
        "addi sp, sp, -64\n\t"
        "sw ra, 0(sp)\n\t"
        "sw s0, 4(sp)\n\t"
        "sw s1, 8(sp)\n\t"
        "sw s2, 12(sp)\n\t"
        "sw s3, 16(sp)\n\t"
        "sw s4, 20(sp)\n\t"
        "sw s5, 24(sp)\n\t"
        "sw s6, 28(sp)\n\t"
        "sw s7, 32(sp)\n\t"
        "sw s8, 36(sp)\n\t"
        "sw s9, 40(sp)\n\t"
        "sw s10, 44(sp)\n\t"
        "sw s11, 48(sp)\n\t"
        "mv t0, a0\n\t"
        "lw a4, %[in_c](t0)\n\t"
        "lw a6, %[zero_point](t0)\n\t"
        "lw s0, %[min](t0)\n\t"
        "lw s1, %[max](t0)\n"

        "10:\n\t"
        "lw t1, %[c](t0)\n\t"
        "lw t2, %[weights](t0)\n\t"
        "add t2, t2, t1\n\t"
        "lb s2, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s3, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s4, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s5, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s6, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s7, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s8, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s9, 0(t2)\n\t"
        "add t2, t2, a4\n\t"
        "lb s10, 0(t2)\n\t"
        "lw a0, %[top](t0)\n\t"
        "add a0, a0, t1\n\t"
        "lw a1, %[middle](t0)\n\t"
        "add a1, a1, t1\n\t"
        "lw a2, %[bottom](t0)\n\t"
        "add a2, a2, t1\n\t"
        "lw a3, %[out](t0)\n\t"
        "add a3, a3, t1\n\t"
        "lw a5, %[bytes](t0)\n\t"
        "add a5, a3, a5\n\t"
        "lw s11, %[bias](t0)\n\t"
        "slli t2, t1, 2\n\t"
        "add s11, s11, t2\n\t"
        "lw s11, 0(s11)\n\t"
        "lw t2, %[channel_mask](t0)\n\t"
        "and t1, t1, t2\n\t"
        "lw t2, %[shift](t0)\n\t"
        "add t2, t2, t1\n\t"
        "lb ra, 0(t2)\n\t"
        "slli t1, t1, 2\n\t"
        "lw t2, %[multiplier](t0)\n\t"
        "add t2, t2, t1\n\t"
        "lw t5, 0(t2)\n\t"
        "neg ra, ra\n\t"
        "li t6, 1\n\t"
        "sll t6, t6, ra\n\t"
        "addi ra, ra, 1\n\t"
        "lw t1, %[outside](t0)\n\t"
        "bnez t1, 60f\n"

        "11:\n\t"
        "lw t1, %[left](t0)\n\t"
        "beqz t1, 12f\n\t"
        PADDING("t3", "s11", "s2", "s5", "s8")
        "j 13f\n"
        "12:\n\t"
        COLUMN(BEGIN)
        "mv t3, t2\n"
        "13:\n\t"
        "lw t1, %[stride2](t0)\n\t"
        "bnez t1, 40f\n\t"

        COLUMN(GO_ON_AND_BEGIN)
        "mv t4, t3\n\t"
        "mv t3, t2\n\t"
        "beq a3, a5, 21f\n"
        "20:\n\t"
        COLUMN(ALL_THREE)
        STORE("t4")
        "mv t4, t3\n\t"
        "mv t3, t2\n\t"
        "bne a3, a5, 20b\n"
        "21:\n\t"
        "lw t1, %[right](t0)\n\t"
        "beqz t1, 31f\n"
        "30:\n\t"
        PADDING("t4", "t4", "s4", "s7", "s10")
        STORE("t4")
        "31:\n\t"
        "lw t1, %[c](t0)\n\t"
        "addi t1, t1, 1\n\t"
        "sw t1, %[c](t0)\n\t"
        "bltu t1, a4, 10b\n\t"
        "lw ra, 0(sp)\n\t"
        "lw s0, 4(sp)\n\t"
        "lw s1, 8(sp)\n\t"
        "lw s2, 12(sp)\n\t"
        "lw s3, 16(sp)\n\t"
        "lw s4, 20(sp)\n\t"
        "lw s5, 24(sp)\n\t"
        "lw s6, 28(sp)\n\t"
        "lw s7, 32(sp)\n\t"
        "lw s8, 36(sp)\n\t"
        "lw s9, 40(sp)\n\t"
        "lw s10, 44(sp)\n\t"
        "lw s11, 48(sp)\n\t"
        "addi sp, sp, 64\n\t"
        "ret\n"

        "40:\n\t"
        "beq a3, a5, 42f\n"
        "41:\n\t"
        COLUMN(GO_ON)
        COLUMN(END_AND_BEGIN)
        STORE("t3")
        "mv t3, t2\n\t"
        "bne a3, a5, 41b\n"
        "42:\n\t"
        "lw t1, %[right](t0)\n\t"
        "beqz t1, 31b\n\t"
        COLUMN(GO_ON)
        "mv t4, t3\n\t"
        "j 30b\n"

        "60:\n\t"
        OUTSIDE("1", "s2", "s3", "s4")
        OUTSIDE("2", "s5", "s6", "s7")
        OUTSIDE("4", "s8", "s9", "s10")
        "j 11b\n"
        :
        : [top] "i"(offsetof(channels, top)), [middle] "i"(offsetof(channels, middle)),
          [bottom] "i"(offsetof(channels, bottom)), [outside] "i"(offsetof(channels, outside)),
          [padding] "i"(offsetof(channels, padding)), [left] "i"(offsetof(channels, left)),
          [right] "i"(offsetof(channels, right)), [stride2] "i"(offsetof(channels, stride2)),
          [in_c] "i"(offsetof(channels, in_c)), [c] "i"(offsetof(channels, c)),
          [weights] "i"(offsetof(channels, weights)), [bias] "i"(offsetof(channels, bias)),
          [multiplier] "i"(offsetof(channels, multiplier)), [shift] "i"(offsetof(channels, shift)),
          [channel_mask] "i"(offsetof(channels, channel_mask)), [zero_point] "i"(offsetof(channels, zero_point)),
          [min] "i"(offsetof(channels, min)), [max] "i"(offsetof(channels, max)), [out] "i"(offsetof(channels, out)),
          [bytes] "i"(offsetof(channels, bytes)));
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    const uint32_t first = d->open.taps.first, past = d->open.taps.past, left = w->pad_left, columns = w->in_w;
    /* Where the last window ends, counted from the padding's start on, and the input. */
    const uint32_t last = (w->out_w - 1u) * w->stride_w + 3, end = left + columns;
    const uint32_t right = last > end;
    if (w->k_h != 3 || w->k_w != 3 || w->dilation_w != 1 || w->stride_w > 2 || left > 1 || last > end + 1
        || w->in_c != w->out_c || first == past || !d->stage.quick) {
        ti_depthwise_any(d, 0, w->out_w, out);
        return;
    }
    const int8_t *from[3];
    ti_rows next = d->open.rows;
    for (uint32_t ky = 0; ky < 3; ky++) {
        from[ky] = next.base + next.at;
        if (ky >= first && ky + 1 < past) {
            ti_rows_next(&next);
        }
    }
    channels row;
    row.top = from[0];
    row.middle = from[1];
    row.bottom = from[2];
    row.outside = 7u >> (3 - first) | (7u << past & 7u);
    row.padding = d->padding;
    row.left = left;
    row.right = right;
    row.stride2 = w->stride_w == 2;
    row.in_c = w->in_c;
    row.c = 0;
    row.weights = d->weights;
    row.bias = d->stage.bias;
    row.multiplier = d->stage.multiplier;
    row.shift = d->stage.shift;
    row.channel_mask = d->stage.channel_mask;
    row.zero_point = d->stage.zero_point;
    row.min = d->stage.min;
    row.max = d->stage.max;
    row.out = out;
    row.bytes = (w->out_w - right) * w->in_c;
    run_channels(&row);
}

#endif
