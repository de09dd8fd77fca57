#include "ti_fixed.h"

int32_t ti_high_call(int32_t a, int32_t b) {
    return ti_high(a, b);
}

int32_t ti_requantise_call(int32_t x, int32_t multiplier, int32_t shift) {
    return ti_requantise(x, multiplier, shift);
}
