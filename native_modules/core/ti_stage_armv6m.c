#include "ti_stage_armv6m.h"

#if defined(TI_ARMV6M)

/* Sums from -(2^16 - 1) to -1, most of what comes here, as TI_SCALE() makes them of their size: below 0 both roundings take
 * what is half a unit the other way, and the product less 1, rounded down, does that. The others as ti_high_word() and
 * ti_requantise_quick() do it. Called by name, which link-time optimisation does not see. */
__attribute__((naked, noinline, used)) void ti_scale_armv6m(void) {
    __asm__(
        ".syntax unified\n\t"
        "rsbs r0, r1, #0\n\t"
        "lsrs r2, r0, #16\n\t"
        "bne 1f\n\t"
        "movs r1, #1\n\t"
        "lsls r1, #16\n\t"
        "subs r1, #1\n\t"
        "mov r2, r4\n\t"
        "muls r2, r0\n\t"
        "adds r1, r2\n\t"  /* the product of the low half may be 0 */
        "lsrs r1, #16\n\t"
        "subs r1, #1\n\t"
        "muls r0, r5\n\t"
        "adds r1, r0\n\t"
        "adds r1, r6\n\t"
        "lsrs r1, r7\n\t"
        "rsbs r1, r1, #0\n\t"
        "b 2f\n"
        "1:\n\t"
        "push {r1}\n\t"
        "lsls r1, #2\n\t"
        "sxth r0, r1\n\t"
        "subs r1, r0\n\t"
        "asrs r1, #16\n\t"
        "mov r2, r4\n\t"
        "muls r2, r0\n\t"
        "asrs r2, #16\n\t"
        "muls r0, r5\n\t"
        "adds r0, r2\n\t"
        "mov r2, r4\n\t"
        "muls r2, r1\n\t"
        "adds r0, r2\n\t"
        "asrs r0, #16\n\t"
        "muls r1, r5\n\t"
        "adds r1, r0\n\t"
        "pop {r2}\n\t"
        "asrs r2, #31\n\t"
        "movs r0, #1\n\t"
        "orrs r2, r0\n\t"
        "adds r1, r2\n\t"
        "subs r7, #15\n\t"
        "lsls r0, r7\n\t"
        "adds r1, r0\n\t"
        "adds r7, #1\n\t"
        "asrs r1, r7\n\t"
        "adds r7, #14\n"
        "2:\n\t"
        "mov r2, r12\n\t"
        "ldr r0, [r2]\n\t"
        "adds r1, r0\n\t"
        "ldr r0, [r2, #20]\n\t"
        "cmp r1, r0\n\t"
        "bge 3f\n\t"
        "mov r1, r0\n"
        "3:\n\t"
        "bx lr\n");
}

#endif
