#include "ti_stage.h"

/* `at` is the byte of the stage in the kernel's parameters. */
int ti_prove_stage(ti_proof *p, const ti_output_stage *stage, uint32_t channels, size_t at) {
    return ti_prove_general_stage(p, stage, channels, at, TI_INT8, 0);
}

int ti_prove_general_stage(ti_proof *p, const ti_output_stage *stage, uint32_t channels, size_t at, uint32_t dtype, int wide) {
    uint32_t entries = stage->per_channel ? channels : 1;
    int32_t low = dtype == TI_INT16 ? INT16_MIN : INT8_MIN;
    int32_t high = -low - 1;
    if (!ti_prove_reserved(p, stage->reserved)
        || !ti_prove_flag(p, stage->per_channel, at + offsetof(ti_output_stage, per_channel))
        || !ti_prove_between(p, stage->zero_point, low, high, at + offsetof(ti_output_stage, zero_point))
        || !ti_prove_between(p, stage->min, low, high, at + offsetof(ti_output_stage, min))
        || !ti_prove_between(p, stage->max, stage->min, high, at + offsetof(ti_output_stage, max))
        || !ti_prove_offset(p, stage->bias, channels * (uint64_t)(wide ? sizeof(int64_t) : sizeof(int32_t)), 4)
        || !ti_prove_offset(p, stage->multiplier, entries * (uint64_t)sizeof(int32_t), 4)
        || !ti_prove_offset(p, stage->shift, entries, 1)) {
        return 0;
    }
    const int32_t *multiplier = (const void *)(p->blob + stage->multiplier);
    const int8_t *shift = (const int8_t *)(p->blob + stage->shift);
    for (uint32_t i = 0; i < entries; i++) {
        if (!ti_prove_multiplier(p, multiplier[i], at + offsetof(ti_output_stage, multiplier))
            || !ti_prove_between(p, shift[i], -31, wide ? 14 : 30, at + offsetof(ti_output_stage, shift))) {
            return 0;
        }
    }
    return 1;
}

/* The low 32 bits of x >> n, n in 0..63: a shift of 64 bits by a variable is a libgcc call on most cores. */
static uint32_t shifted(uint64_t x, uint32_t n) {
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    return n >= 32 ? (uint32_t)((int32_t)high >> (n - 32)) : low >> n | high << 1 << (31 - n);
}

int32_t ti_scale_sum(int64_t sum, int32_t multiplier, int32_t shift, int wide) {
    if (!wide) {
        return ti_requantise((int32_t)sum, multiplier, shift);
    }
    uint64_t product = (uint64_t)sum * (uint32_t)multiplier;
    uint32_t n = (uint32_t)(15 - shift);
    return (int32_t)(shifted(product, n) + (shifted(product, n - 1) & 1));
}

int32_t ti_general_stage_apply(const ti_stage *s, int64_t sum, uint32_t channel, int wide) {
    uint32_t k = channel & s->channel_mask;
    uint32_t at = channel << (wide != 0);
    uint64_t acc = (uint64_t)sum + (uint32_t)s->bias[at];
    if (wide) {
        acc += (uint64_t)(uint32_t)s->bias[at + 1] << 32;
    }
    int32_t x = ti_scale_sum((int64_t)acc, s->multiplier[k], s->shift[k], wide);
    return ti_clamp(ti_wrap_add(x, s->zero_point), s->min, s->max);
}
