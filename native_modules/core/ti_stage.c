#include "ti_stage.h"

#include "ti_claims.h"

static const ti_claim claims[] = {
    TI_IS(FLAG, TI_U8(ti_output_stage, quick)),
    TI_IS(FLAG, TI_U8(ti_output_stage, per_channel)),
    TI_IS(INT8_OR_16, TI_I16(ti_output_stage, zero_point)),
    TI_ORDERED(INT8_OR_16, TI_I16(ti_output_stage, min), TI_I16(ti_output_stage, max)),
    TI_END,
};

void ti_require_stage(ti_proof *p, const ti_op *op, size_t at, uint32_t channels) {
    ti_require_general_stage(p, op, at, channels, 0);
}

void ti_require_general_stage(ti_proof *p, const ti_op *op, size_t at, uint32_t channels, int wide) {
    const ti_output_stage *stage = (const void *)(p->blob + op->params + at);
    uint32_t entries = stage->per_channel ? channels : 1;
    ti_require_claims(p, op, claims, at);
    ti_require_offset(p, stage->bias, ti_times(channels, wide ? sizeof(int64_t) : sizeof(int32_t)), 4);
    ti_require_offset(p, stage->multiplier, ti_times(entries, sizeof(int32_t)), 4);
    ti_require_offset(p, stage->shift, entries, 1);
    const int32_t *multiplier = (const void *)(p->blob + stage->multiplier);
    const int8_t *shift = (const int8_t *)(p->blob + stage->shift);
    const int32_t least = stage->quick ? -23 : -31, most = stage->quick ? -1 : wide ? 14 : 30;
    for (uint32_t i = 0; i < entries; i++) {  /* thousands, in a large model */
        if (multiplier[i] < 0) {
            at += offsetof(ti_output_stage, multiplier);
            ti_refuse(p, TI_FAULT_VALUE, (uint32_t)multiplier[i], (uint32_t)at);
        }
        if (shift[i] < least || shift[i] > most) {
            at += offsetof(ti_output_stage, shift);
            ti_refuse(p, TI_FAULT_VALUE, (uint32_t)shift[i], (uint32_t)at);
        }
    }
}

void ti_stage_open(ti_stage *s, const ti_model *m, const ti_output_stage *from) {
    s->bias = ti_data(m, from->bias);
    s->multiplier = ti_data(m, from->multiplier);
    s->shift = ti_data(m, from->shift);
    s->channel_mask = 0 - (uint32_t)from->per_channel;
    s->zero_point = from->zero_point;
    s->min = from->min;
    s->max = from->max;
    s->quick = from->quick;
}

/* The low 32 bits of x >> n, n in 0..63: a shift of 64 bits by a variable is a libgcc call on most cores. */
static uint32_t shifted(uint64_t x, uint32_t n) {
    uint32_t low = (uint32_t)x, high = (uint32_t)(x >> 32);
    return n >= 32 ? (uint32_t)((int32_t)high >> (n - 32)) : low >> n | high << 1 << (31 - n);
}

int32_t ti_scale_sum(int64_t sum, int32_t multiplier, int32_t shift, int wide) {
    if (!TI_HAS_WIDE || !wide) {
        return ti_requantise((int32_t)sum, multiplier, shift);
    }
    uint64_t product = (uint64_t)sum * (uint32_t)multiplier;
    uint32_t n = (uint32_t)(15 - shift);
    return (int32_t)(shifted(product, n) + (shifted(product, n - 1) & 1));
}

int32_t ti_general_stage_apply(const ti_stage *s, int64_t sum, uint32_t channel, int wide) {
    uint32_t k = channel & s->channel_mask;
    uint32_t at = channel << (TI_HAS_WIDE && wide);
    uint64_t acc = (uint64_t)sum + (uint32_t)s->bias[at];
    if (TI_HAS_WIDE && wide) {
        acc += (uint64_t)(uint32_t)s->bias[at + 1] << 32;
    }
    int32_t x = ti_scale_sum((int64_t)acc, s->multiplier[k], s->shift[k], wide);
    return ti_clamp(ti_wrap_add(x, s->zero_point), s->min, s->max);
}
