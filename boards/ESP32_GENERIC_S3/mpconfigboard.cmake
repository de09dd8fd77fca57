# MicroPython's own board, with a ROMFS: see partitions.csv.
include(${CMAKE_CURRENT_LIST_DIR}/../esp32/esp32_board.cmake)
