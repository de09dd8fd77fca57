# What a board of ours takes over from the board of the same name in MicroPython's rp2 port.
set(BASE_BOARD_DIR ${MICROPY_PORT_DIR}/boards/${MICROPY_BOARD})
include(${BASE_BOARD_DIR}/mpconfigboard.cmake)
include(${BASE_BOARD_DIR}/mpconfigvariant.cmake OPTIONAL)
set(GEN_PINS_BOARD_CSV ${BASE_BOARD_DIR}/pins.csv)
set(GEN_PINS_CSV_ARG --board-csv ${GEN_PINS_BOARD_CSV})
