/* A QEMU TCG plugin that counts executed instructions between marks. machines.py compiles it and has QEMU load it:
 *   -plugin counter.so,mark=ADDRESS,mark_bytes=N,slots=ADDRESS,n_slots=N,out=FILE
 *
 * The program marks what it does next by a store to slots[i], from its function at mark .. mark + mark_bytes. What it
 * executes up to the next mark counts for slot i. At exit FILE receives a line "visits instructions" for each slot.
 *
 * Counted are whole translation blocks, as they start. A block ends early only by an exception, an interrupt or a
 * debugger, and between its marks the program has none; tests/test_count.py holds the counts against loops of known
 * length.
 *
 * Debian has no package with QEMU's plugin header: the few functions used are declared here. They are the same in
 * versions 1 (QEMU 7.2) to 4 (QEMU 10.0) of the interface.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
typedef uint32_t memory_info;
struct block;
struct instruction;

enum { NO_REGISTERS = 0, WRITES = 2 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*callback)(plugin_id id, struct block *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct block *tb, void (*callback)(unsigned vcpu, void *data), int flags,
                                          void *data);
void qemu_plugin_register_vcpu_mem_cb(struct instruction *i,
                                      void (*callback)(unsigned vcpu, memory_info info, uint64_t address, void *data),
                                      int flags, int rw, void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*callback)(plugin_id id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct block *tb);
struct instruction *qemu_plugin_tb_get_insn(const struct block *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct instruction *i);
void *qemu_plugin_scoreboard_new(size_t bytes) __attribute__((weak)); /* not in version 1 */

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* QEMU 9 and later refuse version 1. */
__attribute__((constructor)) static void choose_version(void) {
    if (qemu_plugin_scoreboard_new) {
        qemu_plugin_version = 2;
    }
}

typedef struct {
    uint64_t visits, instructions;
} slot;

static uint64_t mark, mark_bytes, slots_address, n_slots;
static const char *out;
static slot *slots;
static uint64_t executed, executed_at_mark, current;

static void on_block(unsigned vcpu, void *instructions) {
    (void)vcpu;
    executed += (uintptr_t)instructions;
}

static void on_store(unsigned vcpu, memory_info info, uint64_t address, void *data) {
    (void)vcpu, (void)info, (void)data;
    uint64_t index = (address - slots_address) / 4;
    if (address < slots_address || index >= n_slots) {
        return;
    }
    slots[current].instructions += executed - executed_at_mark;
    executed_at_mark = executed;
    current = index;
    slots[current].visits++;
}

static void on_translation(plugin_id id, struct block *tb) {
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, NO_REGISTERS, (void *)n);
    for (size_t i = 0; i < n; i++) {
        struct instruction *instruction = qemu_plugin_tb_get_insn(tb, i);
        if (qemu_plugin_insn_vaddr(instruction) - mark < mark_bytes) {
            qemu_plugin_register_vcpu_mem_cb(instruction, on_store, NO_REGISTERS, WRITES, NULL);
        }
    }
}

static void on_exit_of_qemu(plugin_id id, void *data) {
    (void)id, (void)data;
    FILE *file = fopen(out, "w");
    for (uint64_t i = 0; file && i < n_slots; i++) {
        fprintf(file, "%" PRIu64 " %" PRIu64 "\n", slots[i].visits, slots[i].instructions);
    }
    if (!file || fclose(file)) {
        perror(out);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
    (void)info;
    struct { const char *name; uint64_t *value; } numbers[] = {
        {"mark=", &mark}, {"mark_bytes=", &mark_bytes}, {"slots=", &slots_address}, {"n_slots=", &n_slots},
    };
    for (int i = 0; i < argc; i++) {
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            size_t length = strlen(numbers[j].name);
            if (!strncmp(argv[i], numbers[j].name, length)) {
                *numbers[j].value = strtoull(argv[i] + length, NULL, 0);
            }
        }
        if (!strncmp(argv[i], "out=", 4)) {
            out = strdup(argv[i] + 4);
        }
    }
    slots = calloc(n_slots, sizeof *slots);
    if (!mark_bytes || !n_slots || !out || !slots) {
        fprintf(stderr, "counter: an argument is missing\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
