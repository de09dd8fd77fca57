/* Which form of the inner loops this build has: the one of its core, or, where TI_PORTABLE is defined, the plain C that the
 * others are tested against. Both make the same bytes.
 */
#ifndef TI_CONFIG_H
#define TI_CONFIG_H

#include "ti_parts.h"

#if defined(TI_PORTABLE) || !TI_HAS(FAST)
#elif defined(__SSE2__)
#define TI_SSE2 1
#elif defined(__ARM_FEATURE_DSP) && defined(__thumb2__)
#define TI_DSP 1
#elif defined(__ARM_ARCH_6M__) && defined(__OPTIMIZE__)  /* the assembly needs the frame pointer's register */
#define TI_ARMV6M 1  /* eight registers to compute in, no 64-bit product, no misaligned words */
#elif defined(__riscv_mul) && __riscv_xlen == 32 && !defined(__riscv_32e)
#define TI_RV32 1  /* thirty-one registers */
#endif

/* Its name, as tinyinfer.backend gives it. */
#if defined(TI_SSE2)
#define TI_FORM "SSE2"
#elif defined(TI_DSP)
#define TI_FORM "DSP"
#elif defined(TI_ARMV6M) || defined(TI_RV32)
#define TI_FORM "assembly"
#else
#define TI_FORM "C"
#endif

#if defined(TI_ARMV6M) || !TI_HAS(FAST)
#define TI_SMALL 1  /* what the core's own forms leave to plain C, and that without them, has to be small code */
#endif

#endif
