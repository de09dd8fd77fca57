# What a board of ours takes over from the board of the same name in MicroPython's esp32 port, and the flash divided by the
# partitions.csv beside its mpconfigboard.cmake.
include(${CMAKE_SOURCE_DIR}/boards/${MICROPY_BOARD}/mpconfigboard.cmake)

# ESP-IDF looks for the table in the port's folder unless it has a whole path.
set(PARTITIONS_SDKCONFIG ${CMAKE_BINARY_DIR}/sdkconfig.partitions)
file(WRITE ${PARTITIONS_SDKCONFIG} "
CONFIG_PARTITION_TABLE_CUSTOM=y
CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"
")
list(APPEND SDKCONFIG_DEFAULTS ${PARTITIONS_SDKCONFIG})
