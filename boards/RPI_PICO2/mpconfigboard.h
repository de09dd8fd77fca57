// 4 MB of flash: 1 MB for the firmware as in MicroPython's own board, 1 MB of ROMFS, 2 MB of file system.
#include "boards/RPI_PICO2/mpconfigboard.h"

#define MICROPY_HW_ROMFS_BYTES (1024 * 1024)
#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES (PICO_FLASH_SIZE_BYTES - 2 * 1024 * 1024)
