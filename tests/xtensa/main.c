// MicroPython as a Linux process on Xtensa:   micropython SCRIPT FOLDER...
//
// Runs a script; what it imports lies in one of the folders. Memory is never collected.
#include <string.h>

#include "py/builtin.h"
#include "py/compile.h"
#include "py/gc.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "py/stackctrl.h"
#include "system.h"

static char heap[192 << 20];

static int run(const char *path) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        mp_lexer_t *lexer = mp_lexer_new_from_file(qstr_from_str(path));
        qstr name = lexer->source_name;
        mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
        mp_call_function_0(mp_compile(&tree, name, false));
        nlr_pop();
        return 0;
    }
    mp_obj_t exception = MP_OBJ_FROM_PTR(nlr.ret_val);
    if (mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(exception)), MP_OBJ_FROM_PTR(&mp_type_SystemExit))) {
        return 0;
    }
    mp_obj_print_exception(&mp_plat_print, exception);
    return 1;
}

// The stack as Linux sets it up: the number of arguments, and the arguments.
__attribute__((used)) _Noreturn void start(uintptr_t *stack) {
    int argc = (int)stack[0];
    char **argv = (char **)(stack + 1);
    mp_stack_ctrl_init();
    mp_stack_set_limit(1 << 20);
    gc_init(heap, heap + sizeof heap);
    mp_init();
    for (int i = 2; i < argc; i++) {
        mp_obj_list_append(mp_sys_path, mp_obj_new_str(argv[i], strlen(argv[i])));
    }
    system_exit(argc > 1 ? run(argv[1]) : 2);
}

void gc_collect(void) {
}

mp_import_stat_t mp_import_stat(const char *path) {
    int fd = system_open(path);
    char byte;
    if (fd < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    int n = system_read(fd, &byte, 1); // of a folder an error
    system_close(fd);
    return n < 0 ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE;
}

void mp_reader_new_file(mp_reader_t *reader, qstr filename) {
    int fd = system_open(qstr_str(filename));
    if (fd < 0) {
        mp_raise_OSError_with_filename(MP_ENOENT, qstr_str(filename));
    }
    vstr_t data;
    vstr_init(&data, 1 << 16);
    for (;;) {
        char *to = vstr_add_len(&data, 1 << 12);
        int n = system_read(fd, to, 1 << 12);
        vstr_cut_tail_bytes(&data, (1 << 12) - (n > 0 ? n : 0));
        if (n <= 0) {
            break;
        }
    }
    system_close(fd);
    mp_reader_new_mem(reader, (const byte *)data.buf, data.len, 0);
}

mp_lexer_t *mp_lexer_new_from_file(qstr filename) {
    mp_reader_t reader;
    mp_reader_new_file(&reader, filename);
    return mp_lexer_new(filename, reader);
}

int mp_hal_stdin_rx_chr(void) {
    uint8_t byte;
    if (system_read(0, &byte, 1) != 1) {
        system_exit(0);
    }
    return byte;
}

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t n) {
    size_t written = 0;
    while (written < n) {
        int m = system_write(1, text + written, n - written);
        if (m <= 0) {
            system_exit(3);
        }
        written += (size_t)m;
    }
    return written;
}

uintptr_t mp_hal_stdio_poll(uintptr_t events) {
    return events;
}

// The native emitter's complaint about jumps that are too far.
int puts(const char *text) {
    mp_hal_stdout_tx_strn(text, strlen(text));
    return 0;
}

void nlr_jump_fail(void *value) {
    (void)value;
    system_exit(4);
}
