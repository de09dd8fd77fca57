# MicroPython's own board, which can hold native code here as other boards can.
include boards/MICROBIT/mpconfigboard.mk
CFLAGS += -DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0 -DMICROPY_EMIT_INLINE_THUMB=0
include $(BOARD_DIR)/../qemu/fat.mk
