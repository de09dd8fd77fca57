#include "ti_pair.h"

#if defined(TI_RV32)

#include <stddef.h>

/* Two pixels with four output channels at a time: all that eight taps need stays in registers, and a word of ti_pair.c's
 * is loaded once for eight MACs. Its halves are emptied every four taps, every eight where the packer's chunks are as
 * long, and in chunks that are exceptions every two, for which no weights are too large. What a compiler makes of the
 * same in C spills half of it: it loads all weights of the four channels before it multiplies. */

#define QUAD 4u
#define GROUP 8u      /* taps */
#define WORD 32u      /* groups whose bits fit a word */
#define WORDS 8u      /* fewer than 2048 taps: more are all emptied every two where there are exceptions */
#define HALF 0x8000u  /* as in ti_pair.c */

/* What quads() is told, and what it keeps there. */
typedef struct {
    const int8_t *w;
    uint32_t k;
    uint32_t fill;              /* weights read beyond a row's k */
    const uint32_t *taps, *groups_end, *taps_end;
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    uint32_t each;              /* bytes of shifts from a quad to the next: 0 where all channels share one */
    int32_t zero_point, min, max;
    int8_t *out0, *out1;
    const int8_t *end;          /* of out0 */
    uint32_t long_chunks;       /* whether the halves are emptied once a group, not twice */
    uint32_t surplus;           /* HALF for each time that they are, if no group is emptied every two */
    uint32_t extra;             /* HALF for each time more that a group emptied every two is */
    const uint8_t *run;         /* of the next quad; NULL: bits[0] is for all groups */
    uint32_t fours;             /* fours of taps */
    uint32_t chunk_fours;       /* of a chunk, a power of two */
    uint32_t chunk_mask;        /* the bits of a chunk's groups, from the top */
    uint32_t bits_step;         /* bytes from a word's bits to the next one's */
    uint32_t bits[WORDS];       /* groups emptied every two, the first one's at the top */
} quads;

/* Four products from w + at on, added up in e; the words of the four taps are in s0, s1, a6, a7. */
#define FOUR(w, at, e, start)            \
    "lb t1, " at " + 0(" w ")\n\t"       \
    "lb t2, " at " + 1(" w ")\n\t"       \
    "mul t1, t1, s0\n\t"                 \
    "mul t2, t2, s1\n\t"                 \
    "add " e ", " start ", t1\n\t"       \
    "lb t1, " at " + 2(" w ")\n\t"       \
    "add " e ", " e ", t2\n\t"           \
    "lb t2, " at " + 3(" w ")\n\t"       \
    "mul t1, t1, a6\n\t"                 \
    "mul t2, t2, a7\n\t"                 \
    "add " e ", " e ", t1\n\t"           \
    "add " e ", " e ", t2\n\t"

#define EMPTY(all, high, e)              \
    "add " all ", " all ", " e "\n\t"    \
    "srai " e ", " e ", 16\n\t"          \
    "add " high ", " high ", " e "\n\t"

/* The same, emptied every two. */
#define TWO_TWOS(w, at, all, high, e)    \
    "lb " e ", " at " + 0(" w ")\n\t"    \
    "lb t1, " at " + 1(" w ")\n\t"       \
    "mul " e ", " e ", s0\n\t"           \
    "lb t2, " at " + 2(" w ")\n\t"       \
    "mul t1, t1, s1\n\t"                 \
    "add " e ", " e ", s10\n\t"          \
    "add " e ", " e ", t1\n\t"           \
    "lb t1, " at " + 3(" w ")\n\t"       \
    EMPTY(all, high, e)                  \
    "mul " e ", t2, a6\n\t"              \
    "mul t1, t1, a7\n\t"                 \
    "add " e ", " e ", s10\n\t"          \
    "add " e ", " e ", t1\n\t"           \
    EMPTY(all, high, e)

#define FIRST_TWOS(w, all, high, e) TWO_TWOS(w, "0", all, high, e)
#define SECOND_TWOS(w, all, high, e) TWO_TWOS(w, "4", all, high, e)
#define FIRST_FOUR(w, all, high, e) FOUR(w, "0", e, "s10") EMPTY(all, high, e)
#define SECOND_FOUR(w, all, high, e) FOUR(w, "4", e, "s10") EMPTY(all, high, e)
#define FIRST_HALF(w, all, high, e) FOUR(w, "0", e, "s10")
#define SECOND_HALF(w, all, high, e) FOUR(w, "4", e, e) EMPTY(all, high, e)

#define EACH_CHANNEL(how)        \
    how("t3", "s2", "s3", "a2")  \
    how("t4", "s4", "s5", "a3")  \
    how("t5", "s6", "s7", "a4")  \
    how("t6", "s8", "s9", "a5")

#define LOAD(at)                 \
    "lw s0, " at " + 0(a0)\n\t"  \
    "lw s1, " at " + 4(a0)\n\t"  \
    "lw a6, " at " + 8(a0)\n\t"  \
    "lw a7, " at " + 12(a0)\n\t"

#define ADVANCE(taps)                  \
    "addi a0, a0, 4 * " taps "\n\t"    \
    "addi t3, t3, " taps "\n\t"        \
    "addi t4, t4, " taps "\n\t"        \
    "addi t5, t5, " taps "\n\t"        \
    "addi t6, t6, " taps "\n\t"

/* Both sums begin with the bias. */
#define OPEN(at, all, high)            \
    "lw " high ", " at "(t1)\n\t"      \
    "slli " all ", " high ", 16\n\t"   \
    "add " all ", " all ", " high "\n\t"

/* The output stage of one sum x, as ti_requantise_quick(): a6 is the multiplier, a7 the shift, t1 is 1 << n. */
#define STORE(at, x, out)              \
    "slli t2, " x ", 2\n\t"            \
    "mulh t2, t2, a6\n\t"              \
    "srai " x ", " x ", 31\n\t"        \
    "ori " x ", " x ", 1\n\t"          \
    "add t2, t2, t1\n\t"               \
    "add t2, t2, " x "\n\t"            \
    "sra t2, t2, a7\n\t"               \
    "add t2, t2, a2\n\t"               \
    "bge t2, a3, 1f\n\t"               \
    "mv t2, a3\n"                      \
    "1:\n\t"                           \
    "bge a4, t2, 1f\n\t"               \
    "mv t2, a4\n"                      \
    "1:\n\t"                           \
    "sb t2, " at "(" out ")\n\t"

#define CLOSE(at, all, high)           \
    "lw a6, 4 * " at "(a0)\n\t"        \
    "lb a7, " at "(a1)\n\t"            \
    "sub " all ", " all ", ra\n\t"     \
    "neg a7, a7\n\t"                   \
    "sll t1, a5, a7\n\t"               \
    "addi a7, a7, 1\n\t"               \
    "slli t2, " high ", 16\n\t"        \
    "sub " all ", " all ", t2\n\t"     \
    STORE(at, all, "s0")               \
    STORE(at, high, "s1")

/* All channels of a quick stage, four by four. t0: the struct; a0: the next words, to a1; t3 .. t6: the next weights of the
 * channels; s2 .. s9: all and high of ti_pair.c of each; s10: HALF; s11: the bits of the groups ahead; ra: how many groups
 * were emptied every two. Nothing is stored on the stack but what the caller's registers held. */
static __attribute__((naked, noinline, used)) void run_quads(quads *q) {
    __asm__ volatile(
        "addi sp, sp, -64\n\t"
        "sw ra, 0(sp)\n\t"
        "sw s0, 4(sp)\n\t"
        "sw s1, 8(sp)\n\t"
        "sw s2, 12(sp)\n\t"
        "sw s3, 16(sp)\n\t"
        "sw s4, 20(sp)\n\t"
        "sw s5, 24(sp)\n\t"
        "sw s6, 28(sp)\n\t"
        "sw s7, 32(sp)\n\t"
        "sw s8, 36(sp)\n\t"
        "sw s9, 40(sp)\n\t"
        "sw s10, 44(sp)\n\t"
        "sw s11, 48(sp)\n\t"
        "mv t0, a0\n\t"
        "lui s10, 8\n\t"
        "lw t3, %[w](t0)\n"

        "10:\n\t"  /* a quad */
        "addi a2, t0, %[bits]\n\t"
        "lw a0, %[run](t0)\n\t"
        "bnez a0, 60f\n"
        "11:\n\t"
        "lw t1, %[k](t0)\n\t"
        "add t4, t3, t1\n\t"
        "add t5, t4, t1\n\t"
        "add t6, t5, t1\n\t"
        "lw t1, %[bias](t0)\n\t"
        OPEN("0", "s2", "s3")
        OPEN("4", "s4", "s5")
        OPEN("8", "s6", "s7")
        OPEN("12", "s8", "s9")
        "addi t1, t1, 16\n\t"
        "sw t1, %[bias](t0)\n\t"
        "li ra, 0\n\t"
        "lw a0, %[taps](t0)\n\t"
        "addi t2, t0, %[bits]\n\t"
        "lw t1, %[groups_end](t0)\n\t"
        "beq a0, t1, 51f\n"

        "20:\n\t"  /* the groups that a word has bits for: t1 is their end, t2 where the bits are */
        "lw s11, 0(t2)\n\t"
        "lw a1, %[bits_step](t0)\n\t"
        "add t2, t2, a1\n\t"
        "sw t2, 52(sp)\n\t"
        "addi a1, a0, %[word_bytes]\n\t"
        "bltu a1, t1, 21f\n\t"
        "mv a1, t1\n"
        "21:\n\t"
        "lw t1, %[long_chunks](t0)\n\t"
        "bnez t1, 40f\n"

        "30:\n\t"
        "bltz s11, 50f\n\t"
        "add s11, s11, s11\n\t"
        LOAD("0")
        EACH_CHANNEL(FIRST_FOUR)
        LOAD("16")
        EACH_CHANNEL(SECOND_FOUR)
        ADVANCE("8")
        "bne a0, a1, 30b\n\t"
        "j 52f\n"

        "40:\n\t"
        "bltz s11, 50f\n\t"
        "add s11, s11, s11\n\t"
        LOAD("0")
        EACH_CHANNEL(FIRST_HALF)
        LOAD("16")
        EACH_CHANNEL(SECOND_HALF)
        ADVANCE("8")
        "bne a0, a1, 40b\n\t"
        "j 52f\n"

        "50:\n\t"
        "add s11, s11, s11\n\t"
        "addi ra, ra, 1\n\t"
        LOAD("0")
        EACH_CHANNEL(FIRST_TWOS)
        "53:\n\t"
        LOAD("16")
        EACH_CHANNEL(SECOND_TWOS)
        ADVANCE("8")
        "beq a0, a1, 52f\n\t"
        "bltz s11, 50b\n\t"
        "j 21b\n"

        "52:\n\t"
        "lw t2, 52(sp)\n\t"
        "lw t1, %[groups_end](t0)\n\t"
        "bltu a0, t1, 20b\n"
        "51:\n\t"
        "lw a1, %[taps_end](t0)\n\t"
        "beq a0, a1, 54f\n\t"
        ADVANCE("-4")  /* the last four taps are the second of a group of eight */
        "j 53b\n"

        "54:\n\t"  /* the quad's sums are made */
        "lw t1, %[extra](t0)\n\t"
        "lw t2, %[surplus](t0)\n\t"
        "mul ra, ra, t1\n\t"
        "add ra, ra, t2\n\t"
        "lw t1, %[fill](t0)\n\t"
        "sub t3, t6, t1\n\t"
        "lw a0, %[multiplier](t0)\n\t"
        "lw a1, %[shift](t0)\n\t"
        "lw a2, %[zero_point](t0)\n\t"
        "lw a3, %[min](t0)\n\t"
        "lw a4, %[max](t0)\n\t"
        "li a5, 1\n\t"
        "lw s0, %[out0](t0)\n\t"
        "lw s1, %[out1](t0)\n\t"
        CLOSE("0", "s2", "s3")
        CLOSE("1", "s4", "s5")
        CLOSE("2", "s6", "s7")
        CLOSE("3", "s8", "s9")
        "lw t1, %[each](t0)\n\t"
        "add a1, a1, t1\n\t"
        "sw a1, %[shift](t0)\n\t"
        "slli t1, t1, 2\n\t"
        "add a0, a0, t1\n\t"
        "sw a0, %[multiplier](t0)\n\t"
        "addi s0, s0, 4\n\t"
        "sw s0, %[out0](t0)\n\t"
        "addi s1, s1, 4\n\t"
        "sw s1, %[out1](t0)\n\t"
        "lw t1, %[end](t0)\n\t"
        "bne s0, t1, 10b\n\t"
        "lw ra, 0(sp)\n\t"
        "lw s0, 4(sp)\n\t"
        "lw s1, 8(sp)\n\t"
        "lw s2, 12(sp)\n\t"
        "lw s3, 16(sp)\n\t"
        "lw s4, 20(sp)\n\t"
        "lw s5, 24(sp)\n\t"
        "lw s6, 28(sp)\n\t"
        "lw s7, 32(sp)\n\t"
        "lw s8, 36(sp)\n\t"
        "lw s9, 40(sp)\n\t"
        "lw s10, 44(sp)\n\t"
        "lw s11, 48(sp)\n\t"
        "addi sp, sp, 64\n\t"
        "ret\n"

        "60:\n\t"  /* the runs at a0, of two pairs of channels, to the bits at a2 */
        "lw a1, %[fours](t0)\n\t"
        "lw a3, %[chunk_fours](t0)\n\t"
        "lw a4, %[chunk_mask](t0)\n\t"
        "li a5, 2\n\t"
        "srli s1, a1, 6\n"
        "61:\n\t"
        "sw zero, 0(a2)\n\t"
        "addi a2, a2, 4\n\t"
        "addi s1, s1, -1\n\t"
        "bgez s1, 61b\n"
        "62:\n\t"
        "addi a2, t0, %[bits]\n\t"
        "li t2, 64\n\t"   /* the end of the bits of a word */
        "li s1, 0\n\t"    /* fours so far */
        "lw s0, 0(a2)\n"
        "63:\n\t"
        "lbu t1, 0(a0)\n\t"
        "addi a0, a0, 1\n\t"
        "mul t1, t1, a3\n\t"
        "add s1, s1, t1\n"
        "64:\n\t"
        "bgeu s1, t2, 65f\n\t"
        "bgeu s1, a1, 66f\n\t"
        "srli t1, s1, 1\n\t"
        "srl t1, a4, t1\n\t"
        "or s0, s0, t1\n\t"
        "add s1, s1, a3\n\t"
        "bltu s1, a1, 63b\n\t"
        "j 66f\n"
        "65:\n\t"
        "bgeu s1, a1, 66f\n\t"
        "sw s0, 0(a2)\n\t"
        "addi a2, a2, 4\n\t"
        "lw s0, 0(a2)\n\t"
        "addi t2, t2, 64\n\t"
        "j 64b\n"
        "66:\n\t"
        "sw s0, 0(a2)\n\t"
        "addi a5, a5, -1\n\t"
        "bnez a5, 62b\n\t"
        "sw a0, %[run](t0)\n\t"
        "j 11b\n"
        :
        : [w] "i"(offsetof(quads, w)), [k] "i"(offsetof(quads, k)), [fill] "i"(offsetof(quads, fill)),
          [taps] "i"(offsetof(quads, taps)), [groups_end] "i"(offsetof(quads, groups_end)),
          [taps_end] "i"(offsetof(quads, taps_end)), [bias] "i"(offsetof(quads, bias)),
          [multiplier] "i"(offsetof(quads, multiplier)), [shift] "i"(offsetof(quads, shift)),
          [each] "i"(offsetof(quads, each)),
          [zero_point] "i"(offsetof(quads, zero_point)), [min] "i"(offsetof(quads, min)), [max] "i"(offsetof(quads, max)),
          [out0] "i"(offsetof(quads, out0)), [out1] "i"(offsetof(quads, out1)), [end] "i"(offsetof(quads, end)),
          [long_chunks] "i"(offsetof(quads, long_chunks)), [surplus] "i"(offsetof(quads, surplus)),
          [extra] "i"(offsetof(quads, extra)), [run] "i"(offsetof(quads, run)), [fours] "i"(offsetof(quads, fours)),
          [chunk_fours] "i"(offsetof(quads, chunk_fours)), [chunk_mask] "i"(offsetof(quads, chunk_mask)),
          [bits_step] "i"(offsetof(quads, bits_step)), [bits] "i"(offsetof(quads, bits)),
          [word_bytes] "i"(WORD * GROUP * sizeof(uint32_t)));
}

/* Whether the runs of the first two channels have an exception in every third group or more. Then all groups, of all
 * channels, are emptied every two, which costs less than to tell them apart. */
static uint32_t is_dense(const uint8_t *run, uint32_t fours, uint32_t chunk_fours) {
    uint32_t exceptions = 0;
    for (uint32_t at = *run * chunk_fours; at < fours; exceptions++) {
        at += chunk_fours;
        at += at < fours ? *++run * chunk_fours : 0;
    }
    return exceptions * 6 > fours;
}

/* One channel of any stage. */
static void run_channel(const ti_matmul *mm, const ti_pair *p, uint32_t c, int8_t *out0, int8_t *out1) {
    const int8_t *w = mm->weights + c * mm->k;
    uint32_t sums[2] = {0, 0};
    for (uint32_t i = 0; i < mm->k; i++) {
        int32_t x0 = (int16_t)p->taps[i], x1 = (int32_t)(p->taps[i] - (uint32_t)x0) >> 16;
        sums[0] += (uint32_t)(x0 * w[i]);
        sums[1] += (uint32_t)(x1 * w[i]);
    }
    out0[c] = ti_stage_apply(&mm->stage, sums[0], c);
    out1[c] = ti_stage_apply(&mm->stage, sums[1], c);
}

void ti_pair_put(const ti_pair *p, uint32_t at, const int8_t *x0, const int8_t *x1, uint32_t n) {
    uint32_t *to = p->taps + at, *past = to + n;
    for (; past - to >= 4; to += 4, x0 += 4, x1 += 4) {
        to[0] = (uint32_t)x0[0] + ((uint32_t)x1[0] << 16);
        to[1] = (uint32_t)x0[1] + ((uint32_t)x1[1] << 16);
        to[2] = (uint32_t)x0[2] + ((uint32_t)x1[2] << 16);
        to[3] = (uint32_t)x0[3] + ((uint32_t)x1[3] << 16);
    }
    while (to != past) {
        *to++ = (uint32_t)*x0++ + ((uint32_t)*x1++ << 16);
    }
}

void ti_pair_run(const ti_matmul *mm, const ti_pair *p, int8_t *out0, int8_t *out1) {
    const ti_stage *stage = &mm->stage;
    const uint32_t chunk = mm->chunk, groups = p->count / GROUP, tail = p->count / 4 & 1, out_c = mm->out_c;
    if (!stage->quick || out_c < QUAD) {
        for (uint32_t c = 0; c < out_c; c++) {
            run_channel(mm, p, c, out0, out1);
        }
        return;
    }
    int32_t multiplier[QUAD];
    int8_t shift[QUAD];
    quads q;
    q.multiplier = stage->multiplier;
    q.shift = stage->shift;
    q.each = stage->channel_mask & QUAD;
    if (!q.each) {
        multiplier[0] = multiplier[1] = multiplier[2] = multiplier[3] = *q.multiplier;
        shift[0] = shift[1] = shift[2] = shift[3] = *q.shift;
        q.multiplier = multiplier;
        q.shift = shift;
    }
    q.w = mm->weights;
    q.k = mm->k;
    q.fill = p->count - mm->k;
    q.taps = p->taps;
    q.groups_end = p->taps + groups * GROUP;
    q.taps_end = p->taps + p->count;
    q.bias = stage->bias;
    q.zero_point = stage->zero_point;
    q.min = stage->min;
    q.max = stage->max;
    q.out0 = out0;
    q.out1 = out1;
    q.end = out0 + out_c / QUAD * QUAD;
    q.long_chunks = chunk % GROUP == 0;
    q.surplus = HALF * ((2 - q.long_chunks) * groups + 2 * tail);
    q.extra = HALF * (2 + q.long_chunks);
    q.run = mm->runs;
    q.fours = p->count / 4;
    q.chunk_fours = chunk / 4;
    q.chunk_mask = 0 - (0x80000000u >> (q.long_chunks ? chunk / GROUP - 1 : 0) % WORD);
    q.bits_step = sizeof(uint32_t);
    if (!q.run) {
        q.bits[0] = 0;
        q.bits_step = 0;
    } else if ((chunk & (chunk - 1)) || chunk > WORD * GROUP || p->count >= WORDS * WORD * GROUP
               || is_dense(q.run, q.fours, q.chunk_fours)) {
        q.run = 0;
        q.bits[0] = 0xFFFFFFFF;
        q.bits_step = 0;
    }
    run_quads(&q);
    if (out_c % QUAD) {  /* the last four channels, some of them again; every two taps are right for all weights */
        const uint32_t back = QUAD - out_c % QUAD;
        q.w = mm->weights + (out_c - QUAD) * mm->k;
        q.bias -= back;
        q.multiplier -= q.each ? back : 0;
        q.shift -= q.each ? back : 0;
        q.out0 -= back;
        q.out1 -= back;
        q.end = out0 + out_c;
        q.run = 0;
        q.bits[0] = 0xFFFFFFFF;
        q.bits_step = 0;
        run_quads(&q);
    }
}

#endif
