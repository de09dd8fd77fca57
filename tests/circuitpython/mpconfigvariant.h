// MicroPython's unix port with what a full build of CircuitPython 10 has, as its py/circuitpy_mpconfig.h says, and nothing
// that it has not: no uctypes, no machine, no native code, no ROMFS, no littlefs, no clock in microseconds (time.py beside
// this stands for its time module). 32 bits, and floats that lose their last two bits to the tag of the object.

#define MICROPY_CONFIG_ROM_LEVEL                (MICROPY_CONFIG_ROM_LEVEL_CORE_FEATURES)

#include <stdint.h>
#define MICROPY_OBJ_REPR                        (MICROPY_OBJ_REPR_C)
typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
#define UINT_FMT "%u"
#define INT_FMT "%d"
#define MICROPY_FLOAT_IMPL                      (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_LONGINT_IMPL                    (MICROPY_LONGINT_IMPL_MPZ)

#define MICROPY_EMIT_X86                        (0)
#define MICROPY_PERSISTENT_CODE_LOAD            (1)
#define MICROPY_ENABLE_SOURCE_LINE              (1)
#define MICROPY_ENABLE_DOC_STRING               (0)
#define MICROPY_COMP_TRIPLE_TUPLE_ASSIGN        (0)
#define MICROPY_CAN_OVERRIDE_BUILTINS           (1)
#define MICROPY_MODULE_BUILTIN_INIT             (1)
#define MICROPY_NONSTANDARD_TYPECODES           (0)
#define MICROPY_BUILTIN_METHOD_CHECK_SELF_ARG   (1)
#define MICROPY_CPYTHON_COMPAT                  (1)
#define MICROPY_STREAMS_NON_BLOCK               (1)
#define MICROPY_STACK_CHECK                     (1)
#define MICROPY_KBD_EXCEPTION                   (1)
#define MICROPY_HELPER_REPL                     (1)

#define MICROPY_PY_ARRAY_SLICE_ASSIGN           (1)
#define MICROPY_PY_ATTRTUPLE                    (1)
#define MICROPY_PY_BUILTINS_BYTES_HEX           (1)
#define MICROPY_PY_BUILTINS_COMPLEX             (1)
#define MICROPY_PY_BUILTINS_FROZENSET           (1)
#define MICROPY_PY_BUILTINS_INPUT               (0)
#define MICROPY_PY_BUILTINS_MEMORYVIEW          (1)
#define MICROPY_PY_BUILTINS_NOTIMPLEMENTED      (1)
#define MICROPY_PY_BUILTINS_POW3                (1)
#define MICROPY_PY_BUILTINS_ROUND_INT           (1)
#define MICROPY_PY_BUILTINS_SLICE_ATTRS         (1)
#define MICROPY_PY_BUILTINS_SLICE_INDICES       (1)
#define MICROPY_PY_BUILTINS_STR_CENTER          (1)
#define MICROPY_PY_BUILTINS_STR_PARTITION       (1)
#define MICROPY_PY_BUILTINS_STR_SPLITLINES      (1)
#define MICROPY_PY_BUILTINS_STR_UNICODE         (1)
#define MICROPY_PY_ALL_SPECIAL_METHODS          (1)
#define MICROPY_PY_REVERSE_SPECIAL_METHODS      (1)
#define MICROPY_PY_DESCRIPTORS                  (1)
#define MICROPY_PY_FSTRINGS                     (1)
#define MICROPY_PY_FUNCTION_ATTRS               (1)
#define MICROPY_PY___FILE__                     (1)

#define MICROPY_PY_BINASCII                     (1)
#define MICROPY_PY_BINASCII_CRC32               (1)
#define MICROPY_PY_CMATH                        (0)
#define MICROPY_PY_ERRNO                        (1)
#define MICROPY_PY_IO                           (1)
#define MICROPY_PY_JSON                         (1)
#define MICROPY_PY_MATH                         (1)
#define MICROPY_PY_MICROPYTHON_MEM_INFO         (0)
#define MICROPY_PY_OS                           (1)
#define MICROPY_PY_OS_INCLUDEFILE               "ports/unix/modos.c"
#define MICROPY_PY_STRUCT                       (1)
#define MICROPY_PY_SYS_MAXSIZE                  (1)
#define MICROPY_PY_SYS_STDFILES                 (1)
#define MICROPY_PY_UCTYPES                      (0)
#define MICROPY_PY_MACHINE                      (0)

// For time.py.
#define MICROPY_PY_TIME                         (1)
#define MICROPY_PY_TIME_TIME_TIME_NS            (1)
#define MICROPY_PY_TIME_CUSTOM_SLEEP            (1)
#define MICROPY_PY_TIME_INCLUDEFILE             "ports/unix/modtime.c"
