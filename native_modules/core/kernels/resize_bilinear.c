#include "../ti_fixed.h"
#include "../ti_kernels.h"

const ti_claim ti_resize_bilinear_claims[] = {
    TI_IS(POSITIVE, TI_U16(ti_resize_bilinear, in_h)),
    TI_IS(POSITIVE, TI_U16(ti_resize_bilinear, out_h)),
    TI_PRODUCT(TI_32(ti_resize_bilinear, in_w), TI_32(ti_resize_bilinear, depth), TI_ROW_BYTES(TI_IN)),
    TI_PRODUCT(TI_32(ti_resize_bilinear, out_w), TI_32(ti_resize_bilinear, depth), TI_ROW_BYTES(TI_OUT)),
    TI_END,
};

void ti_resize_bilinear_check(ti_proof *p, const ti_op *op) {
    const ti_resize_bilinear *r = (const void *)(p->blob + op->params);
    ti_require_images(p, op, r->in_h, r->out_h);
    ti_require_ring(p, op, 2);
}

/* Where an output element lies in the input, in 1/1024 of an element; never outside it. */
static uint32_t position(uint32_t i, int32_t scale, int32_t offset, uint32_t size) {
    uint32_t at = i * (uint32_t)scale + (uint32_t)offset;
    uint32_t last = (size - 1) << 10;
    return (int32_t)at < 0 ? 0 : at < last ? at : last;
}

/* The element 1/1024 * distance of the way from `a` to `b`, times 1024. */
static int32_t mix(int32_t a, int32_t b, uint32_t distance) {
    return a * 1024 + (b - a) * (int32_t)distance;
}

void ti_resize_bilinear_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_resize_bilinear *r = ti_params(m, op);
    const ti_tensor *in = ti_input(m, op);
    const uint32_t image = row / r->out_h, depth = r->depth;
    const uint32_t y = position(row - image * r->out_h, r->scale_h, r->offset_h, r->in_h);
    const int8_t *above = ti_row(m, in, image * r->in_h + (y >> 10));
    const int8_t *below = y & 1023 ? ti_row(m, in, image * r->in_h + (y >> 10) + 1) : above;
    int8_t *out = ti_output_row(m, op, row);
    for (uint32_t i = 0; i < r->out_w; i++) {
        const uint32_t x = position(i, r->scale_w, r->offset_w, r->in_w);
        uint32_t left = (x >> 10) * depth;
        const uint32_t right = x & 1023 ? depth : 0;
        for (uint32_t past = left + depth; left < past; left++) {
            int32_t top = mix(above[left], above[left + right], x & 1023);
            int32_t bottom = mix(below[left], below[left + right], x & 1023);
            *out++ = (int8_t)ti_rounding_shift(mix(top, bottom, y & 1023), 20);
        }
    }
}
