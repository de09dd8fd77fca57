// Linux, as far as it is needed.
#include <stddef.h>

int system_open(const char *path);
int system_read(int fd, void *to, size_t n);
int system_write(int fd, const void *from, size_t n);
void system_close(int fd);
_Noreturn void system_exit(int status);
