/* SPEC.md, "Checksum". Reading all of a blob is most of what loading costs, so this takes words, not bytes. */
#include "ti_config.h"
#include "ti_core.h"

#define GROUP 8  /* words after which the sum is folded */

static inline uint32_t add_two(uint32_t sum, const uint32_t *word, uint32_t factor) {
    return (sum + word[0]) * factor ^ word[1];
}

#if defined(TI_ARMV6M)
#define FOUR "ldmia r1!, {r4, r5, r6, r7}\n\t" "adds r0, r4\n\t" "muls r0, r3\n\t" "eors r0, r5\n\t" \
    "adds r0, r6\n\t" "muls r0, r3\n\t" "eors r0, r7\n\t"

/* Four words a load: no compiler makes LDM of that. */
static uint32_t add_groups(uint32_t from, const uint32_t *words, uint32_t groups, uint32_t by) {
    register uint32_t sum __asm__("r0") = from;
    register const uint32_t *word __asm__("r1") = words;
    register uint32_t left __asm__("r2") = groups;
    register uint32_t factor __asm__("r3") = by;
    if (left) {
        __asm__ volatile(
            ".syntax unified\n"
            "1:\n\t"
            FOUR FOUR
            "lsrs r4, r0, #16\n\t"
            "eors r0, r4\n\t"
            "subs r2, #1\n\t"
            "bne 1b\n\t"
            : "+r"(sum), "+r"(word), "+r"(left)
            : "r"(factor)
            : "r4", "r5", "r6", "r7", "cc", "memory");
    }
    return sum;
}
#endif

uint32_t ti_checksum(uint32_t sum, const uint8_t *data, size_t bytes) {
    const uint32_t *word = (const void *)data;
    size_t words = bytes / 4;
    uint32_t factor = 0x9e3779b1;
    __asm__("" : "+r"(factor));  /* a Cortex-M0+ multiplies in one cycle; gcc would make shifts of a constant */
#if defined(TI_ARMV6M)
    sum = add_groups(sum, word, words / GROUP, factor);
    word += words / GROUP * GROUP;
    words %= GROUP;
#else
    for (; words >= GROUP; words -= GROUP, word += GROUP) {
        sum = add_two(add_two(add_two(add_two(sum, word, factor), word + 2, factor), word + 4, factor), word + 6, factor);
        sum ^= sum >> 16;
    }
#endif
    for (; words >= 2; words -= 2, word += 2) {
        sum = add_two(sum, word, factor);
    }
    return words ? (sum + *word) * factor : sum;
}
