// MicroPython's own board, with a ROMFS: see partitions.csv.
#include "boards/ESP32_GENERIC_S3/mpconfigboard.h"

#define MICROPY_VFS_ROM (1)
