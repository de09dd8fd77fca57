# A Cortex-M4F, which MicroPython has no board for.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an386

CFLAGS += -mthumb -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M4F"'
CFLAGS += -DUART_ADDRESS=0x40004000

LDSCRIPT = mcu/arm/mps2.ld

vpath mps2_hard_float.c $(BOARD_DIR)/../qemu
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o mps2_hard_float.o
include $(BOARD_DIR)/../qemu/fat.mk
