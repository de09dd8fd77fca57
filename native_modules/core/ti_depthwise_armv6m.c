#include "ti_depthwise.h"

#if defined(TI_ARMV6M)

#include "ti_stage_armv6m.h"

/* Windows of 3x3, stride 1 or 2, a row of one channel after the other: two output pixels at a time share the weights and,
 * where the stride is 1, the columns between them. Input and weights have the same distance from one column to the next,
 * the channels, so that one index serves both; it runs on from row to row. */

typedef struct {
    const int8_t *x;         /* a pair's first column in the first row inside, less that row's index */
    const int8_t *w;
    uint32_t first;          /* the index to start a pair with */
    uint32_t step;           /* from one output pixel's columns to the next one's */
    uint32_t bias;
    uint32_t low, high;      /* the multiplier's halves */
    uint32_t round, shift;   /* what is added to the high word of a sum from 0 on; the bits that is then shifted by */
    int8_t *out;             /* the next pixel */
    const int8_t *past;      /* x of the pair after the last */
    uint32_t next[2];        /* from the first, the second row inside to the next, less 3 columns; equal if there are two */
    uint32_t rows;           /* inside the input, 2 or 3 */
    uint32_t single;         /* the index to start one pixel with */
    int32_t outside;         /* the index of the row outside, -1 if there is none */
    int32_t padding;
    const int8_t *x_left, *x_pairs, *x_odd, *x_right;  /* of channel 0; NULL: there are no such pixels */
    uint32_t pairs_bytes;
    const int8_t *weights;
    int8_t *row;
    int32_t zero_point, max, floor, min;
    uint32_t distance;       /* of two columns: the channels */
    ti_channels channels;
} frame;

/* In the loops r0 is x, r1 the weights, r2 the index, r3 and r4 an element and a weight, r6 and r7 two pixels' sums. */
#define X "ldrsb r3, [r0, r2]\n\t"
#define W "ldrsb r4, [r1, r2]\n\t"
#define ON "adds r2, r5\n\t"
#define BACK "add r2, r12\n\t"
#define LAST_OF_X(sum) "muls r3, r4\n\t" "adds " sum ", r3\n\t"
#define LAST_OF_W(sum) "muls r4, r3\n\t" "adds " sum ", r4\n\t"

/* A row of the kernel, columns 0 to 3, which are 0 to 2 of one pixel and 1 to 3 of the other. The index ends on the next
 * row. */
#define ROW_BY_1                            \
    X W LAST_OF_X("r6") ON                  \
    X LAST_OF_W("r7") W LAST_OF_X("r6") ON  \
    X LAST_OF_W("r7") W LAST_OF_X("r6") ON  \
    X LAST_OF_W("r7")

/* The same for stride 2: columns 1, 3, 0, 2, 4. */
#define ROW_BY_2                            \
    X W LAST_OF_X("r6") ON                  \
    X LAST_OF_W("r7") BACK                  \
    X W LAST_OF_X("r6") ON                  \
    X LAST_OF_W("r7") W LAST_OF_X("r6") ON  \
    X LAST_OF_W("r7")

/* A row for one pixel. Weights that meet padding are only added up, in r7. */
#define PADDED W "adds r7, r4\n\t" ON
#define TAP X W LAST_OF_X("r6") ON

/* One pixel, if x at `field` is not NULL. */
#define SINGLE(field, row, label_two, label_none) \
    "ldr r3, [sp]\n\t"                            \
    "ldr r0, [r3, %[" field "]]\n\t"              \
    "cmp r0, #0\n\t"                              \
    "beq " label_none "f\n\t"                     \
    "bl 80f\n\t"                                  \
    "beq " label_two "f\n\t"                      \
    row "add r0, r9\n"                            \
    label_two ":\n\t"                             \
    row "add r0, r10\n\t" row                     \
    "bl 85f\n"                                    \
    label_none ":\n\t"

/* All channels of a row. */
static __attribute__((noinline)) void run(frame *f) {
    register frame *at __asm__("r0") = f;
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r0}\n\t"
        "ldr r1, [r0, %[distance]]\n\t"
        "mov r8, r1\n\t"
        "ldr r2, [r0, %[next]]\n\t"
        "mov r9, r2\n\t"
        "ldr r2, [r0, %[next] + 4]\n\t"
        "mov r10, r2\n\t"
        "lsls r2, r1, #1\n\t"
        "adds r2, r1\n\t"
        "rsbs r2, r2, #0\n\t"
        "mov r12, r2\n\t"  /* three columns back */
        "ldr r4, [r0, %[rows]]\n\t"  /* r11: where a pair begins */
        "ldr r3, [r0, %[step]]\n\t"
        "cmp r1, r3\n\t"
        "bne 1f\n\t"
        "movs r2, #(11f - 4f - 4)\n\t"
        "cmp r4, #3\n\t"
        "beq 4f\n\t"
        "adds r2, #(12f - 11f)\n\t"
        "b 4f\n"
        "1:\n\t"
        "movs r2, #(21f - 4f - 4)\n\t"
        "cmp r4, #3\n\t"
        "beq 4f\n\t"
        "adds r2, #(22f - 21f)\n"
        "4:\n\t"
        "add r2, pc\n\t"
        "mov r11, r2\n\t"
        "b 50f\n"

        "10:\n\t"  /* a pair */
        "ldr r7, [sp]\n\t"
        "ldmia r7!, {r0, r1, r2, r5, r6}\n\t"
        "mov r7, r6\n\t"
        "mov pc, r11\n"
        "11:\n\t" ROW_BY_1 "add r0, r9\n"
        "12:\n\t" ROW_BY_1 "add r0, r10\n\t" ROW_BY_1
        "b 30f\n"
        "21:\n\t" ROW_BY_2 "add r0, r9\n"
        "22:\n\t" ROW_BY_2 "add r0, r10\n\t" ROW_BY_2
        "30:\n\t"
        "ldr r3, [sp]\n\t"
        "adds r3, %[low]\n\t"
        "ldmia r3, {r2, r3, r4, r5}\n\t"
        "bl 90f\n\t"
        "mov r6, r7\n\t"
        "bl 90f\n\t"
        "ldr r1, [r0]\n\t"
        "ldr r2, [r0, %[step]]\n\t"
        "lsls r2, #1\n\t"
        "adds r1, r2\n\t"
        "str r1, [r0]\n\t"
        "ldr r2, [r0, %[past]]\n\t"
        "cmp r1, r2\n\t"
        "beq 40f\n\t"
        "b 10b\n"

        "40:\n\t"
        SINGLE("x_odd", TAP TAP TAP, "41", "42")
        SINGLE("x_right", TAP TAP PADDED, "43", "44")
        "ldr r0, [sp]\n\t"  /* the next channel */
        "ldr r3, [r0, %[channels]]\n\t"
        "adds r3, #1\n\t"
        "str r3, [r0, %[channels]]\n\t"
        "cmp r3, r8\n\t"
        "bne 50f\n\t"
        "b 99f\n"

        "50:\n\t"
        "mov r1, r0\n\t"
        "adds r1, %[channels]\n\t"
        "ldmia r1!, {r3, r4, r5, r6, r7}\n\t"
        "lsls r1, r3, #2\n\t"
        "ldr r4, [r4, r1]\n\t"
        "ands r7, r3\n\t"
        "ldrsb r1, [r6, r7]\n\t"
        "lsls r7, #2\n\t"
        "adds r7, r5\n\t"
        "ldrh r5, [r7]\n\t"
        "ldrh r6, [r7, #2]\n\t"
        "rsbs r1, r1, #0\n\t"
        "movs r7, #1\n\t"
        "lsls r7, r1\n\t"
        "adds r7, #1\n\t"
        "adds r1, #1\n\t"
        "str r1, [r0, %[shift]]\n\t"
        "ldr r1, [r0, %[row]]\n\t"
        "adds r1, r3\n\t"
        "str r1, [r0, %[out]]\n\t"
        "ldr r1, [r0, %[weights]]\n\t"
        "adds r1, r3\n\t"
        "str r1, [r0, %[w]]\n\t"
        "adds r0, %[bias]\n\t"
        "stmia r0!, {r4, r5, r6, r7}\n\t"
        "ldr r0, [sp]\n\t"
        "ldr r2, [r0, %[outside]]\n\t"
        "cmp r2, #0\n\t"
        "blt 51f\n\t"
        "ldrsb r3, [r1, r2]\n\t"  /* the bias has that row's share, too */
        "add r2, r8\n\t"
        "ldrsb r5, [r1, r2]\n\t"
        "adds r3, r5\n\t"
        "add r2, r8\n\t"
        "ldrsb r5, [r1, r2]\n\t"
        "adds r3, r5\n\t"
        "ldr r5, [r0, %[padding]]\n\t"
        "muls r3, r5\n\t"
        "adds r4, r3\n\t"
        "str r4, [r0, %[bias]]\n"
        "51:\n\t"
        SINGLE("x_left", PADDED TAP TAP, "52", "53")
        "ldr r3, [sp]\n\t"
        "ldr r0, [r3, %[x_pairs]]\n\t"
        "cmp r0, #0\n\t"
        "beq 55f\n\t"
        "ldr r7, [r3, %[channels]]\n\t"
        "adds r0, r7\n\t"
        "str r0, [r3]\n\t"
        "ldr r1, [r3, %[pairs_bytes]]\n\t"
        "adds r0, r1\n\t"
        "str r0, [r3, %[past]]\n\t"
        "b 10b\n"
        "55:\n\t"
        "b 40b\n"

        "80:\n\t"  /* before a single pixel: flags say whether 2 rows are inside */
        "ldr r7, [r3, %[channels]]\n\t"
        "adds r0, r7\n\t"
        "ldr r1, [r3, %[w]]\n\t"
        "ldr r2, [r3, %[single]]\n\t"
        "ldr r6, [r3, %[bias]]\n\t"
        "mov r5, r8\n\t"
        "movs r7, #0\n\t"
        "ldr r4, [r3, %[rows]]\n\t"
        "cmp r4, #2\n\t"
        "bx lr\n"

        "85:\n\t"  /* after it */
        "ldr r3, [sp]\n\t"
        "ldr r4, [r3, %[padding]]\n\t"
        "muls r7, r4\n\t"
        "adds r6, r7\n\t"
        "adds r3, %[low]\n\t"
        "ldmia r3, {r2, r3, r4, r5}\n"

        "90:\n\t"  /* the output stage of r6, to f->out */
        "lsls r6, #2\n\t"
        "bmi 93f\n\t"
        TI_SCALE_UP("r6", "r2", "r3", "r4", "r5", "r0", "r1")
        "ldr r0, [sp]\n\t"
        "ldr r1, [r0, %[zero_point]]\n\t"
        "adds r6, r1\n\t"
        "ldr r1, [r0, %[max]]\n\t"
        "cmp r6, r1\n\t"
        "ble 92f\n"
        "91:\n\t"
        "mov r6, r1\n"
        "92:\n\t"
        "ldr r1, [r0, %[out]]\n\t"
        "strb r6, [r1]\n\t"
        "add r1, r8\n\t"
        "str r1, [r0, %[out]]\n\t"
        "bx lr\n"
        "93:\n\t"
        "ldr r0, [sp]\n\t"
        "ldr r1, [r0, %[floor]]\n\t"
        "cmp r1, #128\n\t"
        "bne 91b\n\t"
        TI_SCALE_DOWN("r6", "r2", "r3", "r4", "r5", "r0", "r1")
        "ldr r0, [sp]\n\t"
        "ldr r1, [r0, %[zero_point]]\n\t"
        "adds r6, r1\n\t"
        "ldr r1, [r0, %[min]]\n\t"
        "cmp r6, r1\n\t"
        "bge 92b\n\t"
        "b 91b\n"

        "99:\n\t"
        "add sp, #4\n\t"
        : "+r"(at)
        : [w] "n"(offsetof(frame, w)), [step] "n"(offsetof(frame, step)), [bias] "n"(offsetof(frame, bias)),
          [low] "n"(offsetof(frame, low)), [shift] "n"(offsetof(frame, shift)), [out] "n"(offsetof(frame, out)),
          [past] "n"(offsetof(frame, past)), [next] "n"(offsetof(frame, next)), [rows] "n"(offsetof(frame, rows)),
          [single] "n"(offsetof(frame, single)), [outside] "n"(offsetof(frame, outside)),
          [padding] "n"(offsetof(frame, padding)), [x_left] "n"(offsetof(frame, x_left)),
          [x_pairs] "n"(offsetof(frame, x_pairs)), [x_odd] "n"(offsetof(frame, x_odd)),
          [x_right] "n"(offsetof(frame, x_right)), [pairs_bytes] "n"(offsetof(frame, pairs_bytes)),
          [weights] "n"(offsetof(frame, weights)), [row] "n"(offsetof(frame, row)),
          [channels] "n"(offsetof(frame, channels)), [distance] "n"(offsetof(frame, distance)),
          [zero_point] "n"(offsetof(frame, zero_point)), [max] "n"(offsetof(frame, max)),
          [floor] "n"(offsetof(frame, floor)), [min] "n"(offsetof(frame, min))
        : "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    const uint32_t channels = w->out_c, stride = w->stride_w, pad = w->pad_left, in_w = w->in_w, out_w = w->out_w;
    const uint32_t skipped = d->open.taps.first, step = stride * channels;
    ti_rows rows = d->open.rows;
    frame f;
    f.rows = d->open.taps.past - skipped;
    /* Pixels pad .. past - 1 have all their columns inside, one before them and one after them all but one. */
    uint32_t past = stride == 1 ? in_w + pad - 2 : (in_w + pad - 1) / 2;
    past = past < out_w ? past : out_w;
    if (w->k_h != 3 || w->k_w != 3 || w->dilation_w != 1 || stride > 2 || w->in_c != channels || pad > 1 || in_w < 2
        || in_w + pad < 3 || f.rows < 2 || past + 1 < out_w || (past < out_w && past * stride + 2 != in_w + pad) || !ti_stage_is_quick(&d->stage)) {
        ti_depthwise_any(d, 0, out_w, out);
        return;
    }
    f.single = 3 * channels * skipped;
    f.first = stride == 1 ? f.single : f.single + channels;
    f.step = step;
    f.outside = f.rows == 3 ? -1 : skipped ? 0 : (int32_t)(6 * channels);
    f.padding = d->padding;
    const int8_t *x = rows.base + rows.at - f.single + pad * (step - channels);  /* of the first pixel with all columns */
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t at = rows.at;
        ti_rows_next(&rows);
        f.next[i] = rows.at - at - 3 * channels;
        if (f.rows == 2) {
            f.next[1] = f.next[0];
            break;
        }
    }
    uint32_t full = past - pad;
    f.x_left = pad ? x - step : 0;
    f.x_pairs = full >= 2 ? x : 0;
    f.pairs_bytes = (full & ~1u) * step;
    f.x_odd = full & 1 ? x + f.pairs_bytes : 0;
    f.x_right = past < out_w ? x + full * step : 0;
    f.weights = d->weights;
    f.row = out;
    f.zero_point = d->stage.zero_point;
    f.max = d->stage.max;
    f.floor = ti_stage_floor(&d->stage);
    f.min = d->stage.min;
    f.distance = channels;
    f.channels = ti_channels_open(&d->stage);
    run(&f);
}

#endif
