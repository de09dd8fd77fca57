# MicroPython's own board, with a ROMFS: see mpconfigboard.h.
include(${CMAKE_CURRENT_LIST_DIR}/../rp2/rp2_board.cmake)
