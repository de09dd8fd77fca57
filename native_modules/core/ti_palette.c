#include "ti_coded.h"

const uint8_t *ti_palette_decode(const int8_t *palette, uint32_t bits, const uint8_t *at, int8_t *to, uint32_t k) {
    const uint32_t mask = (1u << bits) - 1, in_a_byte = 8 / bits;
    for (int8_t *past = to + k; to != past;) {
        uint32_t byte = *at++;
        for (uint32_t n = in_a_byte; n && to != past; n--, byte >>= bits) {
            *to++ = palette[byte & mask];
        }
    }
    return at;
}
