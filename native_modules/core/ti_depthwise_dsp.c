#include "ti_depthwise.h"

#if defined(TI_DSP)

#include "ti_dsp.h"

/* Windows of 3 x 3, four neighbouring channels at a time, all pixels of a row before the next four: their weights,
 * widened once, are then ready for two multiplications a word. Sums are of doubled weights and biases: what ti_dsp.h's
 * way to requantise needs. */

enum {TAPS = 3, LANES = 4};

/* What dsp_pixels() reads, in its order. A tap has two words of weights: channels 0 and 2, 1 and 3. */
typedef struct {
    uint32_t bias[LANES];
    struct {
        uint32_t weights01[2][2];
        const int8_t *x;          /* of the pixel after the last */
        uint32_t weights2[2];
    } rows[TAPS];
    int32_t multiplier[LANES];
    int32_t rounding[LANES];
    uint32_t shift[LANES];        /* less 1 */
    int8_t *out;
    uint32_t out_step, stride;    /* bytes from one pixel to the next */
    uint32_t x_step;              /* and from one tap to the next */
} block;

/* Output pixels of which the first one's input is `at` bytes (negative) from rows[].x, the last one's -stride. A pixel
 * takes 100 instructions, 63 of them for its taps. */
__attribute__((naked, noinline, used)) static void dsp_pixels(block *b, int32_t at) {
    __asm__(
        ".macro tap offset, even, odd\n"
        ".if \\offset == 0\n"
        "ldr    r9, [r10]\n"
        ".elseif \\offset == 1\n"
        "ldr    r9, [r10, r11]\n"
        ".else\n"
        "ldr    r9, [r10, r11, lsl #1]\n"
        ".endif\n"
        "sxtb16 r8, r9\n"
        "sxtb16 r9, r9, ror #8\n"
        "smlabb r0, r8, \\even, r0\n"
        "smlatt r2, r8, \\even, r2\n"
        "smlabb r1, r9, \\odd, r1\n"
        "smlatt r3, r9, \\odd, r3\n"
        ".endm\n"
        "push   {r4-r11, lr}\n"
        "mov    r12, r0\n"
        "mov    lr, r1\n"
        "ldr    r11, [r0, #160]\n"             /* x_step */
        "1:\n"
        "ldm    r12!, {r0-r3}\n"               /* bias */
        ".rept  3\n"
        "ldm    r12!, {r4-r7, r10}\n"          /* weights01, x */
        "add    r10, lr\n"
        "tap    0, r4, r5\n"
        "tap    1, r6, r7\n"
        "ldm    r12!, {r4, r5}\n"              /* weights2 */
        "tap    2, r4, r5\n"
        ".endr\n"
        ".purgem tap\n"
        "ldm    r12!, {r4-r11}\n"              /* multiplier, rounding */
        "add    r8, r8, r0, asr #31\n"
        "smmlar r0, r0, r4, r8\n"
        "add    r9, r9, r1, asr #31\n"
        "smmlar r1, r1, r5, r9\n"
        "add    r10, r10, r2, asr #31\n"
        "smmlar r2, r2, r6, r10\n"
        "add    r11, r11, r3, asr #31\n"
        "smmlar r3, r3, r7, r11\n"
        "ldm    r12, {r4-r11}\n"               /* shift, out, out_step, stride, x_step */
        "asr    r0, r4\n"
        "ssat   r0, #8, r0, asr #1\n"
        "asr    r1, r5\n"
        "ssat   r1, #8, r1, asr #1\n"
        "asr    r2, r6\n"
        "ssat   r2, #8, r2, asr #1\n"
        "asr    r3, r7\n"
        "ssat   r3, #8, r3, asr #1\n"
        "bfi    r0, r1, #8, #8\n"
        "bfi    r0, r2, #16, #8\n"
        "bfi    r0, r3, #24, #8\n"
        "str    r0, [r8]\n"
        "add    r8, r9\n"
        "str    r8, [r12, #16]\n"
        "sub    r12, #132\n"
        "adds   lr, r10\n"
        "bne    1b\n"
        "pop    {r4-r11, pc}\n");
}

/* Rows of the input that windows of a row look at; where they lie outside it, any other row. */
typedef struct {
    const int8_t *start[TAPS];
    uint32_t outside;  /* bit ky */
} input_rows;

/* Four weights, doubled. */
static inline void widen(uint32_t halves[2], const int8_t *w) {
    uint32_t word = ti_word(w);
    halves[0] = ti_doubled(ti_sxtb16(word));
    halves[1] = ti_doubled(ti_sxtb16_8(word));
}

/* A tap outside the input becomes part of the bias. */
static void fold(uint32_t bias[LANES], uint32_t halves[2], int32_t padding) {
    bias[0] += (uint32_t)(padding * (int16_t)halves[0]);
    bias[1] += (uint32_t)(padding * (int16_t)halves[1]);
    bias[2] += (uint32_t)(padding * ((int32_t)halves[0] >> 16));
    bias[3] += (uint32_t)(padding * ((int32_t)halves[1] >> 16));
    halves[0] = halves[1] = 0;
}

/* Everything that all pixels of channels c .. c + 3 have in common. */
static inline void open_block(block *b, const ti_depthwise *d, const input_rows *rows, uint32_t c) {
    const ti_stage *stage = &d->stage;
    const uint32_t channels = d->window->out_c;
    const int8_t *w = d->weights + c;
    __asm__ volatile(
        "ldm    %[bias], {r4-r6, r8}\n"
        "add    r4, r4\n"
        "add    r5, r5\n"
        "add    r6, r6\n"
        "add    r8, r8\n"
        "stm    %[to_bias], {r4-r6, r8}\n"
        "ldm    %[multiplier], {r4-r6, r8}\n"
        "stm    %[to], {r4-r6, r8}\n"
        "uxtb   r4, %[shifts]\n"
        "uxtb   r5, %[shifts], ror #8\n"
        "uxtb   r6, %[shifts], ror #16\n"
        "uxtb   r8, %[shifts], ror #24\n"
        "strd   r4, r5, [%[to], #32]\n"
        "strd   r6, r8, [%[to], #40]\n"
        "lsl    r4, %[rounding], r4\n"
        "lsl    r5, %[rounding], r5\n"
        "lsl    r6, %[rounding], r6\n"
        "lsl    r8, %[rounding], r8\n"
        "strd   r4, r5, [%[to], #16]\n"
        "strd   r6, r8, [%[to], #24]\n"
        :
        : [bias] "r"(stage->bias + c), [to_bias] "r"(b->bias),
          [multiplier] "r"(stage->multiplier + c), [to] "r"(b->multiplier),
          [shifts] "r"(~ti_word(stage->shift + c)), [rounding] "r"(2 * stage->zero_point + 1)
        : "r4", "r5", "r6", "r8", "cc", "memory");
    for (uint32_t ky = 0; ky < TAPS; ky++) {
        widen(b->rows[ky].weights01[0], w);
        widen(b->rows[ky].weights01[1], w + channels);
        widen(b->rows[ky].weights2, w + 2 * channels);
        w += TAPS * channels;
        if (rows->outside >> ky & 1) {
            fold(b->bias, b->rows[ky].weights01[0], d->padding);
            fold(b->bias, b->rows[ky].weights01[1], d->padding);
            fold(b->bias, b->rows[ky].weights2, d->padding);
        }
    }
}

/* The next pixel of channels c .. c + 3, whose first tap is `origin` and not all of whose window is inside a row: its
 * elements are brought together first. */
static void edge_pixel(block *b, const ti_depthwise *d, const input_rows *rows, int32_t origin, uint32_t c) {
    const uint32_t padding = (uint8_t)d->padding * 0x01010101u, channels = b->out_step, in_w = d->window->in_w;
    uint32_t patch[TAPS][TAPS] = {
        {padding, padding, padding}, {padding, padding, padding}, {padding, padding, padding},
    };
    uint32_t at = (uint32_t)origin, from = at * channels + c, step = d->window->dilation_w;
    for (uint32_t kx = 0; kx < TAPS; kx++, at += step, from += step * channels) {
        if (at < in_w) {
            patch[0][kx] = ti_word(rows->start[0] + from);
            patch[1][kx] = ti_word(rows->start[1] + from);
            patch[2][kx] = ti_word(rows->start[2] + from);
        }
    }
    b->rows[0].x = (const int8_t *)patch[0] + b->stride;
    b->rows[1].x = (const int8_t *)patch[1] + b->stride;
    b->rows[2].x = (const int8_t *)patch[2] + b->stride;
    b->x_step = LANES;
    dsp_pixels(b, -(int32_t)b->stride);
}

void ti_depthwise_row(const ti_depthwise *d, int8_t *out) {
    const ti_window *w = d->window;
    const uint32_t channels = w->out_c, out_w = w->out_w, reach = 2u * w->dilation_w;
    if (w->k_h != TAPS || w->k_w != TAPS || w->in_c != channels || channels < LANES || !d->stage.quick
        || !d->stage.channel_mask) {
        ti_depthwise_any(d, 0, out_w, out);
        return;
    }
    /* Pixels first .. past - 1 have their whole window inside a row. */
    uint32_t first = (w->pad_left + w->stride_w - 1u) / w->stride_w, past = 0;
    if (w->in_w + w->pad_left > reach) {
        past = (w->in_w + w->pad_left - reach - 1u) / w->stride_w + 1;
    }
    past = past < out_w ? past : out_w;
    first = first < past ? first : past;

    input_rows rows = {.outside = 0};
    ti_rows walk = d->open.rows;
    for (uint32_t ky = 0; ky < TAPS; ky++) {
        rows.start[ky] = walk.base + walk.at;
        if (ky < d->open.taps.first || ky >= d->open.taps.past) {
            rows.outside |= 1u << ky;
        } else if (ky + 1 < d->open.taps.past) {
            ti_rows_next(&walk);
        }
    }

    block b;
    b.stride = w->stride_w * channels;
    b.out_step = channels;
    for (uint32_t done = 0; done < channels;) {
        uint32_t c = channels - done < LANES ? channels - LANES : done;  /* the last four may have been made in part */
        open_block(&b, d, &rows, c);
        b.out = out + c;
        int32_t origin = -w->pad_left;
        for (uint32_t x = 0; x < first; x++, origin += w->stride_w) {
            edge_pixel(&b, d, &rows, origin, c);
        }
        if (first < past) {
            uint32_t from = (past * w->stride_w - w->pad_left) * channels + c;
            for (uint32_t ky = 0; ky < TAPS; ky++) {
                b.rows[ky].x = rows.start[ky] + from;
            }
            b.x_step = w->dilation_w * channels;
            dsp_pixels(&b, -(int32_t)((past - first) * b.stride));
        }
        origin = (int32_t)(past * w->stride_w) - w->pad_left;
        for (uint32_t x = past; x < out_w; x++, origin += w->stride_w) {
            edge_pixel(&b, d, &rows, origin, c);
        }
        done = c + LANES;
    }
    ti_clamp_row(out, out_w * channels, d->stage.min, d->stage.max);
}

#endif
