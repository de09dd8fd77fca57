#include "ti_coded.h"

/* An entry of the table is for all that begins with the same `bits` bits: in the low byte the first of a run of neighbouring
 * weights; how many of the bits are its code word; and how many bits follow that number the weight in the run. */
#define WORD_BITS(entry) ((entry) >> 8 & 15)
#define MORE_BITS(entry) ((entry) >> 12)

#define MOST_BITS 16  /* of a word and what follows it */

void ti_require_entropy(ti_proof *p, const ti_coded *coded) {
    ti_require_between(p, coded->bits, 1, 8, offsetof(ti_coded, bits));
    ti_require_offset(p, coded->table, 2u << coded->bits, 2);
    const uint16_t *table = (const void *)(p->blob + coded->table);
    for (uint32_t i = 0; i < 1u << coded->bits; i++) {
        const uint32_t entry = table[i];
        if (WORD_BITS(entry) + MORE_BITS(entry) > MOST_BITS) {
            ti_refuse(p, TI_FAULT_VALUE, entry, offsetof(ti_coded, table));
        }
    }
}

/* The next two bytes, the first one on top; those from `end` on are zeros. */
static inline uint32_t two_bytes(const uint8_t *at, const uint8_t *end) {
    if (end - at >= 2) {
        return (uint32_t)at[0] << 8 | at[1];
    }
    return at < end ? (uint32_t)at[0] << 8 : 0;
}

const uint8_t *ti_entropy_decode(const uint16_t *table, uint32_t bits, const uint8_t *at, const uint8_t *end, int8_t *to,
                                 uint32_t k) {
    const uint32_t down = 32 - bits;
    uint32_t ahead = 0, have = 0;  /* the next bits, from the top, and how many they are */
    for (int8_t *past = to + k; to != past;) {
        if (have < MOST_BITS) {
            ahead |= two_bytes(at, end) << (16 - have);
            at += 2;
            have += 16;
        }
        const uint32_t entry = table[ahead >> down], word = WORD_BITS(entry), more = MORE_BITS(entry);
        uint32_t q = entry;
        ahead <<= word;
        have -= word;
        if (more) {
            q += ahead >> (32 - more);
            ahead <<= more;
            have -= more;
        }
        *to++ = (int8_t)q;
    }
    at -= have / 8;
    return at < end ? at : end;
}
