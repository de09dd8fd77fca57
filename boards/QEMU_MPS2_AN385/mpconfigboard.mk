include boards/MPS2_AN385/mpconfigboard.mk
include $(BOARD_DIR)/../qemu/fat.mk
