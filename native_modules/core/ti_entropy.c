#include "ti_coded.h"

/* An entry of the table is for all that begins with the same `bits` bits: the first of a run of neighbouring weights, how many of
 * the bits are its code word, and how many bits follow that number the weight in the run. */
#define FIRST(entry) ((int8_t)(entry))
#define WORD_BITS(entry) ((entry) >> 8 & 15)
#define MORE_BITS(entry) ((entry) >> 12)

#define MOST_BITS 16  /* of a word and what follows it */

int ti_prove_entropy(ti_proof *p, const ti_coded *coded) {
    if (!ti_prove_between(p, coded->bits, 1, 8, offsetof(ti_coded, bits))
        || !ti_prove_offset(p, coded->table, 2u << coded->bits, 2)) {
        return 0;
    }
    const uint16_t *table = (const void *)(p->blob + coded->table);
    for (uint32_t i = 0; i < 1u << coded->bits; i++) {
        const uint32_t entry = table[i];
        if (WORD_BITS(entry) + MORE_BITS(entry) > MOST_BITS) {
            return ti_fail(p, TI_FAULT_VALUE, entry, offsetof(ti_coded, table));
        }
    }
    return 1;
}

const uint8_t *ti_entropy_decode(const uint16_t *table, uint32_t bits, const uint8_t *at, const uint8_t *end, int8_t *to,
                                 uint32_t k) {
    const uint32_t down = 32 - bits;
    uint32_t ahead = 0;  /* the next bits, from the top */
    int32_t have = 0;    /* how many of them, less those that a decoder wants at least */
    for (int8_t *past = to + k; to != past;) {
        for (; have < MOST_BITS; have += 8) {
            ahead |= (at < end ? *at : 0u) << (24 - have);
            at++;
        }
        const uint32_t entry = table[ahead >> down], word = WORD_BITS(entry), more = MORE_BITS(entry);
        ahead <<= word;
        *to++ = (int8_t)((uint32_t)FIRST(entry) + (ahead >> 1 >> (31 - more)));
        ahead <<= more;
        have -= (int32_t)(word + more);
    }
    return at - (have >> 3);
}
