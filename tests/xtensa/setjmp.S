/* setjmp() and longjmp() for windowed calls, see setjmp.h. What a libc for other calls has would not do.
 *
 * A function's a0..a3 are spilled to the 16 bytes below the stack pointer of what it called, its a4..a7, where that was by
 * call8, to the 16 bytes from 32 below the stack pointer of its caller on. setjmp() keeps both, once all windows are spilled;
 * longjmp() puts them back there, and returns as setjmp() did.
 */
#if !defined(__XTENSA_CALL0_ABI__)
    .text
    .balign 4
    .global setjmp
    .type setjmp, @function
setjmp:
    entry a1, 32
    movi a10, 16
    call8 spill
    s32i a0, a2, 0      /* to where setjmp() returns, and by which call */
    s32i a1, a2, 4      /* the stack pointer, below which the caller's a0..a3 are */
    addi a3, a1, -16
    l32i a4, a3, 0
    s32i a4, a2, 8
    l32i a5, a3, 4      /* the caller's stack pointer, below which its caller's a0..a3 are */
    s32i a5, a2, 12
    l32i a4, a3, 8
    s32i a4, a2, 16
    l32i a4, a3, 12
    s32i a4, a2, 20
    addi a5, a5, -16
    l32i a5, a5, 4
    addi a5, a5, -32
    l32i a4, a5, 0
    s32i a4, a2, 24
    l32i a4, a5, 4
    s32i a4, a2, 28
    l32i a4, a5, 8
    s32i a4, a2, 32
    l32i a4, a5, 12
    s32i a4, a2, 36
    movi a2, 0
    retw

    .balign 4
    .global longjmp
    .type longjmp, @function
longjmp:
    entry a1, 32
    movi a10, 16
    call8 spill
    l32i a1, a2, 4
    addi a4, a1, -16
    l32i a5, a2, 8
    s32i a5, a4, 0
    l32i a6, a2, 12
    s32i a6, a4, 4
    l32i a5, a2, 16
    s32i a5, a4, 8
    l32i a5, a2, 20
    s32i a5, a4, 12
    addi a6, a6, -16
    l32i a6, a6, 4
    addi a6, a6, -32
    l32i a5, a2, 24
    s32i a5, a6, 0
    l32i a5, a2, 28
    s32i a5, a6, 4
    l32i a5, a2, 32
    s32i a5, a6, 8
    l32i a5, a2, 36
    s32i a5, a6, 12
    l32i a0, a2, 0
    mov a2, a3
    retw
#endif
