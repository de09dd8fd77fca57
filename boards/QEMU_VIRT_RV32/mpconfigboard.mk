# MicroPython's own board, with an instruction set that Debian's compiler has libraries for: before version 2.0 of the
# specification the instructions for control registers were part of every core.
RV32_ARCH = rv32imac
AFLAGS += -misa-spec=2.2
include boards/VIRT_RV32/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/fat.mk
