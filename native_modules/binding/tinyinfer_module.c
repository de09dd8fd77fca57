/* The `_tinyinfer` module: the C core as MicroPython sees it. One file for the native .mpy (py/dynruntime.h) and for
 * the user C module; MicroPython 1.23 or later.
 *
 *     check(blob) -> pool_bytes
 *     Engine(blob, pool)              pool None: the engine makes a bytearray of exactly pool_bytes. Other models may use
 *                                     one that is given between two inferences: the state lies in a bytearray beside it
 *     Engine(blob, pool, state)       for the next part of a model: pool() and state() of the engine of the first
 *     Engine(blob, pool, None, load)  of a blob with segments what comes before them: load(i) reads segment i into its
 *                                     window in the pool, and is called when its ops run
 *     engine.reopen()                 the blob's bytes are others now: prove them, and start over; the state stays
 *     engine.run()                    to the end from where the run stands
 *     engine.step(n) -> bool          make the next n output rows; False when the run has ended
 *     engine.op() -> int              the op whose row comes next
 *     engine.feed(rows, flip) -> bool
 *     engine.restart()
 *     engine.reset()
 *     engine.fill(seed)               the selftest's input
 *     engine.selftest() -> int        first op whose CRC differs, or -1
 *     engine.busy() -> bool           the run stands in the middle of an inference
 *     engine.write(tensor, data, flip)    the first bytes of a tensor = each of data ^ flip
 *     engine.pool() -> the pool
 *     engine.state() -> where the state is: the pool, or a bytearray of its own
 *     checksum(sum, data) -> int      SPEC.md's, continued from `sum`, 0 at first; of whole groups but for the last data
 *     BACKEND                         "native x64, SSE2", "user module, C": whose inner loops, too (TI_FORM)
 *
 * A build of some parts only (ti_parts.h) has no feed, reopen, fill and selftest, checksum, or `load` where it lacks what they
 * are for.
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

#include "ti_config.h"
#include "ti_core.h"
#include "ti_kernels.h"

#ifdef TI_ARCH  /* a native .mpy for it */
#define BACKEND "native " TI_ARCH ", " TI_FORM
#else
#define BACKEND "user module, " TI_FORM
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

#if defined(__xtensa__)
/* mpy_ld links the address of the table of qstrs, but none of an element of it, which the compiler would make of an index. */
static inline const uint16_t *qstr_table(void) {
    const uint16_t *table = mp_native_qstr_table;
    __asm__("" : "+r"(table));
    return table;
}
#define mp_native_qstr_table (qstr_table())
#endif

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
    mp_obj_t blob; /* the objects, so that the garbage collector keeps them */
    mp_obj_t pool;
    mp_obj_t state;
    mp_obj_t load; /* MP_OBJ_NULL where all of the blob is there */
    ti_model model;
    uint32_t blob_bytes; /* as it was when checked */
} engine_t;

/* The rest of the module in the fewest bytes: a native .mpy reaches the interpreter through a table, which each function that
 * does so looks up anew. */
static __attribute__((noinline)) void raise_value_error(mp_rom_error_text_t message) {
    mp_raise_msg(VALUE_ERROR, message);
}

static __attribute__((noinline)) mp_obj_t none(void) {
    return mp_const_none;
}

static __attribute__((noinline)) mp_obj_t boolean(int x) {
    return x ? mp_const_true : mp_const_false;
}

static __attribute__((noinline)) mp_buffer_info_t get_buffer(mp_obj_t obj, mp_uint_t access) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(obj, &info, access);
    return info;
}

__attribute__((noreturn)) static void raise_fault(const ti_fault *fault) {
    mp_obj_t args[] = {
        MP_OBJ_NEW_SMALL_INT(fault->code),   MP_OBJ_NEW_SMALL_INT(fault->place),   MP_OBJ_NEW_SMALL_INT(fault->index),
        mp_obj_new_int_from_uint(fault->a), mp_obj_new_int_from_uint(fault->b),
    };
    nlr_raise(mp_call_function_n_kw(MP_OBJ_FROM_PTR(VALUE_ERROR), MP_ARRAY_SIZE(args), 0, args));
}

void ti_leave(ti_proof *p) {
    raise_fault(&p->fault);
}

static mp_obj_t new_bytearray(size_t bytes) {
    mp_obj_t size = mp_obj_new_int_from_uint(bytes);
    return mp_call_function_n_kw(MP_OBJ_FROM_PTR(BYTEARRAY), 1, 0, &size);
}

/* A buffer of single bytes. */
static mp_buffer_info_t get_bytes(mp_obj_t obj, mp_uint_t access) {
    mp_buffer_info_t info = get_buffer(obj, access);
    if (mp_binary_get_size('@', info.typecode, NULL) != 1) {
        mp_raise_msg(TYPE_ERROR, MP_ERROR_TEXT("bytes are needed"));
    }
    return info;
}

static mp_buffer_info_t get_checked_blob(mp_obj_t obj, int resident) {
    mp_buffer_info_t blob = get_bytes(obj, MP_BUFFER_READ);
    ti_proof p = {0};
    ti_prove_blob(&p, blob.buf, blob.len, resident);
    return blob;
}

/* The engine behind `self`, whatever a caller passes as such. */
static engine_t *as_engine(mp_obj_t self_in) {
    if (mp_obj_get_type(self_in) != ENGINE_TYPE) {
        mp_raise_msg(TYPE_ERROR, MP_ERROR_TEXT("not an Engine"));
    }
    return MP_OBJ_TO_PTR(self_in);
}

/* The same, its buffers still being where they were. */
static engine_t *get_engine(mp_obj_t self_in) {
    engine_t *self = as_engine(self_in);
    mp_buffer_info_t blob = get_buffer(self->blob, MP_BUFFER_READ);
    mp_buffer_info_t pool = get_buffer(self->pool, MP_BUFFER_RW);
    mp_buffer_info_t state = get_buffer(self->state, MP_BUFFER_RW);
    const ti_model *m = &self->model;
    int moved = blob.buf != m->header || blob.len < self->blob_bytes;
    if (!moved) { /* and the header can be read */
        uint32_t beside = self->state == self->pool ? 0 : m->header->state_bytes;
        moved = (uintptr_t)pool.buf - beside != m->base[TI_POOL] || pool.len < m->header->pool_bytes - beside
            || (uintptr_t)state.buf != m->base[TI_STATE] || state.len < m->header->state_bytes;
    }
    if (moved) {
        raise_value_error(MP_ERROR_TEXT("a buffer was resized"));
    }
    return self;
}

static int overlap(mp_buffer_info_t a, mp_buffer_info_t b) {
    return (uintptr_t)a.buf < (uintptr_t)b.buf + b.len && (uintptr_t)b.buf < (uintptr_t)a.buf + a.len;
}

/* Set up the model of an engine whose blob was checked; the state stays as it is. */
static void open_blob(engine_t *self, mp_buffer_info_t blob) {
    const ti_header *h = blob.buf;
    mp_buffer_info_t pool = get_bytes(self->pool, MP_BUFFER_RW), state = {0};
    int fits = !overlap(pool, blob); /* or a run would overwrite what was checked */
    if (self->state != self->pool) {
        state = get_bytes(self->state, MP_BUFFER_RW);
        fits = fits && !overlap(state, blob) && state.len >= h->state_bytes;
    }
    if (!fits) {
        raise_value_error(MP_ERROR_TEXT("pool or state does not fit"));
    }
    ti_fault fault = ti_continue(&self->model, blob.buf, pool.buf, pool.len, state.buf);
    if (fault.code != TI_OK) {
        raise_fault(&fault);
    }
    self->blob_bytes = TI_HAS(SEGMENTS) && self->load ? (uint32_t)blob.len : h->blob_bytes;
}

#if TI_HAS(SEGMENTS)
/* ti_loader: Python reads the file. */
static int load_segment(ti_model *m, uint32_t segment) {
    engine_t *self = (void *)((uint8_t *)m - offsetof(engine_t, model));
    mp_obj_t index = MP_OBJ_NEW_SMALL_INT(segment);
    mp_call_function_n_kw(self->load, 1, 0, &index);
    get_engine(MP_OBJ_FROM_PTR(self)); /* whatever that did */
    return 1;
}

/* What is wrong is raised, not returned. */
ti_fault ti_check_data(const ti_model *m, const ti_op *op) {
    ti_proof p = {0};
    ti_prove_data(&p, m, op);
    return p.fault;
}
#else
#define load_segment NULL
#endif

static mp_obj_t engine_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 2, 4, false);
    mp_buffer_info_t blob = get_checked_blob(args[0], n_args > 3);
    const ti_header *h = blob.buf;
    int shared = args[1] != mp_const_none;
    mp_obj_t pool_obj = shared ? args[1] : new_bytearray(h->pool_bytes);
    mp_obj_t state_obj = n_args > 2 && args[2] != mp_const_none ? args[2] : shared && h->state_bytes ? new_bytearray(h->state_bytes) : pool_obj;
    engine_t *self = mp_obj_malloc(engine_t, ENGINE_TYPE);
    self->blob = args[0];
    self->pool = pool_obj;
    self->state = state_obj;
    self->load = n_args > 3 ? args[3] : MP_OBJ_NULL;
    open_blob(self, blob);
    self->model.load = self->load ? load_segment : NULL;
    ti_reset(&self->model);
    return MP_OBJ_FROM_PTR(self);
}

#if TI_HAS(REOPEN)
static mp_obj_t engine_reopen(mp_obj_t self_in) {
    engine_t *self = as_engine(self_in);
    self->blob_bytes = UINT32_MAX; /* until it is proved, nothing of it is used */
    open_blob(self, get_checked_blob(self->blob, 0));
    return none();
}
#endif

static mp_obj_t engine_run(mp_obj_t self_in) {
    ti_model *m = &get_engine(self_in)->model;
    int progress = ti_run(m);
    return boolean(progress == TI_DONE);
}

static mp_obj_t engine_step(mp_obj_t self_in, mp_obj_t n_in) {
    engine_t *self = get_engine(self_in);
    for (mp_int_t n = mp_obj_get_int_truncated(n_in); n > 0; n--) {
        int progress = ti_step_row(&self->model);
        if (progress != TI_MORE) {
            return boolean(progress == TI_WAITS);
        }
    }
    return mp_const_true;
}

#if TI_HAS(FEED)
static mp_obj_t engine_feed(mp_obj_t self_in, mp_obj_t data_in, mp_obj_t flip_in) {
    engine_t *self = get_engine(self_in);
    ti_model *m = &self->model;
    mp_buffer_info_t data = get_bytes(data_in, MP_BUFFER_READ);
    uint8_t flip = (uint8_t)mp_obj_get_int_truncated(flip_in);
    const ti_io *io = ti_edges(m);
    const ti_tensor *t = &m->tensors[io->tensor];
    if (m->header->n_inputs == 0 || !io->stream || data.len % t->row_bytes) {
        raise_value_error(MP_ERROR_TEXT("feed() takes whole rows of a streamed input"));
    }
    if (data.len > (size_t)(t->rows - m->fed) * t->row_bytes) {
        raise_value_error(MP_ERROR_TEXT("feed() got too many rows"));
    }
    int progress = TI_WAITS;
    for (size_t at = 0; at < data.len; at += t->row_bytes) {
        progress = ti_feed(m, (const uint8_t *)data.buf + at, flip);
        if (progress == TI_MORE) {
            raise_value_error(MP_ERROR_TEXT("feed() got too many rows"));
        }
    }
    return boolean(progress == TI_DONE);
}
#endif

static mp_obj_t engine_op(mp_obj_t self_in) {
    return MP_OBJ_NEW_SMALL_INT(ti_next_op(&get_engine(self_in)->model));
}

static mp_obj_t engine_restart(mp_obj_t self_in) {
    ti_restart(&get_engine(self_in)->model);
    return none();
}

static mp_obj_t engine_reset(mp_obj_t self_in) {
    ti_model *m = &get_engine(self_in)->model;
    ti_reset(m);
    return none();
}

#if TI_HAS(SELFTEST)
static mp_obj_t engine_fill(mp_obj_t self_in, mp_obj_t seed) {
    ti_fill_inputs(&get_engine(self_in)->model, (uint16_t)mp_obj_get_int_truncated(seed));
    return none();
}

static mp_obj_t engine_selftest(mp_obj_t self_in) {
    engine_t *self = get_engine(self_in);
    mp_buffer_info_t crc = get_buffer(new_bytearray(self->model.header->n_ops * sizeof(uint32_t)), MP_BUFFER_RW);
    int32_t op = ti_selftest(&self->model, crc.buf);
    return MP_OBJ_NEW_SMALL_INT(op);
}
#endif

static mp_obj_t engine_busy(mp_obj_t self_in) {
    return boolean(ti_is_busy(&get_engine(self_in)->model));
}

static mp_obj_t engine_write(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const ti_model *m = &get_engine(args[0])->model;
    mp_uint_t index = mp_obj_get_int_truncated(args[1]);
    mp_buffer_info_t data = get_bytes(args[2], MP_BUFFER_READ);
    uint8_t flip = (uint8_t)mp_obj_get_int_truncated(args[3]);
    const ti_tensor *t = &m->tensors[index < m->header->n_tensors ? index : 0];
    if (index >= m->header->n_tensors || t->space == TI_BLOB || data.len > t->ring * t->row_bytes) {
        raise_value_error(MP_ERROR_TEXT("a write outside a tensor"));
    }
    uint8_t *to = ti_memory(m, t);
    memmove(to, data.buf, data.len);  /* which may be another tensor's memory */
    for (size_t i = 0; i < data.len; i++) {
        to[i] ^= flip;
    }
    return none();
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(engine_write_obj, 4, 4, engine_write);

static mp_obj_t engine_pool(mp_obj_t self_in) {
    return get_engine(self_in)->pool;
}

static mp_obj_t engine_state(mp_obj_t self_in) {
    return get_engine(self_in)->state;
}

static mp_obj_t module_check(mp_obj_t blob) {
    return mp_obj_new_int_from_uint(((const ti_header *)get_checked_blob(blob, 0).buf)->pool_bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(module_check_obj, module_check);

#if TI_HAS(SEGMENTS)
static mp_obj_t module_checksum(mp_obj_t sum, mp_obj_t data_in) {
    mp_buffer_info_t data = get_bytes(data_in, MP_BUFFER_READ);
    if (((uintptr_t)data.buf | data.len) % 4) {
        raise_value_error(MP_ERROR_TEXT("not whole words"));
    }
    return mp_obj_new_int_from_uint(ti_checksum((uint32_t)mp_obj_get_int_truncated(sum), data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_2(module_checksum_obj, module_checksum);
#endif

/* The names are spelled out: mpy_ld collects a native .mpy's qstrs from the unpreprocessed source. */
#if TI_HAS(FEED)
#define FEED_METHODS(METHOD) METHOD(MP_QSTR_feed, engine_feed, 3)
#else
#define FEED_METHODS(METHOD)
#endif
#if TI_HAS(REOPEN)
#define REOPEN_METHODS(METHOD) METHOD(MP_QSTR_reopen, engine_reopen, 1)
#else
#define REOPEN_METHODS(METHOD)
#endif
#if TI_HAS(SELFTEST)
#define SELFTEST_METHODS(METHOD) METHOD(MP_QSTR_fill, engine_fill, 2) METHOD(MP_QSTR_selftest, engine_selftest, 1)
#else
#define SELFTEST_METHODS(METHOD)
#endif
#define ENGINE_METHODS(METHOD)                   \
    FEED_METHODS(METHOD)                         \
    SELFTEST_METHODS(METHOD)                     \
    METHOD(MP_QSTR_run, engine_run, 1)           \
    METHOD(MP_QSTR_step, engine_step, 2)         \
    METHOD(MP_QSTR_op, engine_op, 1)             \
    REOPEN_METHODS(METHOD)                       \
    METHOD(MP_QSTR_restart, engine_restart, 1)   \
    METHOD(MP_QSTR_reset, engine_reset, 1)       \
    METHOD(MP_QSTR_busy, engine_busy, 1)         \
    METHOD(MP_QSTR_state, engine_state, 1)       \
    METHOD(MP_QSTR_pool, engine_pool, 1)

#define INDEX(name, function, n_args) INDEX_OF_##function,
enum { ENGINE_METHODS(INDEX) ENGINE_METHOD_COUNT };  /* and write(), which has more arguments */

#define FUNCTION(name, function, n_args) {{&mp_type_fun_builtin_##n_args}, {._##n_args = function}},
static const mp_obj_fun_builtin_fixed_t engine_methods[] = {ENGINE_METHODS(FUNCTION)};

#if MICROPY_ENABLE_DYNRUNTIME

mp_map_elem_t tinyinfer_engine_locals_table[ENGINE_METHOD_COUNT + 1];
static MP_DEFINE_CONST_DICT(engine_locals, tinyinfer_engine_locals_table);

mp_obj_t mpy_init(mp_obj_fun_bc_t *self, size_t n_args, size_t n_kw, mp_obj_t *args) {
    MP_DYNRUNTIME_INIT_ENTRY

    tinyinfer_type_error = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_TypeError));
    tinyinfer_value_error = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_ValueError));
    tinyinfer_bytearray = MP_OBJ_TO_PTR(mp_load_global(MP_QSTR_bytearray));

#define NAME(name, function, n_args) name,
    const uint16_t names[] = {ENGINE_METHODS(NAME)};
    mp_map_elem_t *entry = tinyinfer_engine_locals_table;
    for (size_t i = 0; i < ENGINE_METHOD_COUNT; i++, entry++) {
        entry->key = MP_OBJ_NEW_QSTR(names[i]);
        entry->value = MP_OBJ_FROM_PTR(&engine_methods[i]);
    }
    entry->key = MP_OBJ_NEW_QSTR(MP_QSTR_write);
    entry->value = MP_OBJ_FROM_PTR(&engine_write_obj);
    tinyinfer_engine_type.base.type = &mp_type_type;
    tinyinfer_engine_type.name = MP_QSTR_Engine;
    MP_OBJ_TYPE_SET_SLOT(&tinyinfer_engine_type, make_new, engine_make_new, 0);
    MP_OBJ_TYPE_SET_SLOT(&tinyinfer_engine_type, locals_dict, (void *)&engine_locals, 1);

    mp_store_global(MP_QSTR_Engine, MP_OBJ_FROM_PTR(&tinyinfer_engine_type));
    mp_store_global(MP_QSTR_check, MP_OBJ_FROM_PTR(&module_check_obj));
#if TI_HAS(SEGMENTS)
    mp_store_global(MP_QSTR_checksum, MP_OBJ_FROM_PTR(&module_checksum_obj));
#endif
    mp_store_global(MP_QSTR_BACKEND, mp_obj_new_str(BACKEND, sizeof(BACKEND) - 1));

    MP_DYNRUNTIME_INIT_EXIT
}

#else

#define ENTRY(name, function, n_args) {MP_ROM_QSTR(name), MP_ROM_PTR(&engine_methods[INDEX_OF_##function])},
static const mp_rom_map_elem_t engine_locals_table[] = {
    ENGINE_METHODS(ENTRY)
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&engine_write_obj)},
};
static MP_DEFINE_CONST_DICT(engine_locals, engine_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(tinyinfer_engine_type, MP_QSTR_Engine, MP_TYPE_FLAG_NONE, make_new, engine_make_new,
    locals_dict, &engine_locals);

static MP_DEFINE_STR_OBJ(backend_obj, BACKEND);

static const mp_rom_map_elem_t module_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__tinyinfer)},
    {MP_ROM_QSTR(MP_QSTR_Engine), MP_ROM_PTR(&tinyinfer_engine_type)},
    {MP_ROM_QSTR(MP_QSTR_check), MP_ROM_PTR(&module_check_obj)},
#if TI_HAS(SEGMENTS)
    {MP_ROM_QSTR(MP_QSTR_checksum), MP_ROM_PTR(&module_checksum_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_BACKEND), MP_ROM_PTR(&backend_obj)},
};
static MP_DEFINE_CONST_DICT(module_globals, module_globals_table);

const mp_obj_module_t tinyinfer_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&module_globals,
};
MP_REGISTER_MODULE(MP_QSTR__tinyinfer, tinyinfer_module);

#endif
