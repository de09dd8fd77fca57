#include "ti_add_armv6m.h"

#if defined(TI_ARMV6M)

/* The assembly's constants, in the order in which it reads them once an element. */
typedef struct {
    const int8_t *past;      /* the end of the input row */
    int32_t zero_point;
    uint32_t low, high;      /* the multiplier's halves */
    uint32_t round, right;   /* of (x * low + round) >> right, */
    uint32_t left;           /* and of x * high << left */
    uint32_t half, n, away;  /* of the rounding shift by n: half a unit; what makes ties below 0 go away from 0 */
} operand;

typedef struct {
    operand in[2];
    uint32_t low, high;
    uint32_t half, n;
    int32_t zero_point, max, min;
    int8_t *past;
} frame;

/* To r3: the element of an operand, at index r0 before its end, on the common scale. An int8 times 2^left_shift times a
 * multiplier fits 32 bits at each step if its halves are taken apart and the shift to the left is part of that to the
 * right. */
#define OPERAND                                                                                                  \
    "ldmia r7!, {r1, r2, r3, r4}\n\t" "ldrsb r1, [r1, r0]\n\t" "subs r1, r2\n\t" "muls r3, r1\n\t" "muls r4, r1\n\t"  \
    "ldmia r7!, {r1, r2, r5}\n\t" "adds r3, r1\n\t" "asrs r3, r2\n\t" "lsls r4, r5\n\t" "adds r3, r4\n\t"            \
    "ldmia r7!, {r1, r2, r5}\n\t" "asrs r4, r3, #31\n\t" "ands r4, r5\n\t" "adds r3, r4\n\t" "adds r3, r1\n\t"       \
    "asrs r3, r2\n\t"

static __attribute__((noinline)) void set(operand *o, const ti_add *a, const int8_t *x, int32_t zero_point,
                                          int32_t multiplier, int32_t shift) {
    const uint32_t n = (uint32_t)-shift, left = a->left_shift;
    o->past = x + a->count;
    o->zero_point = zero_point;
    o->low = (uint16_t)multiplier;
    o->high = (uint32_t)multiplier >> 16;
    o->round = 1u << (30 - left);
    o->right = 31 - left;
    o->left = left - 15;
    o->half = (1u << n) >> 1;
    o->n = n;
    o->away = n ? ~0u : 0;
}

void ti_add_armv6m(const ti_add *a, const int8_t *x1, const int8_t *x2, int8_t *out) {
    const uint32_t n = (uint32_t)-a->shift_out;
    frame f;
    set(&f.in[0], a, x1, a->zero_point1, a->multiplier1, a->shift1);
    set(&f.in[1], a, x2, a->zero_point2, a->multiplier2, a->shift2);
    f.low = (uint16_t)a->multiplier_out;
    f.high = (uint32_t)a->multiplier_out >> 16;
    f.half = (1u << n) >> 1;
    f.n = n;
    f.zero_point = a->zero_point_out;
    f.max = a->max;
    f.min = a->min;
    f.past = out + a->count;
    register uint32_t i __asm__("r0") = 0 - a->count;
    register const frame *at __asm__("r7") = &f;
    __asm__ volatile(
        ".syntax unified\n\t"
        "mov r8, r7\n"
        "1:\n\t"
        OPERAND
        "mov r6, r3\n\t"
        OPERAND
        "adds r6, r3\n\t"
        /* The high word of the sum times 2 times the multiplier, rounded, from halves of 16 bits; the sum's low one has a
         * sign. */
        "ldmia r7!, {r2, r3}\n\t"
        "asrs r5, r6, #31\n\t"
        "lsls r6, #1\n\t"
        "sxth r1, r6\n\t"
        "subs r6, r1\n\t"
        "asrs r6, #16\n\t"
        "mov r4, r2\n\t"
        "muls r4, r1\n\t"
        "asrs r4, #16\n\t"
        "muls r1, r3\n\t"
        "adds r1, r4\n\t"
        "muls r2, r6\n\t"
        "adds r1, r2\n\t"
        "asrs r1, #15\n\t"
        "adds r1, #1\n\t"
        "asrs r1, #1\n\t"
        "muls r6, r3\n\t"
        "adds r6, r1\n\t"
        "adds r6, r5\n\t"
        "ldmia r7!, {r1, r2, r3, r4, r5}\n\t"
        "adds r6, r1\n\t"
        "asrs r6, r2\n\t"
        "adds r6, r3\n\t"
        "cmp r6, r4\n\t"
        "ble 2f\n\t"
        "mov r6, r4\n"
        "2:\n\t"
        "cmp r6, r5\n\t"
        "bge 3f\n\t"
        "mov r6, r5\n"
        "3:\n\t"
        "ldr r1, [r7]\n\t"
        "strb r6, [r1, r0]\n\t"
        "mov r7, r8\n\t"
        "adds r0, #1\n\t"
        "beq 4f\n\t"
        "b 1b\n"
        "4:\n\t"
        : "+r"(i), "+r"(at)
        :
        : "r1", "r2", "r3", "r4", "r5", "r6", "r8", "cc", "memory");
}

#endif
