#include "ti_coded.h"

const uint8_t *ti_palette_decode(const int8_t *palette, uint32_t bits, const uint8_t *at, int8_t *to, uint32_t k) {
    const uint32_t mask = (1u << bits) - 1, shift = 3 - bits / 2;  /* of 8 / bits indexes in a byte */
    uint32_t bytes = k >> shift, left = k & ((1u << shift) - 1);
    for (; bytes && bits == 4; bytes--, to += 2) {  /* the most frequent */
        const uint32_t byte = *at++;
        to[0] = palette[byte & 15];
        to[1] = palette[byte >> 4];
    }
    for (; bytes; bytes--) {
        uint32_t byte = *at++ | 0x100u;  /* which is 1 when all indexes are out */
        do {
            *to++ = palette[byte & mask];
            byte >>= bits;
        } while (byte != 1);
    }
    if (left) {
        for (uint32_t byte = *at++; left; left--, byte >>= bits) {
            *to++ = palette[byte & mask];
        }
    }
    return at;
}
