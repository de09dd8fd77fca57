# A FAT file system, so that files can be put on the board; MicroPython's port has none that can be written.
MICROPY_VFS_FAT = 1
CFLAGS += -DMICROPY_FATFS_ENABLE_LFN=1 -DMICROPY_FATFS_RPATH=2 -DMICROPY_FATFS_NORTC=1
SRC_C += shared/timeutils/timeutils.c
