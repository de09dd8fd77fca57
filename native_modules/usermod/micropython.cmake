# tinyinfer as a user C module, for ports built with CMake:
#     USER_C_MODULES=/path/to/native_modules/usermod/micropython.cmake
# TINYINFER_ONLY="CONV2D SOFTMAX PAIRS …": with nothing but these kernels and parts (../core/ti_parts.h), where it is given.

get_filename_component(TINYINFER_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
file(GLOB TINYINFER_CORE CONFIGURE_DEPENDS ${TINYINFER_DIR}/core/*.c ${TINYINFER_DIR}/core/kernels/*.c)
list(FILTER TINYINFER_CORE EXCLUDE REGEX "/ti_guard\\.c$")

add_library(usermod_tinyinfer INTERFACE)
target_sources(usermod_tinyinfer INTERFACE ${TINYINFER_DIR}/binding/tinyinfer_module.c ${TINYINFER_CORE})
target_include_directories(usermod_tinyinfer INTERFACE ${TINYINFER_DIR}/core)
if(TINYINFER_ONLY)
    string(REGEX REPLACE "([A-Z0-9_]+)[ ;]*" "HAS(\\1)" TINYINFER_NAMES "${TINYINFER_ONLY}")
    target_compile_options(usermod_tinyinfer INTERFACE "-DTI_ONLY(HAS)=${TINYINFER_NAMES}")
endif()
target_link_libraries(usermod INTERFACE usermod_tinyinfer)
