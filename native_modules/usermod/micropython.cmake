# tinyinfer as a user C module, for ports built with CMake:
#     USER_C_MODULES=/path/to/native_modules/usermod/micropython.cmake

get_filename_component(TINYINFER_DIR ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
file(GLOB TINYINFER_CORE CONFIGURE_DEPENDS ${TINYINFER_DIR}/core/*.c ${TINYINFER_DIR}/core/kernels/*.c)

add_library(usermod_tinyinfer INTERFACE)
target_sources(usermod_tinyinfer INTERFACE ${TINYINFER_DIR}/binding/tinyinfer_module.c ${TINYINFER_CORE})
target_include_directories(usermod_tinyinfer INTERFACE ${TINYINFER_DIR}/core)
target_link_libraries(usermod INTERFACE usermod_tinyinfer)
