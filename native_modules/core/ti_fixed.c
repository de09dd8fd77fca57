#include "ti_fixed.h"

int32_t ti_high_call(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

int32_t ti_requantise_call(int32_t x, int32_t multiplier, int32_t shift) {
    return ti_requantise(x, multiplier, shift);
}
