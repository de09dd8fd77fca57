/* Elements of a row whose dtype is int8 or int16. */
#ifndef TI_ELEMENT_H
#define TI_ELEMENT_H

#include <stdint.h>

static inline int32_t ti_load(const void *row, uint32_t i, int is_int16) {
    return is_int16 ? ((const int16_t *)row)[i] : ((const int8_t *)row)[i];
}

static inline void ti_store(void *row, uint32_t i, int32_t value, int is_int16) {
    if (is_int16) {
        ((int16_t *)row)[i] = (int16_t)value;
    } else {
        ((int8_t *)row)[i] = (int8_t)value;
    }
}

#endif
