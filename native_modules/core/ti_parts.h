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
#define TI_SEGMENTS 41   /* weights that are read from a file; without it there is no checksum(), either */
#define TI_PAIRS 42      /* two pixels at a time; without it they are made one by one, to the same bytes */
#define TI_FAST 43       /* the forms of the inner loops for this core (ti_config.h); without it plain C, to the same bytes */
#define TI_REOPEN 44     /* engine.reopen(), which models in parts are run with */
#define TI_SELFTEST 45   /* engine.selftest() and fill(), which do not exist without it */
#define TI_PALETTES 46   /* weights that are indexes into tables */
#define TI_ENTROPY_CODES 47   /* weights that are code words of different lengths */
#define TI_SPARSE_WEIGHTS 48  /* weights other than zero with their places */

#if defined(TI_ONLY)
#define TI_OR_BIT(name) | 1ull << TI_##name
#define TI_SELECTED (0ull TI_ONLY(TI_OR_BIT))
#else
#define TI_SELECTED (~0ull)
#endif

#define TI_HAS(name) (TI_SELECTED >> TI_##name & 1)
#define TI_HAS_CODINGS (TI_HAS(PALETTES) || TI_HAS(ENTROPY_CODES) || TI_HAS(SPARSE_WEIGHTS))

/* Sums of 64 bits, of int16. Kernels: not for #if. */
#define TI_HAS_WIDE (TI_HAS(GENERAL_CONV) || TI_HAS(TRANSPOSE_CONV) || TI_HAS(BATCH_MATMUL))

#endif
