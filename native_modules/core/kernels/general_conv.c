/* Any convolution, by plain loops: groups of channels, an input spread out with zeros (a transposed convolution),
 * int8 or int16 activations.
 */
#include "../ti_element.h"
#include "../ti_stage.h"
#include "../ti_window.h"

const ti_claim ti_general_conv_claims[] = {
    TI_EQUAL(TI_DTYPE(TI_IN), TI_DTYPE(TI_OUT)),
    TI_IS(1_TO_256, TI_U16(ti_general_conv, up_h)),
    TI_IS(1_TO_256, TI_U16(ti_general_conv, up_w)),
    TI_IS(POSITIVE, TI_U16(ti_general_conv, group_c)),
    TI_IS(INT8, TI_I16(ti_general_conv, in_zero_point)),
    TI_IS(FLAG, TI_U16(ti_general_conv, wide)),
    TI_IS(RESERVED, TI_U16(ti_general_conv, reserved)),
    TI_TIMES(TI_U16(ti_general_conv, window.k_h)), TI_TIMES(TI_U16(ti_general_conv, window.k_w)),
    TI_TIMES(TI_U16(ti_general_conv, window.out_c)), TI_TIMES(TI_U16(ti_general_conv, group_c)),
    TI_BYTES_AT(TI_32(ti_general_conv, weights)),
    TI_END,
};

void ti_general_conv_check(ti_proof *p, const ti_op *op) {
    const ti_general_conv *conv = (const void *)(p->blob + op->params);
    const ti_window *w = &conv->window;
    uint32_t groups = w->in_c / conv->group_c;
    ti_require_window(p, op, w);
    ti_require_product(p, groups, conv->group_c, 1, w->in_c);
    ti_require_product(p, groups, w->out_c / groups, 1, w->out_c);
    ti_require_general_stage(p, op, offsetof(ti_general_conv, stage), w->out_c, conv->wide);
}

/* Along one axis, which taps of a window at `origin` of the spread input look at an element of the true input. */
typedef struct {
    ti_taps taps;  /* numbers n of taps first + n * up */
    uint32_t first;
    int32_t at;    /* element under tap `first` */
} taps_of_axis;

static taps_of_axis open_axis(int32_t origin, uint32_t taps, uint32_t dilation, uint32_t up, uint32_t size) {
    taps_of_axis axis = {{0, 0}, 0, 0};
    uint32_t above = (uint32_t)origin + (up << 16);  /* not negative: no padding is more than 2^16 - 1 */
    uint32_t down = above / up;
    axis.first = above - down * up;
    if (axis.first) {
        axis.first = up - axis.first;
        down++;
    }
    axis.at = (int32_t)(down - (1u << 16));
    if (axis.first < taps) {
        axis.taps = ti_taps_inside(axis.at, (taps - axis.first + up - 1) / up, dilation, size);
    }
    return axis;
}

void ti_general_conv_row(const ti_model *m, const ti_op *op, uint32_t row) {
    const ti_general_conv *conv = ti_params(m, op);
    const ti_window *w = &conv->window;
    const ti_tensor *in = ti_input(m, op);
    const int is_int16 = in->dtype == TI_INT16;
    const uint32_t group_c = conv->group_c;
    const uint32_t group_out_c = w->out_c / (w->in_c / group_c);
    const uint32_t image = row / w->out_h;
    ti_stage stage;
    ti_stage_open(&stage, m, &conv->stage);
    int8_t *out = ti_output_row(m, op, row);
    uint32_t to = 0;
    taps_of_axis y = open_axis((int32_t)((row - image * w->out_h) * w->stride_h) - w->pad_top, w->k_h, w->dilation_h,
                               conv->up_h, w->in_h);
    for (uint32_t column = 0; column < w->out_w; column++) {
        taps_of_axis x = open_axis((int32_t)(column * w->stride_w) - w->pad_left, w->k_w, w->dilation_w, conv->up_w, w->in_w);
        const int8_t *weights = ti_data(m, conv->weights);
        for (uint32_t c = 0; c < w->out_c; c++, weights += (uint32_t)w->k_h * w->k_w * group_c) {
            uint32_t from = c / group_out_c * group_c;
            int64_t sum = 0;
            for (uint32_t j = y.taps.first; j < y.taps.past; j++) {
                const int8_t *source = ti_row(m, in, image * w->in_h + (uint32_t)y.at + j * w->dilation_h);
                const int8_t *line = weights + (y.first + j * conv->up_h) * w->k_w * group_c;
                for (uint32_t i = x.taps.first; i < x.taps.past; i++) {
                    const int8_t *k = line + (x.first + i * conv->up_w) * group_c;
                    uint32_t at = ((uint32_t)x.at + i * w->dilation_w) * w->in_c + from;
                    for (uint32_t n = 0; n < group_c; n++) {
                        sum += (ti_load(source, at + n, is_int16) - conv->in_zero_point) * k[n];
                    }
                }
            }
            ti_store(out, to++, ti_general_stage_apply(&stage, sum, c, conv->wide), is_int16);
        }
    }
}
