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
#define RUNS 10

/* Taps at equal distances: of a 3x3 window a row of the kernel, whatever `taps` is, else so many taps, or where that is below 0 -taps
 * weights that meet padding. taps is 0 after the last one. */
typedef struct {
    const int8_t *x, *w;  /* of channel 0 */
    int32_t taps;
} run;

/* Where a strip is. */
typedef struct {
    uint32_t next;      /* bytes from the row's begin to the first column of the next one */
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
    strip begin;
} frame;

/* What the assembly has in front of its copy: the sums, the next run, the bias. And after it: bytes from the row's begin to the
 * strip's first column inside the input, then its strip. */
#define OWN_BYTES (4 * STRIP + 8)
#define NOW_BYTES (OWN_BYTES + sizeof(frame))

/* The next column, its products with one or two sums, and with the last of its sums. */
#define X "ldrsb r3, [r0, r2]\n\t" "adds r0, r1\n\t"
#define ADD(w, sum) "mov r4, r3\n\t" "muls r4, " w "\n\t" "add " sum ", r4\n\t"
#define LAST(w, sum) "muls r3, " w "\n\t" "add " sum ", r3\n\t"
#define OF_THREE(s0, s1, s2) X ADD("r7", s0) ADD("r6", s1) LAST("r5", s2)
#define OF_TWO(s0, s1) LAST("r6", s0) X ADD("r7", s0) LAST("r5", s1)

/* Bytes of code from column 0, stride 1, to the first column of each pixel of a strip, by stride; and from the last product of such a
 * column to the first column of the next pixel. */
static const uint8_t entries[2][STRIP + 1] = {{0, 8, 22, 42, 62, 82, 102}, {118, 134, 156, 178, 200, 222, 244}};
static const uint8_t last_product[2] = {4, 12};

#define FIELD(name) [name] "i"(OWN_BYTES + offsetof(frame, name))
#define NOW(name) [name] "i"(NOW_BYTES + 4 + offsetof(strip, name))

/* All channels of a row, or of one pixel. The frame is copied to where sp can reach it. */
static __attribute__((naked, noinline, used)) void run_strips(const frame *f) {
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
        "add r4, sp, %[at]\n"
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
        "movs r1, #0\n\t"
        "ldmia r0!, {r2, r3, r4, r5, r6}\n\t"
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
        : [bytes] "i"(NOW_BYTES + 4 + sizeof(strip)), [run] "i"(4 * STRIP), [bias] "i"(4 * STRIP + 4), FIELD(channels), FIELD(low),
          FIELD(out), FIELD(distance), FIELD(floor), FIELD(runs), FIELD(run_step), FIELD(padding), [last_right] "i"(OWN_BYTES +
          offsetof(frame, right)), FIELD(step), FIELD(full), FIELD(outside), FIELD(row), FIELD(begin), [at] "i"(NOW_BYTES), NOW(next),
          NOW(entry), NOW(first), NOW(right), NOW(left));
}

/* A pixel's window as its runs are put together. */
typedef struct {
    const ti_depthwise *row;
    ti_taps inside;    /* of kx */
    const int8_t *x;   /* of the first of them, in the tensor's first row */
    uint32_t x_step;   /* from one tap of a run to the next */
    ti_rows rows;      /* what is left of them */
    run *last, *past;  /* the last run, or `past` where there were too many */
    run runs[RUNS + 2];  /* the first one is empty, and where the weights begin */
} pixel;

/* `taps` more taps, from x on, or in the padding where that is NULL. */
static void append(pixel *p, const int8_t *x, uint32_t taps) {
    run *r = p->last;
    int32_t n = x ? (int32_t)taps : -(int32_t)taps;
    if (!n || r == p->past) {
        return;
    }
    if (x ? r->taps > 0 && x == r->x + (uint32_t)r->taps * p->x_step : r->taps < 0) {
        r->taps += n;
        return;
    }
    const int8_t *w = r->w + (uint32_t)(r->taps < 0 ? -r->taps : r->taps) * p->row->window->out_c;
    p->last = ++r;
    r->x = x;
    r->w = w;
    r->taps = n;
}

/* The taps of one row of the kernel; before the first one, begin. */
static void append_row(pixel *p, uint32_t ky) {
    const ti_taps taps = p->row->open.taps;
    const uint32_t k_w = p->row->window->k_w;
    if (!ky) {
        p->rows = p->row->open.rows;
        p->runs[0].w = p->row->weights;
        p->last = p->runs;
    }
    if (ky < taps.first || ky >= taps.past) {
        append(p, 0, k_w);
        return;
    }
    append(p, 0, p->inside.first);
    append(p, p->x + p->rows.at, p->inside.past - p->inside.first);
    append(p, 0, k_w - p->inside.past);
    ti_rows_next(&p->rows);
}

/* All channels of a pixel, whatever they are, row by row of the kernel. */
static void make_any(pixel *p, int8_t *out) {
    const ti_depthwise *d = p->row;
    const ti_window *w = d->window;
    const uint32_t out_c = w->out_c, multiplier = out_c / w->in_c;
    uint32_t in_c = 0, next = multiplier;
    for (uint32_t c = 0; c < out_c; c++) {
        uint32_t sum = 0, padded = 0;
        if (c == next) {
            next += multiplier;
            in_c++;
        }
        for (uint32_t ky = 0; ky < w->k_h; ky++) {
            append_row(p, ky);
            const int8_t *k = p->runs[0].w + c;
            for (const run *r = p->runs; r++ != p->last;) {
                const int8_t *x = r->x + in_c;
                int32_t n = r->taps;
                for (; n > 0; n--, k += out_c, x += p->x_step) {
                    sum += (uint32_t)(*x * *k);
                }
                for (; n < 0; n++, k += out_c) {
                    padded += (uint32_t)*k;
                }
            }
            p->runs[0].w = k - c;
            p->last = p->runs;
        }
        *out++ = ti_stage_apply(&d->stage, sum + padded * (uint32_t)d->padding, c);
    }
}

/* The strips of a row of windows of 3x3, and its runs. Returns whether it is such a row. */
static int open_strips(const ti_depthwise *d, frame *f, run *runs) {
    const ti_window *w = d->window;
    const uint32_t channels = w->out_c, by = w->stride_w - 1u, pad = w->pad_left, skipped = d->open.taps.first;
    const uint32_t inside = d->open.taps.past - skipped;
    const uint32_t last = (w->out_w - 1u) * (by + 1) + 2, past = w->in_w + pad;  /* column of the last pixel, after the input */
    if (w->k_h != 3 || w->k_w != 3 || w->dilation_w != 1 || by > 1 || pad > 1 || last > past || inside < 2) {
        return 0;
    }
    const uint32_t step = channels << by;
    uint32_t n = w->out_w;
    for (; n > STRIP; n -= STRIP) {
        f->begin.left++;
    }
    const uint32_t before = STRIP - n;
    f->begin.next = n * step - pad * channels;
    f->begin.entry = entries[by][before + pad] - (pad ? last_product[by] : 0u);
    f->begin.first = 4 * before;
    f->right = last == past ? d->padding : INSIDE;
    f->begin.right = f->begin.left ? INSIDE : f->right;
    f->step = STRIP * step;
    f->full = entries[by][0];
    f->run_step = 0;
    if (inside == 2) {
        f->outside = d->weights + (skipped ? 0 : 6 * channels);
    }
    ti_rows rows = d->open.rows;
    const int8_t *k = d->weights + skipped * 3 * channels;
    for (uint32_t i = inside; i; i--, runs++, k += 3 * channels) {
        runs->x = rows.base + rows.at;
        runs->w = k;
        runs->taps = 3;
        ti_rows_next(&rows);
    }
    runs->taps = 0;
    return 1;
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    const int quick = ti_stage_is_quick(&d->stage) && w->in_c == w->out_c;
    pixel p;
    frame f;
    f.channels = ti_channels_open(&d->stage);
    f.zero_point = d->stage.zero_point;
    f.max = d->stage.max;
    f.floor = ti_stage_floor(&d->stage);
    f.min = d->stage.min;
    f.distance = w->out_c;
    f.padding = d->padding;
    f.runs = p.runs + 1;
    f.outside = 0;
    f.row = out;
    f.begin.left = 0;
    if (quick && open_strips(d, &f, p.runs + 1)) {
        run_strips(&f);
        return;
    }
    f.begin.first = 4 * (STRIP - 1);
    f.run_step = w->k_w == 1 ? d->open.rows.step : (uint32_t)w->dilation_w * w->in_c;
    p.row = d;
    p.x_step = f.run_step;
    p.past = p.runs + RUNS + 1;
    p.runs[0].taps = 0;
    int32_t origin = -w->pad_left;
    for (uint32_t x = 0; x < w->out_w; x++, f.row += w->out_c, origin += w->stride_w) {
        p.inside = ti_taps_inside(origin, w->k_w, w->dilation_w, w->in_w);
        p.x = d->open.rows.base + ((uint32_t)origin + p.inside.first * w->dilation_w) * w->in_c;
        for (uint32_t ky = 0; ky < w->k_h; ky++) {
            append_row(&p, ky);
        }
        if (quick && p.last != p.past) {
            p.last[1].taps = 0;
            run_strips(&f);
        } else {
            make_any(&p, f.row);
        }
    }
}

#endif
