/* What the core and the compiler call of a C library, for a target that has none. */
#include <string.h>

/* volatile: otherwise the compiler makes calls of these functions of their loops. */
void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    volatile unsigned char *t = to;
    const unsigned char *f = from;
    for (size_t i = 0; i < n; i++) {
        t[i] = f[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    volatile unsigned char *t = to;
    const unsigned char *f = from;
    if (t < f) {
        for (size_t i = 0; i < n; i++) {
            t[i] = f[i];
        }
    } else {
        while (n--) {
            t[n] = f[n];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t n) {
    volatile unsigned char *t = to;
    while (n--) {
        *t++ = (unsigned char)value;
    }
    return to;
}

size_t strlen(const char *text) {
    const volatile char *end = text;
    while (*end) {
        end++;
    }
    return (size_t)(end - text);
}
