#include "ti_coded.h"
#include "ti_stage_armv6m.h"

/* For every `block` channels, 1 or 4, and in these for every TI_SPARSE_WINDOW taps: how many of the taps have a weight in
 * any of the channels, a byte; which ones, a byte each, upwards; then each channel's weights of these. */

void ti_require_sparse(ti_proof *p, const ti_coded *coded, uint32_t k, uint32_t out_c) {
    const uint32_t block = coded->block;
    const uint8_t *at = p->blob + coded->data;
    uint32_t left = coded->bytes;
    if (block != 1 && block != 4) {
        ti_refuse(p, TI_FAULT_VALUE, block, offsetof(ti_coded, block));
    }
    for (uint32_t channel = 0; channel < out_c; channel += block) {
        for (uint32_t first = 0; first < k; first += TI_SPARSE_WINDOW) {
            const uint32_t taps = k - first < TI_SPARSE_WINDOW ? k - first : TI_SPARSE_WINDOW;
            const uint32_t n = left ? *at : 0, bytes = 1 + n * (1 + block);
            if (bytes > left) {
                ti_refuse(p, TI_FAULT_OFFSET, coded->data, bytes);
            }
            uint32_t past = 0;  /* the position before */
            for (const uint8_t *tap = at + 1, *end = tap + n; tap != end; past = *tap++ + 1u) {
                if (*tap < past) {
                    ti_refuse(p, TI_FAULT_SHAPE, *tap, taps);
                }
            }
            ti_require_between(p, (int32_t)past, 0, (int32_t)taps, offsetof(ti_coded, data));
            at += bytes;
            left -= bytes;
        }
    }
}

/* Sums of the channels of a block over a window. Returns where the next one's data begin. */
static const uint8_t *add_window(const uint8_t *at, uint32_t block, const int8_t *x, uint32_t sums[4]) {
    const uint32_t n = *at++;
    const int8_t *w = (const int8_t *)at + n;
#if !defined(TI_SMALL)
    if (block == 4) {
        const int8_t *w1 = w + n, *w2 = w1 + n, *w3 = w2 + n;
        uint32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
        for (uint32_t i = 0; i < n; i++) {
            const int32_t a = x[at[i]];
            s0 += (uint32_t)(a * w[i]);
            s1 += (uint32_t)(a * w1[i]);
            s2 += (uint32_t)(a * w2[i]);
            s3 += (uint32_t)(a * w3[i]);
        }
        sums[0] = s0;
        sums[1] = s1;
        sums[2] = s2;
        sums[3] = s3;
        return (const uint8_t *)w3 + n;
    }
#endif
    for (uint32_t *past = sums + block; sums != past; sums++) {
        for (uint32_t i = 0; i < n; i++) {
            *sums += (uint32_t)(x[at[i]] * *w++);
        }
    }
    return (const uint8_t *)w;
}

/* Whether run_fours(), the core's own form, makes all channels but the last out_c % 4. */
#if defined(TI_ARMV6M)
#define run_fours ti_sparse_run_armv6m
static int quickly(const ti_matmul *mm) {
    return mm->out_c >= 4 && ti_stage_is_quick(&mm->stage);
}
#elif defined(TI_DSP)
#define run_fours ti_sparse_run_dsp
static int quickly(const ti_matmul *mm) {
    return mm->out_c >= 4 && mm->stage.quick && mm->coded->block == 4;
}
#else
#define run_fours(mm, x, out) (mm)->sparse
static int quickly(const ti_matmul *mm) {
    (void)mm;
    return 0;
}
#endif

void ti_sparse_run(const ti_matmul *mm, const int8_t *x, uint32_t vectors, int8_t *out) {
    const ti_stage stage = mm->stage;
    const uint32_t k = mm->k, out_c = mm->out_c, block = mm->coded->block;
    for (; vectors; vectors--, x += k) {
        const uint8_t *at = mm->sparse;
        uint32_t c = 0;
        if (quickly(mm)) {
            at = run_fours(mm, x, out);
            c = out_c & ~3u;
            out += c;
        }
        for (; c < out_c; c += block) {
            uint32_t sums[4] = {0, 0, 0, 0};
            for (uint32_t first = 0; first < k; first += TI_SPARSE_WINDOW) {
                at = add_window(at, block, x + first, sums);
            }
            for (uint32_t j = 0; j < block && c + j < out_c; j++) {
                *out++ = ti_stage_apply(&stage, sums[j], c + j);
            }
        }
    }
}
