#include "ti_reciprocal.h"

#include "ti_fixed.h"

uint32_t ti_leading_zeros(uint32_t x) {
    uint32_t n = 0;
    for (; n < 32 && !(x >> 31); n++) {
        x <<= 1;
    }
    return n;
}

/* x * 2^n, saturating. */
static int32_t saturating_shift(int32_t x, uint32_t n) {
    int32_t limit = INT32_MAX >> n;
    return x > limit ? INT32_MAX : x < -limit - 1 ? INT32_MIN : ti_shift_left(x, n);
}

int32_t ti_reciprocal(uint32_t x, uint32_t zeros) {
    int32_t half = (int32_t)((x << zeros) >> 1);
    int32_t y = 1515870810 + ti_high_call(half, -1010580540);
    for (uint32_t i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - ti_high_call(half, y);
        y = ti_wrap_add(y, saturating_shift(ti_high_call(y, error), 2));
    }
    return saturating_shift(y, 1);
}
