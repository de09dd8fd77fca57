// 2 MB of flash: 640 KB for the firmware as in MicroPython's own board, 512 KB of ROMFS, 896 KB of file system.
#include "boards/RPI_PICO/mpconfigboard.h"

#define MICROPY_HW_ROMFS_BYTES (512 * 1024)
#undef MICROPY_HW_FLASH_STORAGE_BYTES
#define MICROPY_HW_FLASH_STORAGE_BYTES (896 * 1024)
