#include "ti_depthwise.h"

#if defined(TI_ARMV6M)

#include "ti_stage_armv6m.h"

/* A row of one channel after the other, in assembly. Two ways:
 *
 * Windows of 3x3, stride 1 or 2: STRIP output pixels at a time, whose sums are in r8 to r12 and lr. A row of the kernel is in r5 to
 * r7 while r0 goes over the columns, each of which is loaded once. Where fewer pixels are left, which are a row's first, the code for
 * the columns is entered later.
 *
 * Any other window of as many output channels as input ones: one pixel at a time, by runs of taps. */

#define STRIP 6
#define RUNS 12

/* Taps at equal distances: of a 3x3 window a row of the kernel, whatever `taps` is, else so many taps, or where that is below 0 -taps
 * weights that meet padding. taps is 0 after the last one. */
typedef struct {
    const int8_t *x, *w;  /* of channel 0 */
    int32_t taps;
} run;

/* Where a strip is. */
typedef struct {
    uint32_t at, next;  /* bytes from the row's begin to the first column inside the input, of this strip and of the next one */
    uint32_t entry;     /* bytes from the code of column 0 to where to begin */
    uint32_t first;     /* bytes from the sums to the first one that is a pixel's */
    int32_t right;      /* what the column after the last one holds: padding, or INSIDE */
    int32_t left;       /* strips after it */
} strip;

#define INSIDE 128  /* no int8 */

typedef struct {
    ti_channels channels;
    uint32_t low, high, round, shift;  /* of TI_SCALE(); set by the assembly */
    int32_t zero_point, max;           /* these six as in ti_products */
    int8_t *out;                       /* the next pixel */
    uint32_t distance;                 /* of two columns: the channels */
    int32_t floor, min;
    const run *runs;
    uint32_t run_step;                 /* from one tap of a run to the next, 0: the window is 3x3 */
    int32_t padding, right;            /* of the last strip */
    uint32_t step;                     /* from one strip to the next */
    uint32_t full;                     /* entry of all strips but the first */
    const int8_t *outside;             /* the kernel's row that is outside the input, NULL: there is none */
    int8_t *row;
    strip begin, now;
} frame;

/* What the assembly puts in front of it: the sums, the next run, the bias. */
#define OWN_BYTES (4 * STRIP + 8)

/* The next column, its products with one or two sums, and with the last of its sums. */
#define X "ldrsb r3, [r0, r2]\n\t" "adds r0, r1\n\t"
#define ADD(w, sum) "mov r4, r3\n\t" "muls r4, " w "\n\t" "add " sum ", r4\n\t"
#define LAST(w, sum) "muls r3, " w "\n\t" "add " sum ", r3\n\t"
#define OF_THREE(s0, s1, s2) X ADD("r7", s0) ADD("r6", s1) LAST("r5", s2)
#define OF_TWO(s0, s1) LAST("r6", s0) X ADD("r7", s0) LAST("r5", s1)

/* Bytes of code from column 0 to the first column of pixel n of a strip; and from the last product of that column to the first
 * column of the next pixel. */
#define ENTRY_BY_1(n) ((n) < 2 ? 8 * (n) : 20 * (n) - 18)
#define ENTRY_BY_2(n) (118 + ((n) ? 22 * (n) - 6 : 0))
#define LAST_BY_1 4
#define LAST_BY_2 12

#define FIELD(name) [name] "i"(OWN_BYTES + offsetof(frame, name))
#define NOW(name) [name] "i"(OWN_BYTES + offsetof(frame, now.name))

/* All channels of a row, or of one pixel. The frame is copied to where sp can reach it. */
static __attribute__((naked, noinline, used)) void make(const frame *f) {
    __asm__ volatile(
        ".syntax unified\n\t"
        "push {r4, r5, r6, r7, lr}\n\t"
        "mov r4, r8\n\t"
        "mov r5, r9\n\t"
        "mov r6, r10\n\t"
        "mov r7, r11\n\t"
        "push {r4, r5, r6, r7}\n\t"
        "sub sp, %[bytes]\n\t"
        "add r1, sp, %[channels]\n\t"
        "add r4, sp, %[now]\n"
        "1:\n\t"
        "ldmia r0!, {r2, r3}\n\t"
        "stmia r1!, {r2, r3}\n\t"
        "cmp r1, r4\n\t"
        "blo 1b\n"

        "50:\n\t"  /* a channel */
        "add r0, sp, %[channels]\n\t"
        "ldmia r0!, {r3, r4, r5, r6, r7}\n\t"
        "lsls r1, r3, #2\n\t"
        "ldr r2, [r4, r1]\n\t"
        TI_CHANNEL_SCALE("r1", "r4", "r5", "r6", "r7")
        "stmia r0!, {r4, r5, r6, r7}\n\t"
        "ldr r0, [sp, %[row]]\n\t"
        "adds r0, r3\n\t"
        "str r0, [sp, %[out]]\n\t"
        "ldr r1, [sp, %[outside]]\n\t"
        "cmp r1, #0\n\t"
        "beq 51f\n\t"
        "ldr r4, [sp, %[distance]]\n\t"  /* the bias has that row's share, too */
        "ldrsb r5, [r1, r3]\n\t"
        "adds r1, r4\n\t"
        "ldrsb r6, [r1, r3]\n\t"
        "adds r5, r6\n\t"
        "adds r1, r4\n\t"
        "ldrsb r6, [r1, r3]\n\t"
        "adds r5, r6\n\t"
        "ldr r4, [sp, %[padding]]\n\t"
        "muls r5, r4\n\t"
        "adds r2, r5\n"
        "51:\n\t"
        "str r2, [sp, %[bias]]\n\t"
        "add r0, sp, %[begin]\n\t"
        "ldmia r0!, {r1, r2, r3, r4, r5, r6}\n\t"
        "stmia r0!, {r1, r2, r3, r4, r5, r6}\n"

        "60:\n\t"  /* a strip */
        "ldr r4, [sp, %[runs]]\n\t"
        "str r4, [sp, %[run]]\n\t"
        "ldr r6, [sp, %[bias]]\n\t"
        "ldr r1, [sp, %[distance]]\n\t"
        "ldr r2, [sp, %[channels]]\n\t"
        "ldr r0, [sp, %[run_step]]\n\t"
        "cmp r0, #0\n\t"
        "beq 65f\n\t"
        /* One pixel: r6 is its sum, r8 that of the weights that meet padding. */
        "mov r9, r0\n\t"
        "movs r0, #0\n\t"
        "mov r8, r0\n"
        "66:\n\t"  /* a run */
        "ldr r4, [sp, %[run]]\n\t"
        "ldmia r4!, {r0, r3, r5}\n\t"
        "str r4, [sp, %[run]]\n\t"
        "cmp r5, #0\n\t"
        "beq 69f\n\t"
        "bmi 68f\n"
        "67:\n\t"
        "ldrsb r4, [r0, r2]\n\t"
        "ldrsb r7, [r3, r2]\n\t"
        "muls r4, r7\n\t"
        "adds r6, r4\n\t"
        "add r0, r9\n\t"
        "adds r3, r1\n\t"
        "subs r5, #1\n\t"
        "bne 67b\n\t"
        "b 66b\n"
        "68:\n\t"
        "ldrsb r4, [r3, r2]\n\t"
        "add r8, r4\n\t"
        "adds r3, r1\n\t"
        "adds r5, #1\n\t"
        "bne 68b\n\t"
        "b 66b\n"
        "69:\n\t"
        "ldr r4, [sp, %[padding]]\n\t"
        "mov r7, r8\n\t"
        "muls r4, r7\n\t"
        "adds r6, r4\n\t"
        "mov r0, sp\n\t"
        "adds r0, #20\n\t"
        "stmia r0!, {r6}\n\t"
        "b 78f\n"
        "65:\n\t"

        "mov r8, r6\n\t"
        "mov r9, r6\n\t"
        "mov r10, r6\n\t"
        "mov r11, r6\n\t"
        "mov r12, r6\n\t"
        "mov lr, r6\n"
        "61:\n\t"  /* a row of the kernel */
        "ldr r4, [sp, %[run]]\n\t"
        "ldmia r4!, {r0, r3, r5}\n\t"
        "str r4, [sp, %[run]]\n\t"
        "cmp r5, #0\n\t"
        "beq 62f\n\t"
        "ldrsb r5, [r3, r2]\n\t"
        "adds r3, r1\n\t"
        "ldrsb r6, [r3, r2]\n\t"
        "adds r3, r1\n\t"
        "ldrsb r7, [r3, r2]\n\t"
        "ldr r4, [sp, %[at]]\n\t"
        "adds r0, r4\n\t"
        "ldr r4, [sp, %[entry]]\n\t"
        "ldr r3, [sp, %[padding]]\n\t"
        "add pc, r4\n"
        "62:\n\t"
        "b 70f\n\t"
        X LAST("r5", "r8")
        X ADD("r6", "r8") LAST("r5", "r9")
        OF_THREE("r8", "r9", "r10")
        OF_THREE("r9", "r10", "r11")
        OF_THREE("r10", "r11", "r12")
        OF_THREE("r11", "r12", "lr")
        X ADD("r7", "r12") LAST("r6", "lr")
        "b 63f\n\t"
        X LAST("r5", "r8")
        X OF_TWO("r8", "r9")
        X OF_TWO("r9", "r10")
        X OF_TWO("r10", "r11")
        X OF_TWO("r11", "r12")
        X OF_TWO("r12", "lr")
        X LAST("r6", "lr")
        "63:\n\t"
        "ldr r3, [sp, %[right]]\n\t"
        "cmp r3, #128\n\t"
        "bne 64f\n\t"
        "ldrsb r3, [r0, r2]\n"
        "64:\n\t"
        LAST("r7", "lr")
        "b 61b\n"

        "70:\n\t"  /* the strip's sums go through the output stage */
        "mov r0, sp\n\t"
        "mov r1, r8\n\t"
        "mov r2, r9\n\t"
        "mov r3, r10\n\t"
        "mov r4, r11\n\t"
        "mov r5, r12\n\t"
        "mov r6, lr\n\t"
        "stmia r0!, {r1, r2, r3, r4, r5, r6}\n"
        "78:\n\t"
        "mov r8, r0\n\t"
        "add r0, sp, %[low]\n\t"
        "ldmia r0!, {r4, r5, r6, r7}\n\t"
        "mov r12, r0\n\t"
        "ldmia r0!, {r1, r2, r3}\n\t"
        "mov r9, r1\n\t"
        "mov r10, r2\n\t"
        "ldr r1, [r0]\n\t"
        "mov r11, r1\n\t"
        "ldr r2, [sp, %[first]]\n\t"
        "add r2, sp\n"
        "71:\n\t"
        "ldmia r2!, {r1}\n\t"
        "asrs r0, r1, #16\n\t"
        "bmi 75f\n\t"
        "bne 76f\n\t"
        TI_SCALE("r1", "r4", "r5", "r6", "r7", "r0")
        "add r1, r9\n"
        "72:\n\t"
        "cmp r1, r10\n\t"
        "ble 73f\n\t"
        "mov r1, r10\n"
        "73:\n\t"
        "strb r1, [r3]\n"
        "74:\n\t"
        "add r3, r11\n\t"
        "cmp r2, r8\n\t"
        "bne 71b\n\t"
        "ldr r0, [sp, %[left]]\n\t"
        "subs r0, #1\n\t"
        "bmi 80f\n\t"
        "bne 77f\n\t"
        "ldr r1, [sp, %[last_right]]\n\t"
        "str r1, [sp, %[right]]\n"
        "77:\n\t"
        "str r0, [sp, %[left]]\n\t"
        "str r3, [sp, %[out]]\n\t"
        "ldr r1, [sp, %[next]]\n\t"
        "str r1, [sp, %[at]]\n\t"
        "ldr r2, [sp, %[step]]\n\t"
        "adds r1, r2\n\t"
        "str r1, [sp, %[next]]\n\t"
        "ldr r1, [sp, %[full]]\n\t"
        "str r1, [sp, %[entry]]\n\t"
        "movs r1, #0\n\t"
        "str r1, [sp, %[first]]\n\t"
        "b 60b\n"
        "75:\n\t"
        "ldr r0, [sp, %[floor]]\n\t"
        "cmp r0, #128\n\t"
        "beq 76f\n\t"
        "strb r0, [r3]\n\t"
        "b 74b\n"
        "76:\n\t"
        "push {r2}\n\t"
        "bl ti_scale_armv6m\n\t"
        "pop {r2}\n\t"
        "b 72b\n"

        "80:\n\t"
        "ldr r0, [sp, %[channels]]\n\t"
        "adds r0, #1\n\t"
        "str r0, [sp, %[channels]]\n\t"
        "cmp r0, r11\n\t"
        "beq 81f\n\t"
        "b 50b\n"
        "81:\n\t"
        "add sp, %[bytes]\n\t"
        "pop {r4, r5, r6, r7}\n\t"
        "mov r8, r4\n\t"
        "mov r9, r5\n\t"
        "mov r10, r6\n\t"
        "mov r11, r7\n\t"
        "pop {r4, r5, r6, r7, pc}\n"
        :
        : [bytes] "i"(OWN_BYTES + sizeof(frame)), [run] "i"(4 * STRIP), [bias] "i"(4 * STRIP + 4), FIELD(channels), FIELD(low),
          FIELD(out), FIELD(distance), FIELD(floor), FIELD(runs), FIELD(run_step), FIELD(padding), [last_right] "i"(OWN_BYTES +
          offsetof(frame, right)), FIELD(step), FIELD(full), FIELD(outside), FIELD(row), FIELD(begin), FIELD(now), NOW(at), NOW(next),
          NOW(entry), NOW(first), NOW(right), NOW(left));
}

/* The runs of a pixel's window as they are put together, the last one last. */
typedef struct {
    run *last, *past;
    uint32_t x_step, w_step;
} list;

/* `taps` more taps, from x on, or in the padding where that is NULL. */
static void append(list *l, const int8_t *x, uint32_t taps) {
    run *r = l->last;
    int32_t n = x ? (int32_t)taps : -(int32_t)taps;
    if (!n || r == l->past) {
        return;
    }
    if (r->taps) {
        if (x ? r->taps > 0 && x == r->x + (uint32_t)r->taps * l->x_step : r->taps < 0) {
            r->taps += n;
            return;
        }
        const int8_t *w = r->w + (uint32_t)(r->taps < 0 ? -r->taps : r->taps) * l->w_step;
        l->last = ++r;
        if (r == l->past) {
            return;
        }
        r->w = w;
    }
    r->x = x;
    r->taps = n;
}

/* The runs of a pixel's window. Returns whether there is room for them. */
static int gather(const ti_depthwise *d, uint32_t pixel, run *runs, uint32_t x_step) {
    const ti_window *w = d->window;
    const uint32_t k_w = w->k_w;
    const int32_t origin = (int32_t)(pixel * w->stride_w) - w->pad_left;
    const ti_taps inside = ti_taps_inside(origin, k_w, w->dilation_w, w->in_w);
    const int8_t *x = d->open.rows.base + ((uint32_t)origin + inside.first * w->dilation_w) * w->in_c;
    ti_rows rows = d->open.rows;
    list l = {runs, runs + RUNS, x_step, w->out_c};
    runs->w = d->weights;
    runs->taps = 0;
    for (uint32_t ky = 0; ky < w->k_h; ky++) {
        if (ky < d->open.taps.first || ky >= d->open.taps.past) {
            append(&l, 0, k_w);
            continue;
        }
        append(&l, 0, inside.first);
        append(&l, x + rows.at, inside.past - inside.first);
        append(&l, 0, k_w - inside.past);
        ti_rows_next(&rows);
    }
    if (l.last == l.past) {
        return 0;
    }
    l.last[1].taps = 0;
    return 1;
}

/* The strips of a row of windows of 3x3, and its runs. Returns whether it is such a row. */
static int open_strips(const ti_depthwise *d, frame *f, run *runs) {
    const ti_window *w = d->window;
    const uint32_t channels = w->out_c, stride = w->stride_w, pad = w->pad_left, skipped = d->open.taps.first;
    const uint32_t inside = d->open.taps.past - skipped;
    const uint32_t last = (w->out_w - 1u) * stride + 2, past = w->in_w + pad;  /* column of the last pixel, after the input */
    if (w->k_h != 3 || w->k_w != 3 || w->dilation_w != 1 || stride > 2 || pad > 1 || last > past || inside < 2) {
        return 0;
    }
    uint32_t n = w->out_w;
    f->begin.left = 0;
    for (; n > STRIP; n -= STRIP) {
        f->begin.left++;
    }
    const uint32_t before = STRIP - n;
    f->begin.at = 0;
    f->begin.next = (n * stride - pad) * channels;
    f->begin.entry = stride == 1 ? ENTRY_BY_1(before + pad) - LAST_BY_1 * pad : ENTRY_BY_2(before + pad) - LAST_BY_2 * pad;
    f->begin.first = 4 * before;
    f->right = last == past ? d->padding : INSIDE;
    f->begin.right = f->begin.left ? INSIDE : f->right;
    f->step = STRIP * stride * channels;
    f->full = stride == 1 ? ENTRY_BY_1(0) : ENTRY_BY_2(0);
    f->run_step = 0;
    f->outside = inside == 3 ? 0 : skipped ? d->weights : d->weights + 6 * channels;
    ti_rows rows = d->open.rows;
    for (uint32_t i = 0; i < inside; i++) {
        runs[i].x = rows.base + rows.at;
        runs[i].w = d->weights + (skipped + i) * 3 * channels;
        runs[i].taps = 3;
        ti_rows_next(&rows);
    }
    runs[inside].taps = 0;
    return 1;
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    uint32_t x = 0, past = w->out_w;
    if (!ti_stage_is_quick(&d->stage) || w->in_c != w->out_c) {
        ti_depthwise_any(d, 0, past, out);
        return;
    }
    run runs[RUNS + 1];
    frame f;
    f.channels = ti_channels_open(&d->stage);
    f.zero_point = d->stage.zero_point;
    f.max = d->stage.max;
    f.floor = ti_stage_floor(&d->stage);
    f.min = d->stage.min;
    f.distance = w->out_c;
    f.padding = d->padding;
    f.runs = runs;
    f.row = out;
    if (open_strips(d, &f, runs)) {
        make(&f);
        return;
    }
    f.outside = 0;
    f.begin.first = 4 * (STRIP - 1);
    f.begin.left = 0;
    f.run_step = w->k_w == 1 ? d->open.rows.step : (uint32_t)w->dilation_w * w->in_c;
    for (; x < past; x++, f.row += w->out_c) {
        if (gather(d, x, runs, f.run_step)) {
            make(&f);
        } else {
            ti_depthwise_any(d, x, x + 1, out);
        }
    }
}

#endif
