/* An Xtensa core with windowed calls, for Debian's compiler and assembler of the ESP8266's: scripts/get-xtensa-compiler.sh
 * makes the plugin of this that XTENSA_GNU_CONFIG names.
 *
 * The instructions are those of a core that QEMU emulates, de233_fpu, and their encodings come from QEMU's source. What is
 * said of the core here an ESP32's LX6 and an ESP32-S3's LX7 have as well; what only they have is left out.
 */
#define ATTRIBUTE_UNUSED
#include <stdint.h>
#include <stdlib.h>

#include "core-de233_fpu/xtensa-modules.c.inc"

int plugin_is_GPL_compatible;

/* As in include/xtensa-dynconfig.h of binutils and gcc; gcc knows these from its version 13 on. */
const struct {
    int have_be, density, const16, abs, addx, l32r, absolute_literals, text_section_literals;
    int mac16, mul16, mul32, mul32_high, div32, nsa, minmax, sext, loops, threadptr, release_sync, s32c1i, booleans;
    int fp, fp_div, fp_recip, fp_sqrt, fp_rsqrt, fp_postinc, dfp, dfp_div, dfp_recip, dfp_sqrt, dfp_rsqrt;
    int windowed, num_aregs, wide_branches, predicted_branches;
    int icache_size, dcache_size, icache_linesize, dcache_linesize, icache_linewidth, dcache_linewidth, dcache_is_writeback;
    int mmu, mmu_min_pte_page_size, debug, num_ibreak, num_dbreak, debuglevel, max_instruction_size, inst_fetch_width;
    int abi, abi_windowed, abi_call0;
} xtensa_config_v1 = {
    .density = 1, .abs = 1, .addx = 1, .l32r = 1, .mac16 = 1, .mul16 = 1, .mul32 = 1, .div32 = 1, .nsa = 1, .minmax = 1,
    .sext = 1, .loops = 1, .threadptr = 1, .release_sync = 1, .s32c1i = 1, .windowed = 1, .num_aregs = 64,
    .icache_linesize = 4, .dcache_linesize = 4, .icache_linewidth = 2, .dcache_linewidth = 2, .mmu_min_pte_page_size = 1,
    .debug = 1, .num_ibreak = 2, .num_dbreak = 2, .debuglevel = 6, .max_instruction_size = 3, .inst_fetch_width = 4,
    .abi = 0, .abi_windowed = 0, .abi_call0 = 1,
};
const struct { int m_stage, march_latest, march_earliest; } xtensa_config_v2 = {0, 270000, 260000}; /* LX7, LX6 */
const struct { int clamps, depbits, exclusive, xea3; } xtensa_config_v3 = {.clamps = 1};
const struct {
    int data_width, unaligned_load_exception, unaligned_store_exception, unaligned_load_hw, unaligned_store_hw;
} xtensa_config_v4 = {4, 1, 1, 0, 0};
/* Macros that the compiler is to define. */
const char *const xtensa_config_strings[] = {NULL};
