# Stands in for ESP-IDF, so that tests/test_esp32.py sees what MicroPython's esp32 port makes of a board and of the user
# module before ESP-IDF takes over. Nothing is compiled.
macro(project name)
    _project(${name} NONE)
    if(NOT IDF_TARGET)
        set(IDF_TARGET esp32)
    endif()
    set(MICROPY_DIR ${CMAKE_SOURCE_DIR}/../..)
    include(${MICROPY_DIR}/py/usermod.cmake)
    string(JOIN "\n" FOUND ${IDF_TARGET} ${SDKCONFIG_DEFAULTS} ${MICROPY_INC_USERMOD} ${MICROPY_SOURCE_USERMOD})
    file(WRITE ${CMAKE_BINARY_DIR}/found ${FOUND})
endmacro()
