/* The start of the process. */
    .section .start, "ax"
    .balign 4
    .global _start
    .type _start, @function
#if defined(__XTENSA_CALL0_ABI__)
_start:
    mov a2, a1
    addi a1, a1, -16
    call0 start
#else
_start:
    movi a0, 0          /* ends the chain of windows */
    mov a6, a1
    call4 start         /* by which nothing is spilled to this one's caller's frame, which there is not */
#endif
