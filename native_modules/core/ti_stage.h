/* The output stage: int32 accumulators to int8 (SPEC.md, "Fixed-point arithmetic"). */
#ifndef TI_STAGE_H
#define TI_STAGE_H

#include "ti_config.h"
#include "ti_fixed.h"
#include "ti_proof.h"

/* A stage with its offsets resolved, for the length of a row. */
typedef struct {
    const int32_t *bias;        /* (channels,) */
    const int32_t *multiplier;  /* (channels,) or (1,) */
    const int8_t *shift;        /* the same */
    uint32_t channel_mask;      /* all ones where each channel has its own multiplier, else 0 */
    int32_t zero_point, min, max;
    uint32_t quick;
} ti_stage;

/* The stage at byte `at` of the op's parameters. */
TI_PROVES(stage, (ti_proof *p, const ti_op *op, size_t at, uint32_t channels), (p, op, at, channels))

/* The stage of GENERAL_CONV: zero point and bounds are those of the input's dtype, and where `wide` the bias is int64. */
TI_PROVES(general_stage, (ti_proof *p, const ti_op *op, size_t at, uint32_t channels, int wide), (p, op, at, channels, wide))

void ti_stage_open(ti_stage *s, const ti_model *m, const ti_output_stage *from);

/* SPEC.md's scale(): `sum` times a multiplier, wide or not; the shift is -31..14 where wide, else -31..30. */
int32_t ti_scale_sum(int64_t sum, int32_t multiplier, int32_t shift, int wide);

/* ti_stage_apply() for a 64-bit sum; not clamped to int8. */
int32_t ti_general_stage_apply(const ti_stage *s, int64_t sum, uint32_t channel, int wide);

/* Keep the stage in a local variable: through a caller's pointer the compiler must load it again after every int8 that
 * is stored. */
static inline int8_t ti_stage_apply(const ti_stage *s, uint32_t acc, uint32_t channel) {
#if defined(TI_SMALL)  /* on a Cortex-M0 most sums go through the stage of the assembly */
    return (int8_t)ti_general_stage_apply(s, (int32_t)acc, channel, 0);
#else
    uint32_t k = channel & s->channel_mask;
    int32_t x = (int32_t)(acc + (uint32_t)s->bias[channel]);
    x = s->quick ? ti_requantise_quick(x, s->multiplier[k], (uint32_t)-s->shift[k])
                 : ti_requantise(x, s->multiplier[k], s->shift[k]);
    return (int8_t)ti_clamp(ti_wrap_add(x, s->zero_point), s->min, s->max);
#endif
}

#endif
