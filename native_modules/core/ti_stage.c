#include "ti_stage.h"

/* `at` is the byte of the stage in the kernel's parameters. */
int ti_prove_stage(ti_proof *p, const ti_output_stage *stage, uint32_t channels, size_t at) {
    uint32_t entries = stage->per_channel ? channels : 1;
    if (!ti_prove_reserved(p, stage->reserved)
        || !ti_prove_between(p, stage->per_channel, 0, 1, at + offsetof(ti_output_stage, per_channel))
        || !ti_prove_between(p, stage->zero_point, INT8_MIN, INT8_MAX, at + offsetof(ti_output_stage, zero_point))
        || !ti_prove_min_max(p, stage->min, stage->max, at + offsetof(ti_output_stage, min))
        || !ti_prove_offset(p, stage->bias, channels * (uint64_t)sizeof(int32_t), 4)
        || !ti_prove_offset(p, stage->multiplier, entries * (uint64_t)sizeof(int32_t), 4)
        || !ti_prove_offset(p, stage->shift, entries, 1)) {
        return 0;
    }
    const int32_t *multiplier = (const void *)(p->blob + stage->multiplier);
    const int8_t *shift = (const int8_t *)(p->blob + stage->shift);
    for (uint32_t i = 0; i < entries; i++) {
        if (!ti_prove_between(p, multiplier[i], 0, INT32_MAX, at + offsetof(ti_output_stage, multiplier))
            || !ti_prove_between(p, shift[i], -31, 30, at + offsetof(ti_output_stage, shift))) {
            return 0;
        }
    }
    return 1;
}
