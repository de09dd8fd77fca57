/* The `_tinyinfer` module: the C core as MicroPython sees it. One file for the native .mpy (py/dynruntime.h) and for
 * the user C module; MicroPython 1.23 or later.
 *
 *     check(blob) -> pool_bytes
 *     Engine(blob, pool)              pool None: the engine makes a bytearray of exactly pool_bytes
 *     engine.run()                    to the end from where the run stands
 *     engine.step(n) -> bool          make the next n output rows; False when the run has ended
 *     engine.op() -> int              the op whose row comes next
 *     engine.feed(rows, flip) -> bool
 *     engine.restart()
 *     engine.reset()
 *     engine.fill(seed)               the selftest's input
 *     engine.selftest() -> int        first op whose CRC differs, or -1
 *     engine.write(offset, data, flip)    pool[offset + i] = data[i] ^ flip
 *     engine.pool() -> the pool
 *     ARCH                            "x64", "armv6m", … for a native .mpy, "c" for the user module
 *
 * A bad blob or pool is ValueError(code, place, index, a, b), the fields of ti_fault. Nothing but Engine() and
 * selftest() allocates. The blob and the pool must not change size while an engine holds them, and a writable blob must
 * not be written to: it was checked once.
 */
#include <string.h>

#if MICROPY_ENABLE_DYNRUNTIME
#include "py/dynruntime.h"
#else
#include "py/binary.h"
#include "py/objstr.h"
#include "py/runtime.h"
#endif

#include "ti_core.h"

#ifndef TI_ARCH
#define TI_ARCH "c"
#endif

#if MICROPY_ENABLE_DYNRUNTIME
/* A native .mpy may hold no static BSS, so these are global. The exception types are looked up once, on import: a later
 * look-up would go through the globals of whoever calls. */
mp_obj_full_type_t tinyinfer_engine_type;
const mp_obj_type_t *tinyinfer_type_error;
const mp_obj_type_t *tinyinfer_value_error;
const mp_obj_type_t *tinyinfer_bytearray;
#define ENGINE_TYPE ((const mp_obj_type_t *)&tinyinfer_engine_type)
#define TYPE_ERROR tinyinfer_type_error
#define VALUE_ERROR tinyinfer_value_error
#define BYTEARRAY tinyinfer_bytearray

/* What the compiler and the core call; a native .mpy links no libc. */
void *memcpy(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

void *memmove(void *to, const void *from, size_t n) {
    return mp_fun_table.memmove_(to, from, n);
}

void *memset(void *to, int value, size_t n) {
    return mp_fun_table.memset_(to, value, n);
}
#else
extern const mp_obj_type_t tinyinfer_engine_type;
#define ENGINE_TYPE (&tinyinfer_engine_type)
#define TYPE_ERROR (&mp_type_TypeError)
#define VALUE_ERROR (&mp_type_ValueError)
#define BYTEARRAY (&mp_type_bytearray)
#endif

typedef struct {
    mp_obj_base_t base;
    mp_obj_t blob; /* the two objects, so that the garbage collector keeps them */
    mp_obj_t pool;
    ti_model model;
    uint32_t blob_bytes; /* as it was when checked */
} engine_t;

static void raise_fault(ti_fault fault) {
    mp_obj_t args[] = {
        MP_OBJ_NEW_SMALL_INT(fault.code),   MP_OBJ_NEW_SMALL_INT(fault.place),   MP_OBJ_NEW_SMALL_INT(fault.index),
        mp_obj_new_int_from_uint(fault.a), mp_obj_new_int_from_uint(fault.b),
    };
    nlr_raise(mp_call_function_n_kw(MP_OBJ_FROM_PTR(VALUE_ERROR), MP_ARRAY_SIZE(args), 0, args));
}

static mp_obj_t new_bytearray(size_t bytes) {
    mp_obj_t size = mp_obj_new_int_from_uint(bytes);
    return mp_call_function_n_kw(MP_OBJ_FROM_PTR(BYTEARRAY), 1, 0, &size);
}

/* A buffer of single bytes. */
static mp_buffer_info_t get_bytes(mp_obj_t obj, mp_uint_t access) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, access);
    if (mp_binary_get_size('@', info.typecode, NULL) != 1) {
        mp_raise_msg(TYPE_ERROR, MP_ERROR_TEXT("a buffer of bytes is needed"));
    }
    return info;
}

static mp_buffer_info_t get_checked_blob(mp_obj_t obj) {
    mp_buffer_info_t blob = get_bytes(obj, MP_BUFFER_READ);
    ti_fault fault = ti_check(blob.buf, blob.len);
    if (fault.code != TI_OK) {
        raise_fault(fault);
    }
    return blob;
}

/* The engine behind `self`, whatever a caller passes as such, its two buffers still being where they were. */
static engine_t *get_engine(mp_obj_t self_in) {
    if (mp_obj_get_type(self_in) != ENGINE_TYPE) {
        mp_raise_msg(TYPE_ERROR, MP_ERROR_TEXT("an Engine is needed"));
    }
    engine_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t blob, pool;
    mp_get_buffer_raise(self->blob, &blob, MP_BUFFER_READ);
    mp_get_buffer_raise(self->pool, &pool, MP_BUFFER_RW);
    if (blob.buf != self->model.blob || blob.len < self->blob_bytes || pool.buf != self->model.pool
        || pool.len < self->model.header->pool_bytes) {
        mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("the blob or the pool was resized"));
    }
    return self;
}

static mp_obj_t engine_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 2, 2, false);
    mp_buffer_info_t blob = get_checked_blob(args[0]);
    mp_obj_t pool_obj = args[1];
    if (pool_obj == mp_const_none) {
        pool_obj = new_bytearray(((const ti_header *)blob.buf)->pool_bytes);
    }
    mp_buffer_info_t pool = get_bytes(pool_obj, MP_BUFFER_RW);
    /* Or a run would overwrite what was checked. */
    if ((uintptr_t)pool.buf < (uintptr_t)blob.buf + blob.len && (uintptr_t)blob.buf < (uintptr_t)pool.buf + pool.len) {
        mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("the pool overlaps the blob"));
    }
    engine_t *self = mp_obj_malloc(engine_t, ENGINE_TYPE);
    self->blob = args[0];
    self->pool = pool_obj;
    self->blob_bytes = ((const ti_header *)blob.buf)->blob_bytes;
    ti_fault fault = ti_open(&self->model, blob.buf, pool.buf, pool.len);
    if (fault.code != TI_OK) {
        raise_fault(fault);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t engine_run(mp_obj_t self_in) {
    return ti_run(&get_engine(self_in)->model) == TI_DONE ? mp_const_true : mp_const_false;
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_run_obj, engine_run);

static mp_obj_t engine_step(mp_obj_t self_in, mp_obj_t n_in) {
    engine_t *self = get_engine(self_in);
    for (mp_int_t n = mp_obj_get_int_truncated(n_in); n > 0; n--) {
        int progress = ti_step_row(&self->model);
        if (progress != TI_MORE) {
            return progress == TI_WAITS ? mp_const_true : mp_const_false;
        }
    }
    return mp_const_true;
}
static MP_DEFINE_CONST_FUN_OBJ_2(engine_step_obj, engine_step);

static mp_obj_t engine_feed(mp_obj_t self_in, mp_obj_t data_in, mp_obj_t flip_in) {
    engine_t *self = get_engine(self_in);
    ti_model *m = &self->model;
    mp_buffer_info_t data = get_bytes(data_in, MP_BUFFER_READ);
    uint8_t flip = (uint8_t)mp_obj_get_int_truncated(flip_in);
    const ti_io *io = (const void *)(m->blob + m->header->io);
    const ti_tensor *t = &m->tensors[io->tensor];
    if (m->header->n_inputs == 0 || !io->stream || data.len % t->row_bytes) {
        mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("feed() takes whole rows of a streamed input"));
    }
    if (data.len / t->row_bytes > (size_t)(t->rows - m->fed)) {
        mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("feed() got more rows than are left of the input"));
    }
    int progress = TI_WAITS;
    for (size_t at = 0; at < data.len; at += t->row_bytes) {
        progress = ti_feed(m, (const uint8_t *)data.buf + at, flip);
        if (progress == TI_MORE) {
            mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("feed() got a row that the model does not wait for"));
        }
    }
    return progress == TI_DONE ? mp_const_true : mp_const_false;
}
static MP_DEFINE_CONST_FUN_OBJ_3(engine_feed_obj, engine_feed);

static mp_obj_t engine_op(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(ti_next_op(&get_engine(self_in)->model));
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_op_obj, engine_op);

static mp_obj_t engine_restart(mp_obj_t self_in) {
    ti_restart(&get_engine(self_in)->model);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_restart_obj, engine_restart);

static mp_obj_t engine_reset(mp_obj_t self_in) {
    ti_reset(&get_engine(self_in)->model);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_reset_obj, engine_reset);

static mp_obj_t engine_fill(mp_obj_t self_in, mp_obj_t seed) {
    ti_fill_inputs(&get_engine(self_in)->model, (uint16_t)mp_obj_get_int_truncated(seed));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(engine_fill_obj, engine_fill);

static mp_obj_t engine_selftest(mp_obj_t self_in) {
    engine_t *self = get_engine(self_in);
    mp_buffer_info_t crc;
    mp_get_buffer_raise(new_bytearray(self->model.header->n_ops * sizeof(uint32_t)), &crc, MP_BUFFER_RW);
    return MP_OBJ_NEW_SMALL_INT(ti_selftest(&self->model, crc.buf));
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_selftest_obj, engine_selftest);

static mp_obj_t engine_write(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    engine_t *self = get_engine(args[0]);
    mp_uint_t offset = mp_obj_get_int_truncated(args[1]);
    mp_buffer_info_t data = get_bytes(args[2], MP_BUFFER_READ);
    uint8_t flip = (uint8_t)mp_obj_get_int_truncated(args[3]);
    uint32_t pool_bytes = self->model.header->pool_bytes;
    if (offset > pool_bytes || data.len > pool_bytes - offset) {
        mp_raise_msg(VALUE_ERROR, MP_ERROR_TEXT("a write outside the pool"));
    }
    uint8_t *to = self->model.pool + offset;
    memmove(to, data.buf, data.len);
    if (flip) {
        for (size_t i = 0; i < data.len; i++) {
            to[i] ^= flip;
        }
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(engine_write_obj, 4, 4, engine_write);

static mp_obj_t engine_pool(mp_obj_t self_in) {
    return get_engine(self_in)->pool;
}
static MP_DEFINE_CONST_FUN_OBJ_1(engine_pool_obj, engine_pool);

static mp_obj_t module_check(mp_obj_t blob) {
    return mp_obj_new_int_from_uint(((const ti_header *)get_checked_blob(blob).buf)->pool_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(module_check_obj, module_check);

/* The names are spelled out: mpy_ld collects a native .mpy's qstrs from the unpreprocessed source. */
#define ENGINE_METHODS(METHOD)                                                                                        \
    METHOD(MP_QSTR_run, engine_run_obj)                                                                               \
    METHOD(MP_QSTR_step, engine_step_obj)                                                                             \
    METHOD(MP_QSTR_op, engine_op_obj)                                                                                 \
    METHOD(MP_QSTR_feed, engine_feed_obj)                                                                       \
    METHOD(MP_QSTR_restart, engine_restart_obj)                                                                       \
    METHOD(MP_QSTR_reset, engine_reset_obj)                                                                         \
    METHOD(MP_QSTR_fill, engine_fill_obj)                                                                             \
    METHOD(MP_QSTR_selftest, engine_selftest_obj)                                                                     \
    METHOD(MP_QSTR_write, engine_write_obj)                                                                           \
    METHOD(MP_QSTR_pool, engine_pool_obj)

#if MICROPY_ENABLE_DYNRUNTIME

#define COUNT(name, function) +1
mp_map_elem_t tinyinfer_engine_locals_table[0 ENGINE_METHODS(COUNT)];
static MP_DEFINE_CONST_DICT(engine_locals, tinyinfer_engine_locals_table);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    tinyinfer_type_error = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_TypeError));
    tinyinfer_value_error = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_ValueError));
    tinyinfer_bytearray = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_bytearray));

    mp_map_elem_t *entry = tinyinfer_engine_locals_table;
#define ENTRY(name, function) *entry++ = (mp_map_elem_t){MP_OBJ_NEW_QSTR(name), MP_OBJ_FROM_PTR(&function)};
    ENGINE_METHODS(ENTRY)
    tinyinfer_engine_type.base.type = &mp_type_type;
    tinyinfer_engine_type.name = MP_QSTR_Engine;
    MP_OBJ_TYPE_SET_SLOT(&tinyinfer_engine_type, make_new, engine_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&tinyinfer_engine_type, locals_dict, (void *)&engine_locals, 1);

    mp_store_global(MP_QSTR_Engine, MP_OBJ_FROM_PTR(&tinyinfer_engine_type));
    mp_store_global(MP_QSTR_check, MP_OBJ_FROM_PTR(&module_check_obj));
    mp_store_global(MP_QSTR_ARCH, mp_obj_new_str(TI_ARCH, sizeof(TI_ARCH) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}

#else

#define ENTRY(name, function) {MP_ROM_QSTR(name), MP_ROM_PTR(&function)},
static const mp_rom_map_elem_t engine_locals_table[] = {ENGINE_METHODS(ENTRY)};
static MP_DEFINE_CONST_DICT(engine_locals, engine_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(tinyinfer_engine_type, MP_QSTR_Engine, MP_TYPE_FLAG_NONE, make_new, engine_make_new,
    locals_dict, &engine_locals);

static MP_DEFINE_STR_OBJ(arch_obj, TI_ARCH);

static const mp_rom_map_elem_t module_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__tinyinfer)},
    {MP_ROM_QSTR(MP_QSTR_Engine), MP_ROM_PTR(&tinyinfer_engine_type)},
    {MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&module_check_obj)},
    {MP_ROM_QSTR(MP_QSTR_ARCH), MP_ROM_PTR(&arch_obj)},
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t tinyinfer_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR__tinyinfer, tinyinfer_module);

#endif
