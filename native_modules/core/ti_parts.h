/* What a build has of the kernels and of the parts below: all of them, or, where TI_ONLY is defined, those that it names,
 *
 *     -D'TI_ONLY(HAS)=HAS(CONV2D) HAS(SOFTMAX) HAS(PAIRS)'
 *
 * A native .mpy lies in RAM, so one that runs few models can be a fraction of the whole (`packer build --with-runtime`).
 * Names are those of enum ti_kernel_id and of the parts, less TI_. What a blob asks for and a build does not have is
 * TI_FAULT_MISSING when it is loaded, unless said otherwise here.
 */
#ifndef TI_PARTS_H
#define TI_PARTS_H

#include "ti_format.h"

/* Numbers, not an enum, so that they can be asked for in #if; a kernel cannot. packer/runtime.py knows who needs which. */
#define TI_FEED 40       /* inputs that are handed over row by row */
#define TI_SEGMENTS 41   /* weights that are read from a file */
#define TI_PAIRS 42      /* two pixels at a time; without it they are made one by one, to the same bytes */
#define TI_SELFTEST 43   /* engine.selftest() and fill(), which do not exist without it */
#define TI_PALETTES 44   /* weights that are indexes into tables */
#define TI_ENTROPY_CODES 45   /* weights that are code words of different lengths */
#define TI_SPARSE_WEIGHTS 46  /* weights other than zero with their places */

#if defined(TI_ONLY)
#define TI_OR_BIT(name) | 1ull << TI_##name
#define TI_SELECTED (0ull TI_ONLY(TI_OR_BIT))
#else
#define TI_SELECTED (~0ull)
#endif

#define TI_HAS(name) (TI_SELECTED >> TI_##name & 1)
#define TI_HAS_CODINGS (TI_HAS(PALETTES) || TI_HAS(ENTROPY_CODES) || TI_HAS(SPARSE_WEIGHTS))

#endif
