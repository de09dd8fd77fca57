// Enough to load a native .mpy and to run tests/micropython/serve.py. No floats: this compiler's library has none.
#include <stdint.h>
#include <alloca.h>

#define MICROPY_CONFIG_ROM_LEVEL        (MICROPY_CONFIG_ROM_LEVEL_CORE_FEATURES)
#define MICROPY_ENABLE_COMPILER         (1)
#define MICROPY_ENABLE_GC               (1)
#define MICROPY_ENABLE_EXTERNAL_IMPORT  (1)
#define MICROPY_PERSISTENT_CODE_LOAD    (1)
#define MICROPY_HAS_FILE_READER         (1)
#define MICROPY_LONGINT_IMPL            (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL              (MICROPY_FLOAT_IMPL_NONE)
#define MICROPY_ERROR_REPORTING         (MICROPY_ERROR_REPORTING_NORMAL)
#define MICROPY_ENABLE_SOURCE_LINE      (1)
#define MICROPY_HELPER_REPL             (0)
#define MICROPY_KBD_EXCEPTION           (0)

#define MICROPY_PY_SYS_STDFILES         (1)
#define MICROPY_PY_SYS_STDIO_BUFFER     (1)
#define MICROPY_PY_SYS_PLATFORM         "linux"
#define MICROPY_PY_BUILTINS_MEMORYVIEW  (1)
#define MICROPY_PY_BUILTINS_SLICE_ATTRS (1)
#define MICROPY_PY_ARRAY_SLICE_ASSIGN   (1)
#define MICROPY_PY_STRUCT               (1)
#define MICROPY_PY_IO                   (0)

#if defined(__XTENSA_CALL0_ABI__)
#define MICROPY_EMIT_XTENSA             (1)
#else
#define MICROPY_EMIT_XTENSAWIN          (1)
#define MICROPY_NLR_SETJMP              (1)
#endif

typedef intptr_t mp_int_t;
typedef uintptr_t mp_uint_t;
typedef long mp_off_t;

#define MICROPY_HW_BOARD_NAME "qemu-xtensa"
#define MICROPY_HW_MCU_NAME "Xtensa"
#define MP_STATE_PORT MP_STATE_VM
