# A Cortex-M33F with the DSP extension, the kind of core that the RP2350 has, which MicroPython has no board for.
QEMU_ARCH = arm
QEMU_MACHINE = mps2-an505

CFLAGS += -mthumb -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 -mfloat-abi=hard
AFLAGS += -mcpu=cortex-m33
CFLAGS += -DMICROPY_HW_MCU_NAME='"Cortex-M33F"'
CFLAGS += -DUART_ADDRESS=0x50200000

LDSCRIPT = $(BOARD_DIR)/an505.ld

vpath mps2_hard_float.c $(BOARD_DIR)/../qemu
SRC_BOARD_O = shared/runtime/gchelper_native.o shared/runtime/gchelper_thumb2.o mps2_hard_float.o
include $(BOARD_DIR)/../qemu/fat.mk
