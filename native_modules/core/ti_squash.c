#include "ti_squash.h"

int32_t ti_squash(const uint16_t *table, int32_t x, int is_tanh) {
    const uint32_t bits = is_tanh ? 8 : 9;
    uint32_t size = x < 0 ? 0 - (uint32_t)x : (uint32_t)x;
    uint32_t i = size >> bits;
    uint32_t y = is_tanh ? 0xffff << 8 : 0x7fff << 10;
    if (i < 255) {
        uint32_t a = table[i], b = table[i + 1];
        y = (a << bits) + (size & ((1u << bits) - 1)) * (b - a);
    }
    y -= 1u << (15 + bits);  /* the value at 0, about which both are symmetric */
    y = x < 0 ? ~y : y;
    return is_tanh ? (int16_t)((int32_t)(y + (1 << 7)) >> 8) : (int16_t)((int32_t)(y + (1 << 24) + (1 << 9)) >> 10);
}
