// System calls of Linux on Xtensa, and the few functions of a C library that MicroPython calls.
#include <stdint.h>
#include <string.h>

#include "system.h"

enum { OPEN = 8, CLOSE = 9, READ = 12, WRITE = 13, EXIT = 118 };

static int system_call(uint32_t number, uintptr_t first, uintptr_t second, uintptr_t third) {
    register uint32_t a2 __asm__("a2") = number;
    register uintptr_t a6 __asm__("a6") = first, a3 __asm__("a3") = second, a4 __asm__("a4") = third;
    __asm__ volatile ("syscall" : "+r"(a2) : "r"(a6), "r"(a3), "r"(a4) : "memory");
    return (int)a2;
}

int system_open(const char *path) {
    return system_call(OPEN, (uintptr_t)path, 0, 0);
}

int system_read(int fd, void *to, size_t n) {
    return system_call(READ, (uintptr_t)fd, (uintptr_t)to, n);
}

int system_write(int fd, const void *from, size_t n) {
    return system_call(WRITE, (uintptr_t)fd, (uintptr_t)from, n);
}

void system_close(int fd) {
    system_call(CLOSE, (uintptr_t)fd, 0, 0);
}

void system_exit(int status) {
    for (;;) {
        system_call(EXIT, (uintptr_t)status, 0, 0);
    }
}

void *memmove(void *to, const void *from, size_t n) {
    volatile uint8_t *t = to; // otherwise the compiler makes calls of these functions of their loops
    const uint8_t *f = from;
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

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    volatile uint8_t *t = to;
    const uint8_t *f = from;
    for (size_t i = 0; i < n; i++) {
        t[i] = f[i];
    }
    return to;
}

void *memset(void *to, int value, size_t n) {
    volatile uint8_t *t = to;
    while (n--) {
        *t++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n) {
    const volatile uint8_t *x = a, *y = b;
    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i]) {
            return x[i] - y[i];
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    const volatile char *end = text;
    while (*end) {
        end++;
    }
    return (size_t)(end - text);
}

int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n) {
    for (; n && *a && *a == *b; n--) {
        a++;
        b++;
    }
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

char *strchr(const char *text, int c) {
    for (;; text++) {
        if (*text == (char)c) {
            return (char *)text;
        }
        if (!*text) {
            return NULL;
        }
    }
}
